import { randomUUID } from 'node:crypto';
import { digestOf } from '../lib/digest.ts';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { planId } from '../plan/build.ts';
import type { ChangeResult, Plan } from '../plan/change.ts';
import { owesEffect } from '../store/effects.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState, writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { keepBooks } from './books.ts';
import { stageRun } from './entries.ts';
import { execute } from './execute.ts';
import { type Desired, judge, readDesired } from './judge.ts';
import { readLive } from './live.ts';
import { emptySummary, judgeOutcome, type RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import { runStopped, type SourceRun } from './run.ts';
import { secretsMoved } from './secrets.ts';
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
  const run = newRun(ports, target, occasion);
  const result = async (): Promise<Omit<RunResult, 'milliseconds'>> => {
    try {
      const known = await settledState(ports, target, occasion, signal);
      if (known !== undefined) return await recordUnchanged(ports, target, run, known);
      const desired = await readDesired(ports, target, signal);
      run.revision = desired.revision;
      const state = await readLive(ports.database, ports.brokers, target.account, run.source);
      const plan = judge(ports, target, desired, state);
      failpoint('plan.built');
      const outcomes = await execute(ports, plan, run, signal);
      await keepBooks(ports, plan.bookkeeping, run);
      failpoint('books.kept');
      return await verifyAndRecord(ports, target, run, desired, plan, outcomes, signal.aborted);
    } catch (error) {
      if (signal.aborted) return failed(run, runStopped(error));
      return await recordFailure(ports, run, asPlumblineError(error));
    }
  };
  const finished = await result();
  return { ...finished, milliseconds: Math.round(ports.clock.monotonic() - run.startedMs) };
}

function newRun(ports: Ports, target: Target, occasion: Occasion): SourceRun {
  return {
    id: randomUUID(),
    trigger: occasion.trigger,
    actor: occasion.actor,
    source: target.source.name,
    startedAt: ports.clock.now().toISOString(),
    startedMs: ports.clock.monotonic(),
    revision: '',
  };
}

/** What a run's result depends on besides the files and the records. */
function policyDigest(ports: Ports, target: Target): string {
  return digestOf([ports.version, target.account, target.policy]);
}

/**
 * The state the last run left, when nothing has moved since: not the revision, not one record, not
 * the policy, not the value of a secret. Then there is nothing to fetch, parse, read or compare.
 */
async function settledState(
  ports: Ports,
  target: Target,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  const { state, counter, owes } = await ports.database.read(async (query) => ({
    state: await readSourceState(query, target.source.name),
    counter: await readLiveCounter(query),
    owes: await owesEffect(query, target.source.name),
  }));
  if (owes) return undefined;
  if (state === undefined || !occasion.settled.includes(state.outcome)) return undefined;
  if (state.liveCounter !== counter) return undefined;
  if (state.policyDigest !== policyDigest(ports, target)) return undefined;
  if (await secretsMoved(ports, target)) return undefined;
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
    left: 0,
    bookkeeping: [],
  };
  if (run.trigger === 'command')
    await ports.database.write(async (query) => {
      const unit = new UnitOfWork();
      stageRun(ports, unit, run, state.outcome, 'nothing has moved');
      await unit.flush(query);
    });
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    settled: true,
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
  stopped: boolean,
): Promise<Omit<RunResult, 'milliseconds'>> {
  const state = await readLive(ports.database, ports.brokers, target.account, run.source);
  const again = judge(ports, target, desired, state);
  failpoint('verify.read');
  const remaining = again.changes.filter(isExecutable).length;
  const { outcome, message } = judgeOutcome(plan, outcomes, remaining, again.left, stopped);
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
    stageRun(ports, unit, run, outcome, message);
    await unit.flush(query);
    failpoint('run.before-mark');
  });
  failpoint('run.marked');
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    settled: false,
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

async function recordFailure(
  ports: Ports,
  run: SourceRun,
  error: PlumblineError,
): Promise<Omit<RunResult, 'milliseconds'>> {
  const result = failed(run, error);
  await rememberFailure(ports, run, result.outcome, error).catch((second) =>
    ports.log.warn({ err: second }, 'a failed run could not be journalled'),
  );
  return result;
}

const failureOutcome = { backoff: 'retrying', never: 'stalled', person: 'held' } as const;

function failed(run: SourceRun, error: PlumblineError): Omit<RunResult, 'milliseconds'> {
  return {
    id: run.id,
    source: run.source,
    trigger: run.trigger,
    startedAt: run.startedAt,
    settled: false,
    revision: run.revision === '' ? undefined : run.revision,
    outcome: failureOutcome[error.retry],
    message: error.message,
    plan: undefined,
    outcomes: [],
    summary: emptySummary,
    problems: [],
    error,
  };
}

/**
 * Remembers why a run could not go on, so that `status` tells it. The same failure over and over, as a
 * source that is away for a night gives, is remembered and journalled once.
 */
async function rememberFailure(
  ports: Ports,
  run: SourceRun,
  outcome: RunResult['outcome'],
  error: PlumblineError,
): Promise<void> {
  await ports.database.write(async (query) => {
    const last = await readSourceState(query, run.source);
    const known = last?.outcome === outcome && last.message === error.message;
    if (known && run.trigger !== 'command') return;
    const unit = new UnitOfWork();
    await writeSourceState(query, {
      ...(last ?? {
        name: run.source,
        revision: '',
        policyDigest: '',
        liveCounter: -1,
        records: 0,
      }),
      // What failed is never taken for settled, also where the source goes back to the revision before.
      policyDigest: '',
      outcome,
      message: error.message,
      updatedAt: ports.clock.now().toISOString(),
    });
    stageRun(ports, unit, run, outcome, `${error.code}: ${error.message}`);
    await unit.flush(query);
    failpoint('failure.remembered');
  });
}
