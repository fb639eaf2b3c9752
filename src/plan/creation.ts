import type { Kind } from '../manifest/kind.ts';
import { decoded, EncodedManifest, type LoadedManifest } from '../manifest/manifest.ts';
import type { Change, FieldChange, OwnedRecord } from './change.ts';
import { diffFields } from './diff.ts';

/**
 * A change that makes a record. What it writes and in which fields follows from its manifest, so it is
 * worked out for whoever asks: kept, it would take more memory than ten thousand new manifests. It is
 * copied by `revised` alone: a spread would have its manifest, and nothing else of it.
 */
export class Creation implements Change {
  readonly desired: LoadedManifest;
  readonly owned?: OwnedRecord;
  readonly #kind: Kind;
  readonly #write: string | undefined;

  /** `write` is absent where the record will hold the very manifest that is desired. */
  constructor(
    kind: Kind,
    desired: LoadedManifest,
    owned: OwnedRecord | undefined,
    write: string | undefined,
  ) {
    this.desired = desired;
    this.#kind = kind;
    this.#write = write;
    if (owned !== undefined) this.owned = owned;
  }

  get action() {
    return 'create' as const;
  }

  get key() {
    return this.desired.key;
  }

  get kind() {
    return this.#kind.name;
  }

  get file() {
    return this.desired.file;
  }

  get line() {
    return this.desired.line;
  }

  get write(): string {
    return this.#write ?? EncodedManifest.text(this.desired);
  }

  get fields(): readonly FieldChange[] {
    return diffFields(this.#kind, undefined, decoded(this.write), this.owned?.applied);
  }
}

/** The same change, but for what is said of it now. */
export function revised(change: Change, said: Partial<Change>): Change {
  if (!(change instanceof Creation)) return { ...change, ...said };
  const { action, key, kind, file, line, write, fields, desired, owned } = change;
  const plain = { action, key, kind, file, line, write, fields, desired };
  return { ...plain, ...(owned === undefined ? {} : { owned }), ...said };
}
