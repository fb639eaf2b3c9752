import { isObject, type JsonObject, type JsonValue, valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import { type LoadedManifest, type Manifest, withContent } from '../manifest/manifest.ts';

/**
 * A manifest with other values at some dotted paths; undefined takes the field away, and its map once that
 * is empty.
 */
export function withValues(
  manifest: Manifest,
  values: ReadonlyMap<string, JsonValue | undefined>,
): Manifest {
  let out = manifest as unknown as JsonObject;
  for (const [path, value] of values) out = replaced(out, path.split('.'), value);
  return out as unknown as Manifest;
}

function replaced(
  map: JsonObject,
  [step = '', ...rest]: readonly string[],
  value: JsonValue | undefined,
): JsonObject {
  const { [step]: old, ...others } = map;
  if (rest.length === 0) {
    if (value === undefined) return others;
    return { ...map, [step]: value };
  }
  const child = replaced(isObject(old) ? (old as JsonObject) : {}, rest, value);
  return Object.keys(child).length === 0 && step !== 'spec' ? others : { ...map, [step]: child };
}

/** What is desired, but with some fields left as they are in the record. */
export function keeping(desired: Manifest, live: Manifest, paths: readonly string[]): Manifest {
  return withValues(desired, new Map(paths.map((path) => [path, valueAt(live, path)])));
}

/** A manifest to write, with the deployment that the record has once the plan is executed. */
export function settled(kind: Kind, manifest: Manifest, deployed: boolean): Manifest {
  if (kind.deployment === undefined || valueAt(manifest, kind.deployment) === deployed)
    return manifest;
  return withValues(manifest, new Map([[kind.deployment, deployed]]));
}

/**
 * What to remember as applied while a switch of deployment waits: everything but the switch. Were it
 * remembered too, the switch that nobody made would pass for a change by hand.
 */
export function unswitched(
  kind: Kind,
  desired: LoadedManifest,
  base: Manifest | undefined,
): LoadedManifest {
  const path = kind.deployment as string;
  const before = base === undefined ? undefined : valueAt(base, path);
  return withContent(desired, {
    deployed: typeof before === 'boolean' ? before : undefined,
    manifest: withValues(desired.manifest, new Map([[path, before]])),
  });
}
