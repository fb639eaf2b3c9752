import { randomUUID } from 'node:crypto';
import type { ScheduledTask } from 'node-cron';
import { shared } from '../lib/shared.ts';
import { backoff } from '../lib/time.ts';
import type { Plan } from '../plan/change.ts';
import type { SnapshotFile } from '../source/source.ts';
import { nextTry } from '../store/effects.ts';
import { driftOf } from './drift.ts';
import { planTarget } from './judge.ts';
import { isBehind, type RunResult } from './outcome.ts';
import { followOverdue } from './overdue.ts';
import type { Ports, Target } from './ports.ts';
import { reconcile } from './reconcile.ts';
import { runStopped } from './run.ts';
import type { RunStart, SourceStatus, Trigger } from './status.ts';

type LastRun = NonNullable<SourceStatus['lastRun']>;

/** When a source is looked at without being asked. */
export interface Rhythm {
  /** Milliseconds of monotonic time from the end of one run to the start of the next. */
  readonly interval: number;
  /** A cron expression; a further occasion, not a replacement of the interval. */
  readonly schedule?: string;
}

/** Whoever wants to hear of the runs of a loop. */
export interface LoopListener {
  started(start: RunStart): void;
  finished(status: SourceStatus, result: RunResult): void;
}

/** Outcomes that stay what they are until something moves or comes due. */
const settled = ['converged', 'held', 'stalled', 'drifted', 'retrying'];

/** Answered requests that the status tells. */
const answeredKept = 100;

/**
 * From the end of a run to the start of one that a webhook asked for: a storm of pushes is a run or four a
 * second.
 */
const webhookPause = 250;
/** Whether another run soon can help. Endpoints that are behind are asked again without one. */
function isForTheLoop({ outcome, outcomes }: RunResult): boolean {
  const failed = outcomes.filter((it) => it.outcome === 'failed');
  return outcome === 'retrying' && (failed.length === 0 || !failed.every(isBehind));
}

/** Endpoints are asked again no sooner than after so many milliseconds. */
const shortestRetry = 250;

/** The longest that a timer can wait, in milliseconds; a longer one would fire at once. */
const longestSleep = 2 ** 31 - 1;

/**
 * The loop of one source. One run is in flight at a time; whatever asks meanwhile is folded into the
 * one that follows. Waiting is on monotonic time, so a clock that is set back or forward neither stops
 * nor floods it.
 */
export class SourceLoop {
  readonly #ports: Ports;
  readonly #target: Target;
  readonly #rhythm: Rhythm;
  readonly #location: string;
  readonly #heard: LoopListener;
  readonly #others: readonly string[];
  #status: SourceStatus;
  #failures = 0;
  /** When the last run ended, in monotonic milliseconds. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #pending: Trigger | undefined = 'start';
  #requests: string[] = [];
  #wake: AbortController | undefined;
  #cron: ScheduledTask | undefined;
  /** Fires when the loop is to end. */
  readonly #end = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  /** What a run would do now. It waits for a run that is under way; who asks meanwhile gets the same answer. */
  readonly plan: () => Promise<Plan>;
  /** How the records differ from what was last applied. */
  readonly drift: () => Promise<Plan>;

