import type { KindSet } from '../manifest/kind.ts';
import { uniqueValues } from '../manifest/kind-set.ts';
import { decoded, keyId } from '../manifest/manifest.ts';
import type { Change } from './change.ts';
import { holding, unitsOf } from './restraint.ts';
import { kindNamed, title, type World } from './world.ts';

type Holder = Pick<Change, 'kind' | 'key'>;

/**
 * The values that a change takes for its record alone, such as the host label: a record that is to
 * have them cannot be written before the one that has them now has left.
 */
export function claimsOf(kinds: KindSet, change: Change): string[] {
  const kind = kindNamed(kinds, change.kind);
  // Most kinds have no such value, and then nothing is decoded.
  if (change.write === undefined || kind.tables.unique === undefined) return [];
  return uniqueValues(kind, decoded(change.write), change.key).map(([column, value]) =>
    claim(change, column, value),
  );
}

/** The values that the record of a change has for itself now. */
export function heldBy(kinds: KindSet, { live }: Pick<Change, 'live'>): string[] {
  if (live === undefined) return [];
  const { unique = [] } = kindNamed(kinds, live.kind).tables;
  return unique.map((it) => claim(live, it, live.columns[it] ?? null));
}

function claim({ key, kind }: Holder, column: string, value: unknown): string {
  return JSON.stringify([key.account, kind, column, value]);
}

/**
 * Holds what is to have a value that another record keeps, because what would take it from there
 * waits. Gives back the very changes where there is no such thing.
 */
export function holdClaimants(
  world: World,
  staying: readonly Change[],
  leaving: readonly Change[],
): readonly Change[] {
  // Of ten thousand new records each would be looked at for nothing.
  if (world.records.size === 0) return staying;
  const open = staying.filter((it) => it.write !== undefined && it.held !== true);
  const wanted = new Set(open.flatMap((it) => claimsOf(world.kinds, it)));
  if (wanted.size === 0) return staying;
  const moving = new Set(
    [...open, ...leaving.filter((it) => it.action === 'delete' && it.held !== true)].map((it) =>
      keyId(it.key),
    ),
  );
  const kept = new Map<string, Holder>();
  for (const [id, live] of world.records)
    if (!moving.has(id))
      for (const it of heldBy(world.kinds, { live })) if (wanted.has(it)) kept.set(it, live);
  if (kept.size === 0) return staying;
  const asks = (change: Change) => {
    const taken = claimsOf(world.kinds, change).find((it) => kept.has(it));
    return taken === undefined ? undefined : waitFor(taken, kept.get(taken) as Holder);
  };
  return unitsOf(staying).flatMap((unit) => holding(world, unit, asks));
}

function waitFor(taken: string, holder: Holder) {
  const [, , column, value] = JSON.parse(taken) as [string, string, string, unknown];
  const what = `${column.replaceAll('_', ' ')} ${String(value)}`;
  return {
    guard: 'reference' as const,
    reason: `it is to have the ${what}, which ${title(holder)} has and keeps as long as its own change waits`,
  };
}
