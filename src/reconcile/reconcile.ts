import { randomUUID } from 'node:crypto';
import { digestOf } from '../lib/digest.ts';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { planId } from '../plan/build.ts';
import type { Bookkeeping, ChangeResult, Plan } from '../plan/change.ts';
import { buildDrift } from '../plan/drift.ts';
import { markOrphaned, removeInventory, stageInventory } from '../store/inventory.ts';
import { stageEntry } from '../store/journal.ts';
import { keepingCounters, readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState, writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { execute, type Run } from './execute.ts';
import { type Desired, judge, readDesired } from './judge.ts';
import { type LiveState, readLive } from './live.ts';
import { emptySummary, judgeOutcome, type RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import type { Trigger } from './status.ts';
import { isExecutable } from './steps.ts';

/** Why a run starts, and whether an unsettled end of the one before is known well enough to be left. */
export interface Occasion {
  readonly trigger: Trigger;
  readonly actor: string;
  /** Outcomes of the last run that make another look pointless while nothing has moved. */
  readonly settled: readonly string[];
}

/**
 * One run over one source: look whether anything moved, fetch, load, judge, execute, verify, record.
 * It never throws for what it meets on the way: a source that cannot be read is a result with an
 * error, and the records stay as they are.
 */
export async function reconcile(
  ports: Ports,
  target: Target,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<RunResult> {
  const started = ports.clock.monotonic();
  const run = newRun(ports, target, occasion);
  const result = async (): Promise<Omit<RunResult, 'milliseconds'>> => {
    try {
      const known = await settledState(ports, target, occasion, signal);
      if (known !== undefined) return await recordUnchanged(ports, target, run, known);
      const desired = await readDesired(ports, target, signal);
      run.revision = desired.revision;
      const state = await readLive(ports.database, ports.brokers, target.account, run.source);
      const plan = judge(ports, target, desired, state);
      const outcomes = await execute(ports, plan, run, signal);
      await keepBooks(ports, plan.bookkeeping, run);
      return await verifyAndRecord(ports, target, run, desired, plan, outcomes);
    } catch (error) {
      return await recordFailure(ports, target, run, asPlumblineError(error), signal);
    }
  };
  const finished = await result();
  return { ...finished, milliseconds: Math.round(ports.clock.monotonic() - started) };
}

interface SourceRun extends Run {
  readonly source: string;
  readonly trigger: Trigger;
  readonly startedAt: string;
  revision: string;
}

function newRun(ports: Ports, target: Target, occasion: Occasion): SourceRun {
  return {
    id: randomUUID(),
    trigger: occasion.trigger,
    actor: occasion.actor,
    source: target.source.name,
    startedAt: ports.clock.now().toISOString(),
    revision: '',
  };
}

/** What a run's result depends on besides the files and the records. */
function policyDigest(ports: Ports, target: Target): string {
  return digestOf([ports.version, target.account, target.policy]);
}

/**
 * The state the last run left, when nothing has moved since: not the revision, not one record, not
 * the policy. Then there is nothing to fetch, parse, read or compare.
 */
async function settledState(
  ports: Ports,
  target: Target,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  const { state, counter } = await ports.database.read(async (query) => ({
    state: await readSourceState(query, target.source.name),
    counter: await readLiveCounter(query),
  }));
  if (state === undefined || !occasion.settled.includes(state.outcome)) return undefined;
  if (state.liveCounter !== counter) return undefined;
  if (state.policyDigest !== policyDigest(ports, target)) return undefined;
  const revision = await target.source.revision(signal);
  return revision === state.revision ? state : undefined;
}

async function recordUnchanged(
  ports: Ports,
  target: Target,
  run: SourceRun,
  state: SourceState,
): Promise<Omit<RunResult, 'milliseconds'>> {
  run.revision = state.revision;
  const plan: Plan = {
    source: run.source,
    revision: state.revision,
    id: planId([run.source, state.revision, ports.version, target.policy], []),
    summary: { ...emptySummary, unchanged: state.records },
    changes: [],
    problems: [],
    bookkeeping: [],
  };
  if (run.trigger === 'command') await journalRun(ports, run, state.outcome, 'nothing has moved');
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    revision: state.revision,
    outcome: state.outcome as RunResult['outcome'],
    message: state.outcome === 'converged' ? 'nothing has moved' : state.message,
    plan,
    outcomes: [],
    summary: plan.summary,
    problems: [],
    error: undefined,
  };
}

/** Reads what was written and plans again: only an empty plan is convergence. */
async function verifyAndRecord(
  ports: Ports,
  target: Target,
  run: SourceRun,
  desired: Desired,
  plan: Plan,
  outcomes: readonly ChangeResult[],
): Promise<Omit<RunResult, 'milliseconds'>> {
  const state = await readLive(ports.database, ports.brokers, target.account, run.source);
  const again = judge(ports, target, desired, state);
  const remaining = again.changes.filter(isExecutable).length;
  const drifted = target.policy.drift === 'report' ? driftOf(ports, run, state) : 0;
  const { outcome, message } = judgeOutcome(plan, outcomes, remaining, drifted);
  const now = ports.clock.now().toISOString();
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    await writeSourceState(query, {
      name: target.source.name,
      revision: run.revision,
      policyDigest: policyDigest(ports, target),
      liveCounter: state.counter,
      outcome,
      message,
      records: state.owned.length,
      updatedAt: now,
    });
    stageRun(unit, run, outcome, message, now);
    await unit.flush(query);
  });
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    revision: run.revision,
    outcome,
    message,
    plan,
    outcomes,
    summary: plan.summary,
    problems: plan.problems,
    error: undefined,
  };
}

