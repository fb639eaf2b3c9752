import { digestOf } from '../lib/digest.ts';
import { countOwed } from '../store/effects.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readSourceState, type SourceState } from '../store/source-state.ts';
import { isImpatient, type Orders, ordersDigest, readOrders } from './control.ts';
import type { Base } from './intake.ts';
import type { Ports, Target } from './ports.ts';
import { secretsMoved } from './secrets.ts';
import type { Trigger } from './status.ts';

/** What the last run over a source left, and what of it still holds. */
export interface LastRun {
  readonly state: SourceState | undefined;
  readonly orders: Orders;
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
  trigger: Trigger,
): Promise<LastRun> {
  const now = ports.clock.now().toISOString();
  const { name } = target.source;
  return ports.database.read(async (query) => {
    const orders = await readOrders(query, name, now);
    const state = await readSourceState(query, name);
    const counter = await readLiveCounter(query);
    if (state === undefined)
      return { state, orders, still: false, base: { indexed: undefined, settled: false, counter } };
    const still =
      state.liveCounter === counter &&
      state.policyDigest === policyDigest(ports, target, ordersDigest(orders)) &&
      !isDue(state, now, trigger) &&
      (await countOwed(query, name)) === 0 &&
      !(await secretsMoved(query, ports, target));
    const indexed = state.loader === loaderDigest(ports, target) ? state.revision : undefined;
    // What was not converged has to be in the plan again, whatever the source has changed.
    const settled = still && state.outcome === 'converged';
    return { state, orders, still, base: { indexed, settled, counter } };
  });
}

/** Whether another look is worth while though nothing moved. A run that failed as a whole is tried again at once. */
function isDue({ outcome, lookAgainAt }: SourceState, now: string, trigger: Trigger): boolean {
  if (outcome === 'retrying' && (lookAgainAt === null || isImpatient(trigger))) return true;
  return lookAgainAt !== null && lookAgainAt <= now;
}
