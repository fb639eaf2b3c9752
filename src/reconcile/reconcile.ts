import { randomUUID } from 'node:crypto';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { heldOf } from '../plan/approval.ts';
import { planId } from '../plan/build.ts';
import type { Plan, Summary } from '../plan/change.ts';
import type { Suspension } from '../plan/control.ts';
import { suspensionText } from '../plan/suspension.ts';
import { basisOf } from '../plan/world.ts';
import { countOwned } from '../store/inventory.ts';
import { readSourceState, type SourceState, writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { keepBooks, stageAuthor } from './books.ts';
import { readControl, readOrders, suspensionOfSource } from './control.ts';
import { type Ending, recordControl } from './control-record.ts';
import { stageRun } from './entries.ts';
import { execute } from './execute.ts';
import { indexFiles } from './index-files.ts';
import { type Base, loaderDigest, takeIn } from './intake.ts';
import { type Judgement, judge } from './judge.ts';
import { type LastRun, lookBack, policyDigest } from './look-back.ts';
import { emptySummary, judgeOutcome, type RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import { runStopped, type SourceRun } from './run.ts';
import type { Trigger } from './status.ts';
import { isExecutable } from './steps.ts';
import { verify } from './verify.ts';
import { counted } from './work.ts';

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
  given: Ports,
  aim: Target,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<RunResult> {
  const { ports, target, work } = counted(given, aim);
  const run = newRun(ports, target, occasion);
  const result = async (): Promise<Ended> => {
    try {
      const now = ports.clock.now().toISOString();
      const orders = await ports.database.read((query) => readOrders(query, run.source, now));
      const suspended = suspensionOfSource(orders, run.source);
      if (suspended !== undefined) return await recordSuspended(ports, target, run, suspended);
      const last = await lookBack(ports, target, { orders, now, trigger: run.trigger });
      const known = await settledState(target, occasion, last, signal);
      if (known !== undefined) return await recordUnchanged(ports, target, run, known);
      const base = baseFor(occasion, last);
      const intake = await takeIn(ports, target, base, signal);
      run.revision = intake.revision;
      run.commit = intake.commit;
      const state = await readControl(ports, target, run.trigger);
      const judgement = await judge(ports, target, base, intake, state.control);
      const { plan } = judgement;
      run.counter = judgement.counter;
      failpoint('plan.built');
      const outcomes = await execute(ports, plan, run, signal);
      await keepBooks(ports, plan.bookkeeping, run);
      failpoint('books.kept');
      const done = { state, plan, outcomes, stopped: signal.aborted };
      return await verifyAndRecord(ports, target, run, judgement, done);
    } catch (error) {
      if (signal.aborted) return failed(run, runStopped(error));
      return await recordFailure(ports, run, asPlumblineError(error));
    }
  };
  const finished = await result();
  const milliseconds = Math.round(ports.clock.monotonic() - run.startedMs);
  ports.log.debug({ source: run.source, run: run.id, milliseconds, ...work }, 'a run has ended');
  return { ...finished, milliseconds, work };
}

/** A result without what is only known once it is there. */
type Ended = Omit<RunResult, 'milliseconds' | 'work'>;

function newRun(ports: Ports, target: Target, occasion: Occasion): SourceRun {
  return {
    id: randomUUID(),
    trigger: occasion.trigger,
    actor: occasion.actor,
    source: target.source.name,
    startedAt: ports.clock.now().toISOString(),
    startedMs: ports.clock.monotonic(),
    revision: '',
    counter: -1,
  };
}

/**
 * The state the last run left, when nothing has moved since: not the revision, not one record, not
 * the policy, not the value of a secret, not what people have told; and nothing has come due. Then
 * there is nothing to fetch, parse, read or compare.
 */
async function settledState(
  target: Target,
  occasion: Occasion,
  { state, still }: LastRun,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  if (state === undefined || !still || !occasion.settled.includes(state.outcome)) return undefined;
  const revision = await target.source.revision(signal);
  return revision === state.revision ? state : undefined;
}

/** The first look of a process takes nobody's word for the records. */
function baseFor(occasion: Occasion, { base }: LastRun): Base {
  return occasion.settled.length === 0 ? { ...base, settled: false } : base;
}

async function recordUnchanged(
  ports: Ports,
  target: Target,
  run: SourceRun,
  state: SourceState,
): Promise<Ended> {
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
): Promise<Ended> {
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
  judgement: Judgement,
  done: Pick<Ending, 'state' | 'plan' | 'outcomes' | 'stopped'>,
): Promise<Ended> {
  const { plan, outcomes, stopped } = done;
  const { control } = await readControl(ports, target, run.trigger);
  const again = await verify(ports, target, judgement, outcomes, control);
  failpoint('verify.read');
  const held = heldOf(again);
  const remaining = again.changes.filter(isExecutable).length;
  const { outcome, message } = judgeOutcome(plan, outcomes, remaining, again.left, stopped);
  const now = ports.clock.now().toISOString();
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    const ending = { ...done, again, now };
    await indexFiles(query, run.source, judgement, ports.brokers.kinds);
    const { digest, lookAgainAt } = await recordControl(query, unit, target, run, ending);
    await writeSourceState(query, {
      name: target.source.name,
      revision: run.revision,
      policyDigest: policyDigest(ports, target, digest),
      liveCounter: run.counter,
      outcome,
      message,
      records: await countOwned(query, run.source, target.account),
      loader: loaderDigest(ports, target),
      updatedAt: now,
      lookAgainAt,
      held: held === undefined ? null : JSON.stringify(held),
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
    held,
    outcomes,
    summary: plan.summary,
    problems: plan.problems,
    error: undefined,
  };
}

async function recordFailure(ports: Ports, run: SourceRun, error: PlumblineError): Promise<Ended> {
  const result = failed(run, error);
  await rememberFailure(ports, run, result.outcome, error).catch((second) =>
    ports.log.warn({ err: second }, 'a failed run could not be journalled'),
  );
  return result;
}

const failureOutcome = { backoff: 'retrying', never: 'stalled', person: 'held' } as const;

function failed(run: SourceRun, error: PlumblineError): Ended {
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
        loader: '',
      }),
      // What was not looked at is never taken for settled, also where the source goes back to the revision before.
      policyDigest: '',
      outcome,
      message,
      updatedAt: ports.clock.now().toISOString(),
      lookAgainAt: null,
      held: null,
    });
    stageRun(ports, unit, run, outcome, journalled);
    await unit.flush(query);
    failpoint('failure.remembered');
  });
  return before;
}
