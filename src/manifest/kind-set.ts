import type { Kind, KindSet } from './kind.ts';
import type { ComparableKind } from './manifest.ts';

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

const comparables = new WeakMap<Kind, ComparableKind>();

/** What the content digest must know of a kind: which paths are sets, and the deployment field to leave out. */
export function comparableOf(kind: Kind): ComparableKind {
  let known = comparables.get(kind);
  if (known === undefined) {
    known = {
      setPaths: kind.fields.filter((field) => field.compare === 'set').map((field) => field.path),
      deploymentPath: kind.deployment,
    };
    comparables.set(kind, known);
  }
  return known;
}