  /** `others` are the sources of the process that have loops of their own. */
  constructor(
    ports: Ports,
    target: Target,
    rhythm: Rhythm,
    location: string,
    heard: LoopListener,
    others: readonly string[] = [],
  ) {
    this.#others = others;
    this.#ports = ports;
    this.#target = target;
    this.#rhythm = rhythm;
    this.#location = location;
    this.#heard = heard;
    this.plan = shared(() => this.#inTurn(() => this.#planned()));
    this.drift = shared(() => driftOf(ports, target.account, target.source.name));
    this.#status = {
      name: target.source.name,
      location,
      outcome: 'pending',
      message: 'not looked at yet',
      since: ports.clock.now().toISOString(),
      ready: false,
      requests: [],
      failures: 0,
    };
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** Asks for a run; returns the id that the status repeats when it is done. */
  request(id: string = randomUUID()): string {
    this.#requests.push(id);
    this.trigger('request');
    return id;
  }

  trigger(trigger: Trigger): void {
    this.#pending ??= trigger;
    this.#wake?.abort();
  }

  /** Runs until the signal fires; a run that is under way then ends first, within its own limits. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => {
      this.#end.abort();
      this.#wake?.abort();
    };
    signal.addEventListener('abort', stop);
    const { source } = this.#target;
    try {
      await this.#keepSchedule();
      await source.watch(() => this.trigger('file'));
      while (!signal.aborted) {
        const trigger = await this.#next(signal);
        if (trigger !== undefined) await this.#inTurn(() => this.#once(trigger, signal));
      }
    } finally {
      this.#end.abort();
      await this.#inTurn(async () => undefined);
      signal.removeEventListener('abort', stop);
      await this.#cron?.destroy();
      await source.close();
    }
  }

  /** The bytes of a file of the source, where it still has them. */
  recall(file: Pick<SnapshotFile, 'path' | 'blob'>): Promise<Uint8Array | undefined> {
    return this.#inTurn(() => this.#target.source.recall(file));
  }

  /** A source is asked by one at a time: by a run, or by a look at what a run would do. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #planned(): Promise<Plan> {
    const { signal } = this.#end;
    try {
      signal.throwIfAborted();
      return (await planTarget(this.#ports, this.#target, signal)).plan;
    } catch (error) {
      throw signal.aborted ? runStopped(error) : error;
    }
  }

  /** Waits for the next occasion; undefined when it is time to stop. */
  async #next(signal: AbortSignal): Promise<Trigger | undefined> {
    if (this.#pending === undefined) {
      // Whatever asks from here on wakes it, also while the delay is still being worked out.
      const wake = new AbortController();
      this.#wake = wake;
      const delay = await this.#delay();
      const due = new Date(this.#ports.clock.now().getTime() + delay).toISOString();
      this.#status = { ...this.#status, nextRunAt: due };
      if (!wake.signal.aborted && !signal.aborted)
        await this.#ports.clock.sleep(Math.min(delay, longestSleep), wake.signal);
      this.#wake = undefined;
    }
    if (this.#pending === 'webhook') {
      const pause = this.#endedAt + webhookPause - this.#ports.clock.monotonic();
      if (pause > 0) await this.#ports.clock.sleep(pause, signal);
    }
    if (signal.aborted) return undefined;
    const trigger = this.#pending ?? 'interval';
    this.#pending = undefined;
    return trigger;
  }

  /** Milliseconds to the next look: sooner after a failure, and where an endpoint is to be asked again. */
  async #delay(): Promise<number> {
    const { interval } = this.#rhythm;
    const usual =
      this.#failures > 0 ? Math.min(backoff(this.#failures), Math.max(interval, 1000)) : interval;
    const { database, clock } = this.#ports;
    // What was due before and was not tried is suspended.
    const seen = this.#status.lastRun?.startedAt ?? '';
    const due = await database
      .read((query) => nextTry(query, this.#others, seen))
      .catch(() => undefined);
    if (due === undefined) return usual;
    return Math.min(usual, Math.max(Date.parse(due) - clock.now().getTime(), shortestRetry));
  }

  async #keepSchedule(): Promise<void> {
    if (this.#rhythm.schedule === undefined) return;
    const { schedule } = await import('node-cron');
    this.#cron = schedule(this.#rhythm.schedule, () => this.trigger('schedule'), {
      logger: this.#cronLog(),
    });
  }

  /**
   * node-cron writes to the console by itself, a line for each tick that a clock set forward has
   * skipped. None of it is news: a missed tick is made up for by the interval.
   */
  #cronLog() {
    const { log } = this.#ports;
    const debug = (message: string | Error) => log.debug({ about: String(message) }, 'schedule');
    return { info: debug, warn: debug, error: debug, debug };
  }

  async #once(trigger: Trigger, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const requests = this.#requests;
    this.#requests = [];
    const occasion = {
      trigger,
      actor: 'plumbline',
      settled: this.#status.ready ? settled : [],
    };
    const at = this.#ports.clock.now().toISOString();
    this.#heard.started({ source: this.#target.source.name, trigger, at });
    const result = await reconcile(this.#ports, this.#target, occasion, signal);
    await followOverdue(this.#ports, result, this.#others, signal).catch((error) =>
      this.#ports.log.warn({ err: error }, 'endpoints that are behind could not be asked'),
    );
    this.#endedAt = this.#ports.clock.monotonic();
    if (signal.aborted && result.error !== undefined) return;
    this.#failures = isForTheLoop(result) ? this.#failures + 1 : 0;
    this.#status = this.#after(result, requests);
    this.#heard.finished(this.#status, result);
  }

  /**
   * What a run found. Where nothing has moved, the same files still have the same problems, and the same
   * changes wait.
   */
  #found(result: RunResult): Pick<LastRun, 'summary' | 'errors'> {
    const { lastRun } = this.#status;
    if (!result.settled || lastRun === undefined)
      return {
        summary: result.summary,
        errors: result.problems.filter((it) => it.severity === 'error').length,
      };
    const { held, blocked, invalid } = lastRun.summary;
    return { summary: { ...result.summary, held, blocked, invalid }, errors: lastRun.errors };
  }

  #after(result: RunResult, requests: readonly string[]): SourceStatus {
    const changed = result.outcome !== this.#status.outcome;
    const revision = result.revision ?? this.#status.revision;
    const held = result.settled ? this.#status.held : result.held;
    return {
      name: this.#status.name,
      location: this.#location,
      outcome: result.outcome,
      message: result.message,
      since: changed ? this.#ports.clock.now().toISOString() : this.#status.since,
      ready: this.#status.ready || result.error === undefined,
      ...(revision === undefined ? {} : { revision }),
      lastRun: {
        id: result.id,
        trigger: result.trigger,
        startedAt: result.startedAt,
        milliseconds: result.milliseconds,
        work: result.work,
        ...this.#found(result),
      },
      ...(held === undefined ? {} : { held }),
      requests: [...this.#status.requests, ...requests].slice(-answeredKept),
      failures: this.#failures,
    };
  }
}
