import type { KindSet } from '../manifest/kind.ts';
import type { Change } from './change.ts';
import { kindNamed } from './world.ts';

/**
 * The values that a change takes for its record alone, such as the host label: a record that is to
 * have them cannot be written before the one that has them now has left.
 */
export function claimsOf(kinds: KindSet, change: Change): string[] {
  const kind = kindNamed(kinds, change.kind);
  const manifest = change.write;
  if (manifest === undefined || kind.derive === undefined) return [];
  const derived = kind.derive(manifest, change.key);
  return (kind.tables.unique ?? []).map((it) => claim(change, it, derived[it]));
}

/** The values that the record of a change has for itself now. */
export function heldBy(kinds: KindSet, change: Change): string[] {
  const { live } = change;
  if (live === undefined) return [];
  const { unique = [] } = kindNamed(kinds, change.kind).tables;
  return unique.map((it) => claim(change, it, live.columns[it]));
}

function claim({ key, kind }: Change, column: string, value: unknown): string {
  return JSON.stringify([key.account, kind, column, value]);
}
