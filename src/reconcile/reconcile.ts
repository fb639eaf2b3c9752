import { randomUUID } from 'node:crypto';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import type { Plan, Summary } from '../plan/change.ts';
import type { Suspension } from '../plan/control.ts';
import { basisOf, planId } from '../plan/plan-id.ts';
import { suspensionText } from '../plan/suspension.ts';
import { keepHeldPlan } from '../store/approvals.ts';
import { readSourceState, type SourceState, writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { suspensionOfSource } from './control.ts';
import { stageRun } from './entries.ts';
import type { Base } from './intake.ts';
import { type LastRun, lastRun, lookBack, type Standing } from './look-back.ts';
import { emptySummary, type RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import { heldRevision, heldRevisionRow } from './rewritten.ts';
import { runStopped, type SourceRun } from './run.ts';
import type { Trigger } from './status.ts';
import { counted, type Work } from './work.ts';

/** Why a run starts, and whether an unsettled end of the one before is known well enough to be left. */
export interface Occasion {
  readonly trigger: Trigger;
  readonly actor: string;
  /** Outcomes of the last run that make another look pointless while nothing has moved. */
  readonly settled: readonly string[];
  /** Whether something is known to have moved, so that nobody has to be asked for it. */
  readonly hasMoved?: boolean;
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
  const run = newRun(target, occasion, begin(ports));
  const result = async (): Promise<Ended> => {
    try {
      const last = await lastRun(ports, target);
      const suspended = suspensionOfSource(last, run.source);
      if (suspended !== undefined) return await recordSuspended(ports, target, run, suspended);
      const { rests, standing } = await look(ports, target, occasion, last, signal);
      if (rests !== undefined) return unmoved(ports, target, run, rests);
      const base = baseFor(occasion, standing);
      // Most looks end above: what follows is loaded when something has moved for the first time.
      const { carryOut } = await import('./carry-out.ts');
      return await carryOut(ports, target, run, base, signal);
    } catch (error) {
      if (signal.aborted) return failed(run, runStopped(error));
      return await recordFailure(ports, run, asPlumblineError(error));
    }
  };
  return ended(ports, run, work, await result());
}

/**
 * The result of a run that finds nothing moved. It takes no right to write, and leaves no trace; undefined
 * where a run has more to do or to tell. Throws what the source or the database throws.
 */
export async function resting(
  given: Ports,
  aim: Target,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const { ports, target, work } = counted(given, aim);
  const since = begin(ports);
  const last = await lastRun(ports, target);
  if (suspensionOfSource(last, target.source.name) !== undefined) return undefined;
  const { rests } = await look(ports, target, occasion, last, signal);
  if (rests === undefined) return undefined;
  const run = newRun(target, occasion, since);
  return ended(ports, run, work, unmoved(ports, target, run, rests));
}

function ended(ports: Ports, run: SourceRun, work: Work, result: Ended): RunResult {
  const milliseconds = Math.round(ports.clock.monotonic() - run.startedMs);
  ports.log.debug({ source: run.source, run: run.id, milliseconds, ...work }, 'a run has ended');
  return { ...result, milliseconds, work };
}

/** What a look finds before anything is fetched: what still holds, and the state that the source rests in. */
interface Look {
  /** Undefined where something has moved since. */
  readonly rests: SourceState | undefined;
  readonly standing: Standing;
}

async function look(
  ports: Ports,
  target: Target,
  occasion: Occasion,
  last: LastRun,
  signal: AbortSignal,
): Promise<Look> {
  const asked = askAhead(target, occasion, last, signal);
  const standing = await lookBack(ports, target, last, occasion.trigger);
  const { state } = last;
  const hasMoved = state === undefined || !standing.still || (await asked) !== state.revision;
  return { rests: hasMoved ? undefined : state, standing };
}

/** A result without what is only known once it is there. */
export type Ended = Omit<RunResult, 'milliseconds' | 'work'>;

type Beginning = Pick<SourceRun, 'startedAt' | 'startedMs'>;

function begin({ clock }: Ports): Beginning {
  return { startedAt: clock.now().toISOString(), startedMs: clock.monotonic() };
}

function newRun(target: Target, occasion: Occasion, since: Beginning): SourceRun {
  return {
    ...since,
    id: randomUUID(),
    trigger: occasion.trigger,
    actor: occasion.actor,
    source: target.source.name,
    revision: '',
    counter: -1,
  };
}

/**
 * The revision that a source is at, where the last run settled it: then most often nothing has moved,
 * not the revision, not one record, not the policy, not the value of a secret, not what people have
 * told, nothing has come due, and there is nothing to fetch, parse, read or compare. It is asked before
 * all of that is known, because a remote takes longer to answer.
 */
function askAhead(
  { source }: Target,
  { settled, hasMoved }: Occasion,
  { state }: LastRun,
  signal: AbortSignal,
): Promise<string> | undefined {
  if (state === undefined || hasMoved === true || !settled.includes(state.outcome))
    return undefined;
  const asked = source.revision(signal);
  // Where something else has moved, nobody waits for the answer.
  asked.catch(() => undefined);
  return asked;
}

/** The first look of a process takes nobody's word for the records. */
function baseFor(occasion: Occasion, { base }: Standing): Base {
  return occasion.settled.length === 0 ? { ...base, settled: false } : base;
}

/** A look that finds nothing moved writes nothing, whoever asked for it: a second sync has nothing to tell. */
function unmoved(ports: Ports, target: Target, run: SourceRun, state: SourceState): Ended {
  run.revision = state.revision;
  const plan = emptyPlan(ports, target, run, { unchanged: state.unchanged });
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
  const last = await rememberUnread(ports, run, { outcome, message, journalled: message });
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
    held: heldRevision(run.source, error),
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
  const journalled = `${error.code}: ${error.message}`;
  return rememberUnread(ports, run, { outcome, message: error.message, journalled, error });
}

interface Unread {
  readonly outcome: RunResult['outcome'];
  readonly message: string;
  readonly journalled: string;
  readonly error?: PlumblineError;
}

/**
 * Remembers why a run has not looked at its source, so that `status` tells it, and gives back what was
 * remembered before. The same over and over, as a source that is away for a night gives, is remembered
 * and journalled once.
 */
async function rememberUnread(
  ports: Ports,
  run: SourceRun,
  { outcome, message, journalled, error }: Unread,
): Promise<SourceState | undefined> {
  const before = await ports.database.read((query) => readSourceState(query, run.source));
  const isKnown = before?.outcome === outcome && before.message === message;
  if (isKnown && run.trigger !== 'command') return before;
  const updatedAt = ports.clock.now().toISOString();
  const held = error && heldRevisionRow(run.source, error, updatedAt);
  await ports.database.write(async (query) => {
    const last = await readSourceState(query, run.source);
    const unit = new UnitOfWork();
    if (held !== undefined) await keepHeldPlan(query, run.source, held);
    await writeSourceState(query, {
      ...(last ?? {
        name: run.source,
        revision: '',
        policyDigest: '',
        liveCounter: -1,
        records: 0,
        unchanged: 0,
        loader: '',
      }),
      // What was not looked at is never taken for settled, also where the source goes back to the revision before.
      policyDigest: '',
      outcome,
      message,
      updatedAt,
      lookAgainAt: null,
      held: held === undefined ? null : JSON.stringify(error && heldRevision(run.source, error)),
    });
    stageRun(ports, unit, run, outcome, journalled);
    await unit.flush(query);
    failpoint('failure.remembered');
  });
  return before;
}
