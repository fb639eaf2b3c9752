import { compareText } from '../lib/diagnostic.ts';
import type { KindSet } from '../manifest/kind.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { Change } from './change.ts';
import { claimsOf, heldBy } from './claims.ts';

interface Keyed {
  readonly key: ResourceKey;
}

/** Compares by rank, so that what is referred to comes first, then by name. */
export function inApplyOrder(kinds: KindSet): (a: Keyed, b: Keyed) => number {
  return (a, b) => kinds.rank(a.key.space) - kinds.rank(b.key.space) || byName(a, b);
}

/** Compares the other way about: what refers to something goes before it. */
export function inDeleteOrder(kinds: KindSet): (a: Keyed, b: Keyed) => number {
  return (a, b) => kinds.rank(b.key.space) - kinds.rank(a.key.space) || byName(a, b);
}

function byName(a: Keyed, b: Keyed): number {
  return (
    compareText(a.key.space, b.key.space) ||
    compareText(a.key.name, b.key.name) ||
    compareText(a.key.account, b.key.account)
  );
}

/**
 * The order in which changes are executed: resource by resource in apply order, in each the undeploy,
 * the write, the deploy; then the endpoints of everything that leaves; the deletes last. What leaves
 * and has a value that another record is to have goes before all of it.
 */
export function ordered(
  kinds: KindSet,
  staying: readonly Change[],
  leaving: readonly Change[],
): Change[] {
  const forward = inApplyOrder(kinds);
  const backward = inDeleteOrder(kinds);
  const wanted = new Set(
    leaving.length === 0 ? [] : staying.flatMap((change) => claimsOf(kinds, change)),
  );
  const inTheWay = (change: Change) => heldBy(kinds, change).some((it) => wanted.has(it));
  const leave = (changes: readonly Change[]) =>
    [...changes].sort((a, b) => moment(a) - moment(b) || backward(a, b));
  return [
    ...leave(leaving.filter(inTheWay)),
    ...[...staying].sort((a, b) => forward(a, b) || moment(a) - moment(b)),
    ...leave(leaving.filter((change) => !inTheWay(change))),
  ];
}

function moment({ action }: Change): number {
  if (action === 'undeploy') return 0;
  return action === 'deploy' ? 2 : 1;
}
