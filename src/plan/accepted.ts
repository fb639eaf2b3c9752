import type { Diagnostic } from '../lib/diagnostic.ts';
import { suggest } from '../lib/suggest.ts';
import { keyId, type LoadedManifest } from '../manifest/manifest.ts';
import { inApplyOrder } from './order.ts';
import { referenceTitle, type World } from './world.ts';

/** The manifests of a source that can be applied, and what is wrong with the others. */
export interface Accepted {
  /** What is referred to comes before what refers to it. */
  readonly manifests: readonly LoadedManifest[];
  readonly excluded: number;
  readonly problems: readonly Diagnostic[];
}

/** Each suggestion looks at every name, so only this many are made; a person mends those and runs again. */
const mostSuggestions = 20;

/**
 * Leaves out every manifest that refers to what neither is there nor will be. A record that is about
 * to be deleted counts as gone; a manifest that is left out counts only if its record is there. What
 * is referred to is decided before what refers to it, so one pass is enough.
 */
export function accept(world: World, leaving: ReadonlySet<string>): Accepted {
  const accepted = new Map<string, LoadedManifest>();
  const problems: Diagnostic[] = [];
  const names = namesBySpace(world);
  const exists = (id: string) => accepted.has(id) || (world.records.has(id) && !leaving.has(id));
  const manifests = [...world.desired].sort(inApplyOrder(world.kinds));
  for (const item of manifests) {
    const { account } = item.key;
    const missing = item.references.filter((it) => !exists(keyId({ ...it, account })));
    if (missing.length === 0) accepted.set(keyId(item.key), item);
    for (const { path, space, name, line, column } of missing) {
      const id = keyId({ account, space, name });
      const likely =
        world.declared.has(id) || leaving.has(id) || problems.length >= mostSuggestions
          ? undefined
          : suggest(name, names.get(space) ?? []);
      problems.push({
        severity: 'error',
        code: 'MANIFEST_UNKNOWN_REFERENCE',
        file: item.file,
        line,
        column,
        path,
        message: messageFor(world, leaving, id),
        hint:
          likely === undefined
            ? `declare ${name} in the source, or remove the reference`
            : `did you mean ${likely}?`,
      });
    }
  }
  return {
    manifests: [...accepted.values()],
    excluded: manifests.length - accepted.size,
    problems,
  };
}

function messageFor(world: World, leaving: ReadonlySet<string>, id: string): string {
  const wanted = referenceTitle(world.kinds, id);
  if (world.declared.has(id)) return `${wanted} cannot be applied because of its own problem`;
  if (world.invalid.has(id)) return `${wanted} is declared, but its manifest is not valid`;
  if (leaving.has(id)) return `${wanted} is no longer declared, and its record is to be deleted`;
  return `there is no ${wanted}`;
}

function namesBySpace(world: World): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { key } of [...world.desired, ...world.live]) {
    const known = names.get(key.space);
    if (known === undefined) names.set(key.space, new Set([key.name]));
    else known.add(key.name);
  }
  return names;
}
