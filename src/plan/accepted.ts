import type { Diagnostic } from '../lib/diagnostic.ts';
import { suggest } from '../lib/suggest.ts';
import { looksSecret } from '../lib/yaml-frame.ts';
import { keyId, type LoadedManifest, type Reference } from '../manifest/manifest.ts';
import { inApplyOrder } from './order.ts';
import { isThere, referenceTitle, type World } from './world.ts';

/** The manifests of a source that can be applied, and what is wrong with the others. */
export interface Accepted {
  /** What is referred to comes before what refers to it. */
  readonly manifests: readonly LoadedManifest[];
  readonly excluded: number;
  readonly problems: readonly Diagnostic[];
}

/** Each suggestion looks at every name, so only this many are made; a person mends those and runs again. */
const mostSuggestions = 20;

interface Missing {
  readonly item: LoadedManifest;
  readonly reference: Reference;
}

/**
 * Leaves out every manifest that refers to what neither is there nor will be. A record that is about
 * to be deleted counts as gone; a manifest that is left out counts only if its record is there. What
 * is referred to is decided before what refers to it, so one pass is enough.
 */
export function accept(world: World, leaving: ReadonlySet<string>): Accepted {
  const accepted = new Map<string, LoadedManifest>();
  const missing: Missing[] = [];
  const exists = (id: string) => accepted.has(id) || (isThere(world, id) && !leaving.has(id));
  const manifests = [...world.desired].sort(inApplyOrder(world.kinds));
  for (const item of manifests) {
    const lost = item.references.filter((it) => !exists(target(item, it)));
    if (lost.length === 0) accepted.set(keyId(item.key), item);
    else missing.push(...lost.map((reference) => ({ item, reference })));
  }
  return {
    manifests: [...accepted.values()],
    excluded: manifests.length - accepted.size,
    problems: problemsOf(world, leaving, missing),
  };
}

function target({ key: { account } }: LoadedManifest, { space, name }: Reference): string {
  return keyId({ account, space, name });
}

function problemsOf(
  world: World,
  leaving: ReadonlySet<string>,
  missing: readonly Missing[],
): Diagnostic[] {
  if (missing.length === 0) return [];
  const names = namesBySpace(world);
  return missing.map(({ item, reference }, index): Diagnostic => {
    const { path, space, name, line, column } = reference;
    const id = target(item, reference);
    const isKnown = world.declared.has(id) || world.invalid.has(id) || leaving.has(id);
    const likely =
      isKnown || index >= mostSuggestions ? undefined : suggest(name, names.get(space) ?? []);
    return {
      severity: 'error',
      code: 'MANIFEST_UNKNOWN_REFERENCE',
      file: item.file,
      line,
      column,
      path,
      message: messageFor(world, leaving, id),
      hint: hintFor(isKnown, name, likely),
    };
  });
}

function hintFor(isKnown: boolean, name: string, likely: string | undefined): string {
  if (likely !== undefined) return `did you mean ${likely}?`;
  const it = looksSecret(name) ? 'it' : name;
  return isKnown
    ? `mend ${it} first, or declare it again, or remove the reference`
    : `declare ${it}, or remove the reference`;
}

function messageFor(world: World, leaving: ReadonlySet<string>, id: string): string {
  const wanted = referenceTitle(world.kinds, id);
  if (world.declared.has(id)) return `${wanted} cannot be applied because of its own problem`;
  if (world.invalid.has(id))
    return `${wanted} is declared, but its manifest has a problem of its own`;
  if (leaving.has(id)) return `${wanted} is no longer declared, and its record is to be deleted`;
  return `there is no ${wanted}`;
}

/** In order, so that of two equally likely names always the same one is suggested. */
function namesBySpace(world: World): Map<string, string[]> {
  const names = new Map<string, Set<string>>();
  for (const [space, beyond] of world.beyond?.names ?? []) names.set(space, new Set(beyond));
  for (const { key } of [...world.desired, ...world.live]) {
    const known = names.get(key.space);
    if (known === undefined) names.set(key.space, new Set([key.name]));
    else known.add(key.name);
  }
  return new Map([...names].map(([space, all]) => [space, [...all].sort()]));
}