/** How many records differ from what was last applied, where drift is only told. */
function driftOf(ports: Ports, run: SourceRun, { live, owned }: LiveState): number {
  const { kinds } = ports.brokers;
  const drift = buildDrift({ source: run.source, revision: run.revision, live, owned, kinds });
  return drift.changes.length;
}

/** Inventory rows that follow although no record changes: a moved file, an orphan, a record that is gone. */
async function keepBooks(
  ports: Ports,
  books: readonly Bookkeeping[],
  run: SourceRun,
): Promise<void> {
  if (books.length === 0) return;
  const now = ports.clock.now().toISOString();
  await ports.database.write((query) =>
    keepingCounters(
      query,
      async () => {
        const unit = new UnitOfWork();
        for (const book of books) {
          if (book.kind === 'forget') removeInventory(unit, book.owned.key);
          else if (book.kind === 'orphan') markOrphaned(unit, book.owned.key);
          else
            stageInventory(unit, {
              ...book.desired.key,
              source: run.source,
              kind: book.desired.manifest.kind,
              file: book.desired.file,
              document: book.desired.document,
              line: book.desired.line,
              blob: book.desired.blob,
              digest: book.desired.digest,
              applied: JSON.stringify(book.desired.manifest),
              revision: run.revision,
              orphaned: false,
              appliedAt: now,
            });
        }
        await unit.flush(query);
      },
      run.source,
    ),
  );
}

async function recordFailure(
  ports: Ports,
  target: Target,
  run: SourceRun,
  error: PlumblineError,
  signal: AbortSignal,
): Promise<Omit<RunResult, 'milliseconds'>> {
  const outcome = error.retry === 'backoff' ? 'retrying' : 'stalled';
  if (!signal.aborted)
    await journalRun(ports, run, outcome, `${error.code}: ${error.message}`).catch((second) =>
      ports.log.warn({ err: second }, 'a failed run could not be journalled'),
    );
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    revision: run.revision === '' ? undefined : run.revision,
    outcome,
    message: error.message,
    plan: undefined,
    outcomes: [],
    summary: emptySummary,
    problems: [],
    error,
  };
}

async function journalRun(
  ports: Ports,
  run: SourceRun,
  outcome: string,
  message: string,
): Promise<void> {
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    stageRun(unit, run, outcome, message, ports.clock.now().toISOString());
    await unit.flush(query);
  });
}

function stageRun(
  unit: UnitOfWork,
  run: SourceRun,
  outcome: string,
  message: string,
  now: string,
): void {
  stageEntry(unit, {
    run: run.id,
    at: now,
    actor: run.actor,
    trigger: run.trigger,
    source: run.source,
    revision: run.revision,
    file: null,
    line: null,
    account: null,
    space: null,
    name: null,
    kind: null,
    verb: 'sync',
    outcome,
    before: null,
    after: null,
    beforeDigest: null,
    afterDigest: null,
    message,
    durationMs: Date.parse(now) - Date.parse(run.startedAt),
  });
}
