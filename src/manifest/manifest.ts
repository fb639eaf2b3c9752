import { digestOf, type Treatment } from '../lib/digest.ts';
import type { JsonObject } from '../lib/json.ts';

/** The only API version that is read and written. */
export const apiVersion = 'smarter.sh/v1';

/**
 * One declared resource in normal form: names and references folded, defaults filled in, what is null
 * or an empty list left out, legacy keys and `status` gone. Everything past the loader sees only this
 * form, so two manifests that mean the same are the same value, but for the order within a set.
 */
export interface Manifest {
  readonly apiVersion: typeof apiVersion;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string };
  readonly spec: JsonObject;
}

/**
 * What names a resource: the account it belongs to, the name space of its kind (the plugin kinds
 * share one) and its name.
 */
export interface ResourceKey {
  readonly account: string;
  readonly space: string;
  readonly name: string;
}

/** A key as one string, for maps; none of its parts can hold a slash. */
export function keyId(key: ResourceKey): string {
  return `${key.account}/${key.space}/${key.name}`;
}

/** A reference from one manifest to another, by name within the same account. */
export interface Reference {
  /** The field that holds it, with the index for a list: `spec.plugins.0`. */
  readonly path: string;
  readonly space: string;
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** What is known of a manifest of a source besides its content. */
export interface ManifestOutline {
  readonly key: ResourceKey;
  /** Of the content, see `contentDigest`. */
  readonly digest: string;
  /** True or false where the manifest manages deployment, undefined where it leaves it to the operator. */
  readonly deployed: boolean | undefined;
  readonly references: readonly Reference[];
  readonly file: string;
  /** Position of the document in its file, from 0. */
  readonly document: number;
  /** Line of the document's first key, from 1. */
  readonly line: number;
  /** Content id of the file. */
  readonly blob: string;
}

/** A manifest as it came from a file of a source. */
export interface LoadedManifest extends ManifestOutline {
  readonly manifest: Manifest;
  /** For a kind that keeps a secret: its value, sealed; absent where the one that is there is kept. */
  readonly sealed?: string;
}

/**
 * Digest of what a manifest says, apart from deployment, which is switched and compared on its own, and
 * from the order within a set: `treated` is what `comparableOf` says of its kind.
 */
export function contentDigest(manifest: Manifest, treated: Treatment): string {
  return digestOf(manifest, treated);
}
