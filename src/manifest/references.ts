import type { Diagnostic } from '../lib/diagnostic.ts';
import { valueAt } from '../lib/json.ts';
import { suggest } from '../lib/suggest.ts';
import { looksSecret } from '../lib/yaml-frame.ts';
import type { Kind, KindSet } from './kind.ts';
import { kindsOf } from './load-references.ts';
import type { LoadedManifest, Manifest, Reference } from './manifest.ts';

/** The names a manifest in normal form refers to, by the fields that refer. */
export function* referencesOf(
  kind: Kind,
  manifest: Manifest,
): Generator<{ readonly space: string; readonly name: string }> {
  for (const field of kind.fields) {
    if (field.references === undefined) continue;
    const value = valueAt(manifest, field.path);
    for (const name of Array.isArray(value) ? value : [value])
      if (typeof name === 'string') yield { space: field.references, name };
  }
}

/** References to what is neither declared nor there already; each is an error at its place. */
export function unknownReferences(
  manifests: readonly LoadedManifest[],
  exists: (space: string, name: string) => boolean,
  kinds: KindSet,
  candidates: (space: string) => Iterable<string> = () => [],
): Diagnostic[] {
  const known = declaredNames(manifests);
  return find(
    manifests,
    (space, name) => known.get(space)?.has(name) === true || exists(space, name),
  ).map(([manifest, reference]) => {
    const names = [...(known.get(reference.space) ?? []), ...candidates(reference.space)];
    return unknown(manifest, reference, kinds, names);
  });
}

/**
 * References to what these manifests do not declare, as warnings: for whoever cannot know which
 * records there are.
 */
export function looseReferences(
  manifests: readonly LoadedManifest[],
  kinds: KindSet,
): Diagnostic[] {
  return unknownReferences(manifests, () => false, kinds).map((it) => ({
    ...it,
    severity: 'warning',
    hint: it.hint?.startsWith('did you mean') ? it.hint : 'fine if there is such a record already',
  }));
}

function declaredNames(manifests: readonly LoadedManifest[]): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const { key } of manifests) {
    const names = known.get(key.space) ?? new Set<string>();
    known.set(key.space, names.add(key.name));
  }
  return known;
}

function find(
  manifests: readonly LoadedManifest[],
  exists: (space: string, name: string) => boolean,
): (readonly [LoadedManifest, Reference])[] {
  return manifests.flatMap((manifest) =>
    manifest.references
      .filter(({ space, name }) => !exists(space, name))
      .map((reference) => [manifest, reference] as const),
  );
}

function unknown(
  { file }: LoadedManifest,
  { path, space, name, line, column }: Reference,
  kinds: KindSet,
  names: readonly string[],
): Diagnostic {
  const what = kindsOf(space, kinds);
  const shown = looksSecret(name) ? 'of that name' : `named ${name}`;
  const meant = suggest(name, names);
  const hint = meant === undefined ? `declare it, or correct the name` : `did you mean ${meant}?`;
  return {
    severity: 'error',
    code: 'MANIFEST_UNKNOWN_REFERENCE',
    file,
    line,
    column,
    path,
    message: `there is no ${what} ${shown}`,
    hint,
  };
}
