import { type Diagnostic, placeOf } from '../lib/diagnostic.ts';
import type { Declaration } from './load-document.ts';
import { type Claim, keyId } from './manifest.ts';

/** What the checks across files look at: which resource a document declares, and what it takes for itself. */
export interface Declared {
  readonly declares: Declaration;
  readonly claims: readonly Claim[];
}

/**
 * Looks for resources that are declared twice and for values that two resources claim. It speaks in
 * the order of the entries, and it may be given some of them only, as long as with one entry come all
 * others of the same key and of the same claims. Gives the entries that must not count, and why.
 */
export function crossCheck<E extends Declared>(
  entries: readonly E[],
): { readonly spoiled: ReadonlySet<E>; readonly problems: readonly Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const spoiled = new Set<E>();
  for (const [entry, message] of duplicates(entries)) {
    spoiled.add(entry);
    problems.push(atName(entry, message));
  }
  for (const [entry, { path, place }, message] of conflicts(entries, spoiled)) {
    spoiled.add(entry);
    const { file } = entry.declares;
    const hint = 'give each its own';
    const what = { severity: 'error', code: 'MANIFEST_CONFLICT' } as const;
    problems.push({ ...what, file, ...place, path, message, hint });
  }
  return { spoiled, problems };
}

/** What a claim is looked up by: two that are equal are in each other's way. */
export function claimId({ what, value }: Claim): string {
  return `${what}=${JSON.stringify(value)}`;
}

/** Every entry whose resource is declared elsewhere as well, with words for it. */
function* duplicates<E extends Declared>(entries: readonly E[]): Generator<readonly [E, string]> {
  for (const group of groupsOf(
    () => entries,
    ({ declares }) => keyId(declares.key),
  )) {
    const folded = new Set(group.map(({ declares }) => declares.written)).size > 1;
    const why = folded ? ', because a hyphen means an underscore' : '';
    const places = group.map(({ declares }) => placeOf(declares));
    for (const [index, entry] of group.entries()) {
      const { name } = entry.declares.key;
      const message = `${name} is declared ${group.length} times${why}; also at ${others(places, index)}`;
      yield [entry, message];
    }
  }
}

/** Every entry that says what another one says and must not. */
function* conflicts<E extends Declared>(
  entries: readonly E[],
  spoiled: ReadonlySet<E>,
): Generator<readonly [E, Claim, string]> {
  function* claiming() {
    for (const entry of entries)
      if (!spoiled.has(entry)) for (const claim of entry.claims) yield { entry, claim };
  }
  for (const group of groupsOf(claiming, ({ claim }) => claimId(claim))) {
    const places = group.map(({ entry: { declares }, claim: { place } }) =>
      placeOf({ file: declares.file, ...place }),
    );
    for (const [index, { entry, claim }] of group.entries()) {
      const message = `${String(claim.value)} is taken ${group.length} times; also at ${others(places, index)}`;
      yield [entry, claim, message];
    }
  }
}

function groupsOf<T>(
  items: () => Iterable<T>,
  idOf: (item: T) => string,
): readonly (readonly T[])[] {
  const [seen, again] = [new Set<string>(), new Map<string, T[]>()];
  for (const item of items()) {
    const id = idOf(item);
    if (seen.has(id)) again.set(id, []);
    else seen.add(id);
  }
  // Most often there are none, and then no list was made of thousands.
  if (again.size > 0) for (const item of items()) again.get(idOf(item))?.push(item);
  return [...again.values()];
}

/** All places but one, the first few by name. */
function others(places: readonly string[], index: number): string {
  const near = places
    .slice(0, 4)
    .filter((_, at) => at !== index)
    .slice(0, 3);
  const more = places.length - 1 - near.length;
  return more > 0 ? `${near.join(', ')} and ${more} more places` : near.join(', ');
}

function atName({ declares: { file, line, column } }: Declared, message: string): Diagnostic {
  const hint = 'rename or remove all but one';
  return {
    severity: 'error',
    code: 'MANIFEST_DUPLICATE',
    file,
    line,
    column,
    path: 'metadata.name',
    message,
    hint,
  };
}
