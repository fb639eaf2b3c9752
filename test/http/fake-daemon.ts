import { kinds } from '../../src/kinds/kinds.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { createLog, type Log } from '../../src/lib/log.ts';
import type { Plan, Summary } from '../../src/plan/change.ts';
import { summaryKeys } from '../../src/plan/change.ts';
import { buildDrift } from '../../src/plan/drift.ts';
import type { Daemon, Outcome, RunStart, SourceStatus } from '../../src/reconcile/status.ts';

/** A daemon whose runs end when the test says so. */
export class FakeDaemon implements Daemon {
  readonly requests: (string | undefined)[] = [];
  readonly hints: string[] = [];
  /** Awaited before a plan is answered. */
  gate: Promise<void> = Promise.resolve();
  readonly #starters = new Set<(start: RunStart) => void>();
  readonly #statuses = new Map<string, SourceStatus>();
  readonly #listeners = new Set<(status: SourceStatus) => void>();

  constructor(...names: string[]) {
    for (const name of names) {
      this.#statuses.set(name, {
        name,
        location: `/srv/${name}`,
        outcome: 'pending',
        message: 'no run has ended yet',
        since: '2026-01-01T00:00:00.000Z',
        ready: false,
        requests: [],
        failures: 0,
      });
    }
  }

  get listening(): number {
    return this.#listeners.size + this.#starters.size;
  }

  status(): readonly SourceStatus[] {
    return [...this.#statuses.values()];
  }

  hint(source: string): void {
    this.hints.push(source);
  }

  request(source?: string): string {
    if (source !== undefined && !this.#statuses.has(source)) {
      throw new PlumblineError('SOURCE_UNKNOWN', `there is no source ${source}`, { hint: 'look' });
    }
    this.requests.push(source);
    return `request-${this.requests.length}`;
  }

  /** Answers when the gate opens. */
  async plan(source: string): Promise<Plan> {
    await this.gate;
    return buildDrift({ source, revision: '', live: [], owned: [], kinds });
  }

  drift(source: string): Promise<Plan> {
    return this.plan(source);
  }

  async approve(plan: string): Promise<never> {
    throw new PlumblineError('PLAN_UNKNOWN', `there is no plan ${plan} now`);
  }

  async recall(): Promise<undefined> {
    return undefined;
  }

  onStart(listener: (start: RunStart) => void): () => void {
    this.#starters.add(listener);
    return () => this.#starters.delete(listener);
  }

  onRun(listener: (status: SourceStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begin(source: string): void {
    const at = '2026-01-01T00:00:00.000Z';
    for (const listener of this.#starters) listener({ source, trigger: 'interval', at });
  }

  /** Ends a run; a run that was complete makes its source ready for good. */
  end(name: string, outcome: Outcome, counts: Partial<Summary> = {}, errors = 0): void {
    const before = this.#statuses.get(name) as SourceStatus;
    const zero = Object.fromEntries(summaryKeys.map((key) => [key, 0])) as Summary;
    const after: SourceStatus = {
      ...before,
      outcome,
      message: `the run ended ${outcome}`,
      ready: before.ready || outcome === 'converged',
      lastRun: {
        id: 'run-1',
        trigger: 'start',
        startedAt: '2026-01-01T00:00:00.000Z',
        milliseconds: 1500,
        summary: { ...zero, ...counts },
        errors,
        work: { filesListed: 3, filesRead: 2, transactions: 4, statements: 60, rows: 10 },
      },
    };
    this.#statuses.set(name, after);
    for (const listener of this.#listeners) listener(after);
  }
}

export interface KeptLog {
  readonly log: Log;
  readonly lines: string[];
}

/** A log whose lines the test can read. */
export function keptLog(): KeptLog {
  const lines: string[] = [];
  const stream = {
    isTTY: false,
    writableLength: 0,
    write: (text: string) => lines.push(text),
    on: () => undefined,
  };
  return { log: createLog({ level: 'debug', format: 'json', stream }), lines };
}
