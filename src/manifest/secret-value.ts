import { isObject, type JsonObject, type JsonValue, valueAt } from '../lib/json.ts';
import type { Secret } from '../lib/secret.ts';
import type { Kind } from './kind.ts';
import type { Manifest, ResourceKey } from './manifest.ts';

/** Written in place of a secret value, it means: leave the one that is there. */
export const keptValue = '<kept>';

/** Where a secret value comes from: an environment variable, or a file on this machine. */
export type ValueFrom = { readonly env: string } | { readonly file: string };

/** What may be known of a secret value: its keyed hash, to compare it by, and its envelope, to store it. */
export interface Sealed {
  readonly hash: string;
  readonly sealed: string;
}

/** Why there is no value where a manifest says that there is one. */
export interface Unavailable {
  readonly message: string;
  readonly hint: string;
}

/** The port to what is secret on this machine. */
export interface Vault {
  /** The value that a manifest refers to, for a resource; it is looked up each time. */
  read(from: ValueFrom, key: ResourceKey): Secret | Unavailable;
  /** Throws SECRET_KEY where what is stored already was sealed with a key that is not here. */
  seal(value: Secret, key: ResourceKey): Sealed;
}

/** A reference to a value as a manifest holds it, once its shape is known to be right. */
export function valueFrom(value: JsonValue | undefined): ValueFrom | undefined {
  if (!isObject(value)) return undefined;
  const { env, file } = value;
  if (typeof env === 'string') return { env };
  return typeof file === 'string' ? { file } : undefined;
}

/**
 * A manifest as it may be shown: where its secret value comes from, or that it is kept, and never its
 * hash. Applied again, it means the same.
 */
export function disclosed(manifest: Manifest, kind: Kind): Manifest {
  if (kind.secret === undefined || valueAt(manifest, kind.secret.value) === undefined)
    return manifest;
  const isReferred = valueAt(manifest, kind.secret.from) !== undefined;
  return withSecret(manifest, kind.secret.value, isReferred ? undefined : keptValue);
}

/** A copy of a manifest or of what it was read from, with another value at a dotted path; undefined takes it away. */
export function withSecret<T>(root: T, path: string, value: string | undefined): T {
  const replace = (map: JsonObject, [step = '', ...rest]: readonly string[]): JsonObject => {
    const { [step]: old, ...others } = map;
    if (rest.length > 0)
      return { ...map, [step]: replace(isObject(old) ? (old as JsonObject) : {}, rest) };
    return value === undefined ? others : { ...map, [step]: value };
  };
  return replace(root as unknown as JsonObject, path.split('.')) as unknown as T;
}
