import { randomUUID } from 'node:crypto';
import { digestOf } from '../lib/digest.ts';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { planId } from '../plan/build.ts';
import type { Plan, Summary } from '../plan/change.ts';
import type { Suspension } from '../plan/control.ts';
import { suspensionText } from '../plan/suspension.ts';
import { basisOf } from '../plan/world.ts';
import { owesEffect } from '../store/effects.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState, writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { keepBooks, stageAuthor } from './books.ts';
import {
  isImpatient,
  type Orders,
  ordersDigest,
  readControl,
  readOrders,
  suspensionOfSource,
} from './control.ts';
import { type Ending, recordControl } from './control-record.ts';
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
      const now = ports.clock.now().toISOString();
      const orders = await ports.database.read((query) => readOrders(query, run.source, now));
      const suspended = suspensionOfSource(orders, run.source);
      if (suspended !== undefined) return await recordSuspended(ports, target, run, suspended);
      const known = await settledState(ports, target, occasion, { orders, now }, signal);
      if (known !== undefined) return await recordUnchanged(ports, target, run, known);
      const desired = await readDesired(ports, target, signal);
      run.revision = desired.revision;
      run.commit = desired.snapshot.commit;
      const live = await readLive(ports.database, ports.brokers, target.account, run.source);
      const state = await readControl(ports, target, run.trigger);
      const plan = judge(ports, target, desired, live, state.control);
      failpoint('plan.built');
      const outcomes = await execute(ports, plan, run, signal);
      await keepBooks(ports, plan.bookkeeping, run);
      failpoint('books.kept');
      const done = { state, plan, outcomes, stopped: signal.aborted };
      return await verifyAndRecord(ports, target, run, desired, done);
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
function policyDigest(ports: Ports, target: Target, orders: string): string {
  return digestOf([ports.version, target.account, target.policy, orders]);
}

/**
 * The state the last run left, when nothing has moved since: not the revision, not one record, not
 * the policy, not the value of a secret, not what people have told; and nothing has come due. Then
 * there is nothing to fetch, parse, read or compare.
 */
async function settledState(
  ports: Ports,
  target: Target,
  occasion: Occasion,
  { orders, now }: { readonly orders: Orders; readonly now: string },
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
  if (state.policyDigest !== policyDigest(ports, target, ordersDigest(orders))) return undefined;
  if (isDue(state, now, occasion.trigger)) return undefined;
  if (await secretsMoved(ports, target)) return undefined;
  const revision = await target.source.revision(signal);
  return revision === state.revision ? state : undefined;
}

/** Whether another look is worth while though nothing moved. A run that failed as a whole is tried again at once. */
function isDue({ outcome, lookAgainAt }: SourceState, now: string, trigger: Trigger): boolean {
  if (outcome === 'retrying' && (lookAgainAt === null || isImpatient(trigger))) return true;
  return lookAgainAt !== null && lookAgainAt <= now;
}

async function recordUnchanged(
  ports: Ports,
  target: Target,
  run: SourceRun,
  state: SourceState,
): Promise<Omit<RunResult, 'milliseconds'>> {
  run.revision = state.revision;
  const plan = emptyPlan(ports, target, run, { unchanged: state.records });
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

/** A plan without changes: nobody has looked for any. */
function emptyPlan(
  ports: Ports,
  { policy }: Target,
  { source, revision }: SourceRun,
  summary: Partial<Summary>,
): Plan {
  const basis = basisOf({ source, revision, toolVersion: ports.version, policy });
  return {
    source,
    revision,
    id: planId(basis, []),
    basis,
    summary: { ...emptySummary, ...summary },
    changes: [],
    problems: [],
    left: 0,
    bookkeeping: [],
  };
}

/** A suspended source is neither fetched nor compared; the state remembers why, once. */
async function recordSuspended(
  ports: Ports,
  target: Target,
  run: SourceRun,
  suspended: Suspension,
): Promise<Omit<RunResult, 'milliseconds'>> {
  const outcome = 'suspended';
  const message = `suspended ${suspensionText(suspended)}`;
  const last = await rememberUnread(ports, run, outcome, message, message);
  run.revision = last?.revision ?? '';
  const plan = { ...emptyPlan(ports, target, run, {}), suspended };
  return {
    id: run.id,
    source: run.source,
    trigger: run.trigger,
    startedAt: run.startedAt,
    settled: true,
    revision: run.revision === '' ? undefined : run.revision,
    outcome,
    message,
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
  done: Pick<Ending, 'state' | 'plan' | 'outcomes' | 'stopped'>,
): Promise<Omit<RunResult, 'milliseconds'>> {
  const { plan, outcomes, stopped } = done;
  const live = await readLive(ports.database, ports.brokers, target.account, run.source);
  const { control } = await readControl(ports, target, run.trigger);
  const again = judge(ports, target, desired, live, control);
  failpoint('verify.read');
  const remaining = again.changes.filter(isExecutable).length;
  const { outcome, message } = judgeOutcome(plan, outcomes, remaining, again.left, stopped);
  const now = ports.clock.now().toISOString();
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    const ending = { ...done, again, now };
    const { digest, lookAgainAt } = await recordControl(query, unit, target, run, ending);
    await writeSourceState(query, {
      name: target.source.name,
      revision: run.revision,
      policyDigest: policyDigest(ports, target, digest),
      liveCounter: live.counter,
      outcome,
      message,
      records: live.owned.length,
      updatedAt: now,
      lookAgainAt,
    });
    stageRun(ports, unit, run, outcome, message);
    stageAuthor(unit, run);
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

function rememberFailure(
  ports: Ports,
  run: SourceRun,
  outcome: RunResult['outcome'],
  error: PlumblineError,
): Promise<SourceState | undefined> {
  return rememberUnread(ports, run, outcome, error.message, `${error.code}: ${error.message}`);
}

/**
 * Remembers why a run has not looked at its source, so that `status` tells it, and gives back what was
 * remembered before. The same over and over, as a source that is away for a night gives, is remembered
 * and journalled once.
 */
async function rememberUnread(
  ports: Ports,
  run: SourceRun,
  outcome: RunResult['outcome'],
  message: string,
  journalled: string,
): Promise<SourceState | undefined> {
  const before = await ports.database.read((query) => readSourceState(query, run.source));
  const isKnown = before?.outcome === outcome && before.message === message;
  if (isKnown && run.trigger !== 'command') return before;
  await ports.database.write(async (query) => {
    const last = await readSourceState(query, run.source);
    const unit = new UnitOfWork();
    await writeSourceState(query, {
      ...(last ?? {
        name: run.source,
        revision: '',
        policyDigest: '',
        liveCounter: -1,
        records: 0,
      }),
      // What was not looked at is never taken for settled, also where the source goes back to the revision before.
      policyDigest: '',
      outcome,
      message,
      updatedAt: ports.clock.now().toISOString(),
      lookAgainAt: null,
    });
    stageRun(ports, unit, run, outcome, journalled);
    await unit.flush(query);
    failpoint('failure.remembered');
  });
  return before;
}
