import { compareText, type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { crossCheck } from './cross-check.ts';
import { type FileFindings, type LoadContext, loadFile } from './findings.ts';
import type { KindSet } from './kind.ts';
import { keyId, type LoadedManifest, type ResourceKey } from './manifest.ts';
import type { Vault } from './secret-value.ts';

/** All that some files say. */
export interface LoadResult {
  /** By path, then by position in the file. */
  readonly manifests: readonly LoadedManifest[];
  readonly problems: readonly Diagnostic[];
  /** Files that hold no manifest of ours, by path. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  /** Files whose resources could not be learned, by path; what they may declare must not be deleted. */
  readonly unknown: readonly string[];
  /** What is declared, but by a manifest that is not loaded; these records are kept as they are. */
  readonly declared: readonly ResourceKey[];
  /** Manifests are counted whether they are right or wrong. */
  readonly counts: { readonly files: number; readonly manifests: number };
}

/** Turns files into manifests, all of them at once. It holds what the files say, never the files. */
export class ManifestLoader {
  readonly #context: LoadContext;
  readonly #files: FileFindings[] = [];

  /** Without a vault, secret values are neither looked up nor hashed, as an offline check wants it. */
  constructor(kinds: KindSet, account: string, vault?: Vault) {
    this.#context = { kinds, account, vault };
  }

  /**
   * Never throws for what is in a file: that is a problem of the file. Throws SECRET_KEY where a secret
   * cannot be sealed.
   */
  add(file: { readonly path: string; readonly blob: string }, bytes: Uint8Array): void {
    this.#files.push(loadFile(file, bytes, this.#context));
  }

  /** Everything at once, with the checks across files. */
  finish(): LoadResult {
    const files = this.#files;
    const entries = files.flatMap((it) => it.entries);
    const { spoiled, problems } = crossCheck(entries);
    const wrong = entries.filter((it) => it.loaded === undefined || spoiled.has(it));
    return {
      manifests: entries
        .flatMap((it) => (it.loaded === undefined || spoiled.has(it) ? [] : [it.loaded]))
        .sort((a, b) => compareText(a.file, b.file) || a.document - b.document),
      problems: sortDiagnostics([...files.flatMap((it) => it.problems), ...problems]),
      ignored: files
        .flatMap(({ path, ignored }) => (ignored === undefined ? [] : [{ path, reason: ignored }]))
        .sort((a, b) => compareText(a.path, b.path)),
      unknown: files.flatMap(({ path, unknown }) => (unknown ? [path] : [])).sort(compareText),
      declared: distinctKeys(wrong.map(({ declares }) => declares.key)),
      counts: {
        files: files.length,
        manifests: files.reduce((sum, { manifests }) => sum + manifests, 0),
      },
    };
  }
}

/** Each key once, in order. */
export function distinctKeys(keys: readonly ResourceKey[]): ResourceKey[] {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  return [...byId.keys()].sort(compareText).map((id) => byId.get(id) as ResourceKey);
}
