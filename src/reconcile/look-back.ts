import { digestOf } from '../lib/digest.ts';
import { approvals } from '../store/approvals.ts';
import { countOwed } from '../store/effects.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState } from '../store/source-state.ts';
import { suspensions } from '../store/suspensions.ts';
import { isImpatient, type Orders, ordersDigest } from './control.ts';
import type { Base } from './intake.ts';
import type { Ports, Target } from './ports.ts';
import { secretsMoved } from './secrets.ts';
import type { Trigger } from './status.ts';

/** What the last run over a source left, and who has been suspended since. */
export interface LastRun {
  /** Undefined before the first one. */
  readonly state: SourceState | undefined;
  readonly suspended: Orders['suspended'];
  /** When this was asked; ISO 8601. */
  readonly now: string;
}

/** What of it still holds. */
export interface Standing {
  /**
   * True where nothing has moved since but, perhaps, the source: no record, no policy, no secret, nothing
   * that people have told; and nothing is owed or has come due.
   */
  readonly still: boolean;
  readonly base: Base;
}

/** What a run's result depends on besides the files and the records. */
export function policyDigest(ports: Ports, target: Target, orders: string): string {
  const { source, account, policy } = target;
  return digestOf([ports.version, source.origin, account, policy, orders]);
}

/** What the findings of a file rest on besides its content: another version may find other things. */
export function loaderDigest(ports: Ports, target: Target): string {
  return digestOf([ports.version, target.account]);
}

/** What has to be known before a source is asked: where it is suspended, neither it nor the database is asked more. */
export function lastRun({ database, clock }: Ports, { source }: Target): Promise<LastRun> {
  const now = clock.now().toISOString();
  return database.read(async (query) => ({
    state: await readSourceState(query, source.name),
    suspended: await suspensions(query, now),
    now,
  }));
}

/** Looks what of the last run still holds; it costs a few rows, however much there is. */
export function lookBack(
  ports: Ports,
  target: Target,
  { state, suspended, now }: LastRun,
  trigger: Trigger,
): Promise<Standing> {
  return ports.database.read(async (query) => {
    const counter = await readLiveCounter(query);
    if (state === undefined)
      return { still: false, base: { indexed: undefined, settled: false, counter } };
    const orders = { suspended, approved: await approvals(query, now, target.source.name) };
    const still =
      state.liveCounter === counter &&
      state.policyDigest === policyDigest(ports, target, ordersDigest(orders)) &&
      !isDue(state, now, trigger) &&
      (await countOwed(query, target.source.name)) === 0 &&
      !(await secretsMoved(query, ports, target));
    const indexed = state.loader === loaderDigest(ports, target) ? state.revision : undefined;
    // What was not converged has to be in the plan again, whatever the source has changed.
    const settled = still && state.outcome === 'converged';
    return { still, base: { indexed, settled, counter } };
  });
}

/** Whether another look is worth while though nothing moved. A run that failed as a whole is tried again at once. */
function isDue({ outcome, lookAgainAt }: SourceState, now: string, trigger: Trigger): boolean {
  if (outcome === 'retrying' && (lookAgainAt === null || isImpatient(trigger))) return true;
  return lookAgainAt !== null && lookAgainAt <= now;
}
