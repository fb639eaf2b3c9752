import type { Treatment } from '../lib/digest.ts';
import type { Kind, KindSet } from './kind.ts';
import type { Manifest, ResourceKey } from './manifest.ts';

/**
 * A set of kinds with its look-ups. The apply order follows from the fields that refer to other name
 * spaces; there is no second list of it to fall behind. Throws when the references run in a circle,
 * which only a wrong table of a kind can cause.
 */
export function kindSet(all: readonly Kind[]): KindSet {
  const names = new Map(all.map((kind) => [kind.name, kind]));
  const words = new Map<string, Kind>();
  for (const kind of all) {
    for (const word of [kind.name.toLowerCase(), ...kind.aliases]) {
      words.set(word, kind);
      words.set(`${word}s`, kind);
    }
  }
  const ranks = ranksOf(all);
  return {
    all,
    byName: (name) => names.get(name),
    find: (word) => words.get(word.toLowerCase()),
    rank: (space) => ranks.get(space) ?? 0,
  };
}

function ranksOf(all: readonly Kind[]): Map<string, number> {
  const needs = new Map<string, Set<string>>();
  for (const kind of all) {
    const of = needs.get(kind.space) ?? new Set<string>();
    for (const field of kind.fields) if (field.references !== undefined) of.add(field.references);
    needs.set(kind.space, of);
  }
  const ranks = new Map<string, number>();
  const rank = (space: string, trail: readonly string[]): number => {
    if (trail.includes(space))
      throw new Error(`kinds refer in a circle: ${[...trail, space].join(' > ')}`);
    const known = ranks.get(space);
    if (known !== undefined) return known;
    let highest = 0;
    for (const needed of needs.get(space) ?? [])
      highest = Math.max(highest, rank(needed, [...trail, space]) + 1);
    ranks.set(space, highest);
    return highest;
  };
  for (const space of needs.keys()) rank(space, []);
  return ranks;
}

/**
 * The values that a record made of a manifest has for itself alone in its account, by column of its kind's
 * main table.
 */
export function uniqueValues(
  kind: Kind,
  manifest: Manifest,
  key: ResourceKey,
): readonly (readonly [column: string, value: string | number | null])[] {
  const derived = kind.derive?.(manifest, key) ?? {};
  return (kind.tables.unique ?? []).map((column) => [column, derived[column] ?? null]);
}

const comparables = new WeakMap<Kind, Treatment>();

/** How the content of a kind is compared: the deployment field does not count, nor the order of sets. */
export function comparableOf(kind: Kind): Treatment {
  let known = comparables.get(kind);
  if (known === undefined) {
    known = treatmentOf(kind, kind.deployment);
    comparables.set(kind, known);
  }
  return known;
}

/** The same with the deployment field, if it has one. */
export function comparableWhole(kind: Kind): Treatment {
  return treatmentOf(kind, undefined);
}

interface Growing extends Map<string, 'left out' | 'set' | Growing> {}

function treatmentOf(kind: Kind, omitted: string | undefined): Treatment {
  const root: Growing = new Map();
  const put = (path: string, how: 'left out' | 'set') => {
    const steps = path.split('.');
    const last = steps.pop() as string;
    let at = root;
    for (const step of steps) {
      const inner = at.get(step) ?? new Map();
      at.set(step, inner);
      at = inner as Growing;
    }
    at.set(last, how);
  };
  for (const { path, compare } of kind.fields) if (compare === 'set') put(path, 'set');
  if (omitted !== undefined) put(omitted, 'left out');
  return root;
}
