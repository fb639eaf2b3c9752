import { digestOf } from '../lib/digest.ts';
import { countOwed } from '../store/effects.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState } from '../store/source-state.ts';
import { isImpatient, type Orders, ordersDigest } from './control.ts';
import type { Base } from './intake.ts';
import type { Ports, Target } from './ports.ts';
import { secretsMoved } from './secrets.ts';
import type { Trigger } from './status.ts';

/** What the last run over a source left, and what of it still holds. */
export interface LastRun {
  readonly state: SourceState | undefined;
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

/** Looks at what the last run left; it costs a few rows, however much there is. */
export async function lookBack(
  ports: Ports,
  target: Target,
  {
    orders,
    now,
    trigger,
  }: { readonly orders: Orders; readonly now: string; readonly trigger: Trigger },
): Promise<LastRun> {
  const { state, counter, owed } = await ports.database.read(async (query) => ({
    state: await readSourceState(query, target.source.name),
    counter: await readLiveCounter(query),
    owed: await countOwed(query, target.source.name),
  }));
  if (state === undefined)
    return { state, still: false, base: { indexed: undefined, settled: false, counter } };
  const still =
    owed === 0 &&
    state.liveCounter === counter &&
    state.policyDigest === policyDigest(ports, target, ordersDigest(orders)) &&
    !isDue(state, now, trigger) &&
    !(await secretsMoved(ports, target));
  const indexed = state.loader === loaderDigest(ports, target) ? state.revision : undefined;
  // What was not converged has to be in the plan again, whatever the source has changed.
  return {
    state,
    still,
    base: { indexed, settled: still && state.outcome === 'converged', counter },
  };
}

/** Whether another look is worth while though nothing moved. A run that failed as a whole is tried again at once. */
function isDue({ outcome, lookAgainAt }: SourceState, now: string, trigger: Trigger): boolean {
  if (outcome === 'retrying' && (lookAgainAt === null || isImpatient(trigger))) return true;
  return lookAgainAt !== null && lookAgainAt <= now;
}
