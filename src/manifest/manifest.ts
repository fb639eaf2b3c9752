import { digestOf, type Treatment } from '../lib/digest.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { PackedTexts } from '../lib/packed.ts';

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

/** Something two manifests must not both say, and where this one says it. */
export interface Claim {
  readonly what: string;
  readonly value: JsonValue;
  readonly place: { readonly line: number; readonly column: number };
  readonly path: string;
}

/** What is known of a manifest of a source besides its content. */
export interface ManifestOutline {
  readonly key: ResourceKey;
  /** The name of its kind. */
  readonly kind: string;
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
 * A loaded manifest whose content is in memory as JSON text: a run has all of them until its end, and as
 * objects they were most of what it had, for the collector to walk through again and again. `manifest`
 * is decoded for whoever asks.
 */
export class EncodedManifest implements LoadedManifest {
  readonly key: ResourceKey;
  readonly kind: string;
  readonly digest: string;
  readonly deployed: boolean | undefined;
  readonly file: string;
  readonly document: number;
  readonly line: number;
  readonly blob: string;
  readonly sealed?: string;
  #references: readonly Reference[] | undefined;
  #claims: readonly Claim[] | undefined;
  /** Absent where it is packed. */
  #text: string | undefined;
  #packed: PackedTexts | undefined;
  #index = 0;

  constructor(loaded: LoadedManifest, claims: readonly Claim[] = []) {
    this.key = loaded.key;
    this.kind = loaded.kind;
    this.digest = loaded.digest;
    this.deployed = loaded.deployed;
    this.file = loaded.file;
    this.document = loaded.document;
    this.line = loaded.line;
    this.blob = loaded.blob;
    if (loaded.sealed !== undefined) this.sealed = loaded.sealed;
    this.#references = loaded.references;
    this.#claims = claims;
    this.#text = encoded(loaded.manifest);
  }

  get manifest(): Manifest {
    return decoded(EncodedManifest.text(this));
  }

  get references(): readonly Reference[] {
    return this.#references ?? (JSON.parse(this.#unpacked(1)) as readonly Reference[]);
  }

  /** The values that no other manifest may have. */
  get claims(): readonly Claim[] {
    return this.#claims ?? (JSON.parse(this.#unpacked(2)) as readonly Claim[]);
  }

  /** The manifest as JSON, at no cost where it is that already. */
  static text(loaded: LoadedManifest): string {
    if (!(loaded instanceof EncodedManifest)) return encoded(loaded.manifest);
    return loaded.#text ?? loaded.#unpacked(0);
  }

  /** Packs what some say, to a quarter of the memory; it is unpacked for whoever asks. */
  static pack(some: readonly LoadedManifest[]): void {
    const plain = some.filter((it) => it instanceof EncodedManifest);
    const packed = new PackedTexts(
      plain.flatMap((it) => [
        EncodedManifest.text(it),
        JSON.stringify(it.references),
        JSON.stringify(it.claims),
      ]),
    );
    for (const [index, it] of plain.entries()) {
      it.#packed = packed;
      it.#index = 3 * index;
      it.#text = undefined;
      it.#references = undefined;
      it.#claims = undefined;
    }
  }

  #unpacked(which: 0 | 1 | 2): string {
    return (this.#packed as PackedTexts).at(this.#index + which);
  }
}

/** The same manifest, but with another content. */
export function withContent(
  loaded: LoadedManifest,
  said: Pick<LoadedManifest, 'manifest'> & Partial<Pick<LoadedManifest, 'digest' | 'deployed'>>,
): LoadedManifest {
  // Named, because a copy by spreading has only what is a field of the object itself.
  const { references } = loaded;
  return new EncodedManifest({ ...loaded, references, ...said });
}

export function encoded(manifest: Manifest): string {
  return JSON.stringify(manifest);
}

let latest: { readonly text: string; readonly manifest: Manifest } | undefined;

/** The manifest in a text. Whoever looks at one asks for it several times in a row, so the latest is remembered. */
export function decoded(text: string): Manifest {
  if (latest?.text !== text) latest = { text, manifest: JSON.parse(text) as Manifest };
  return latest.manifest;
}

/**
 * Digest of what a manifest says, apart from deployment, which is switched and compared on its own, and
 * from the order within a set: `treated` is what `comparableOf` says of its kind.
 */
export function contentDigest(manifest: Manifest, treated: Treatment): string {
  return digestOf(manifest, treated);
}
