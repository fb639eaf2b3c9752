import { compareText, type Diagnostic, placeOf, sortDiagnostics } from '../lib/diagnostic.ts';
import { limitProblems, parseYaml, yamlLimits } from '../lib/yaml.ts';
import type { KindSet } from './kind.ts';
import { type Claim, type Declaration, loadDocument } from './load-document.ts';
import { recognise } from './load-file.ts';
import { mayBeManifest } from './load-kind.ts';
import { keyId, type LoadedManifest, type ResourceKey } from './manifest.ts';
import type { Vault } from './secret-value.ts';

/** All that the files of a source say. */
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

interface Entry {
  readonly declares: Declaration;
  readonly loaded?: LoadedManifest;
  readonly claims?: readonly Claim[];
}

/** Turns files into manifests. It holds what the files say, never the files. */
export class ManifestLoader {
  readonly #kinds: KindSet;
  readonly #account: string;
  readonly #vault: Vault | undefined;
  readonly #entries: Entry[] = [];
  readonly #problems: Diagnostic[] = [];
  readonly #ignored: { path: string; reason: string }[] = [];
  readonly #unknown = new Set<string>();
  #files = 0;
  #manifests = 0;

  /** Without a vault, secret values are neither looked up nor hashed, as an offline check wants it. */
  constructor(kinds: KindSet, account: string, vault?: Vault) {
    this.#kinds = kinds;
    this.#account = account;
    this.#vault = vault;
  }

  /**
   * Never throws for what is in a file: that is a problem of the file. Throws SECRET_KEY where a secret
   * cannot be sealed.
   */
  add(file: { readonly path: string; readonly blob: string }, bytes: Uint8Array): void {
    this.#files += 1;
    const { path } = file;
    const stranger = recognise(bytes);
    if (stranger !== undefined) {
      this.#problems.push({ severity: 'error', code: 'FILE_NOT_TEXT', file: path, ...stranger });
      this.#unknown.add(path);
      return;
    }
    const { documents, problems, refusedRoots } = parseYaml(bytes, path);
    if (problems.length > 0) {
      if (refusedRoots !== undefined && !refusedRoots.some(mayBeManifest)) {
        this.#ignored.push({ path, reason: 'no manifest: it has neither apiVersion nor kind' });
        return;
      }
      this.#problems.push(...problems);
      this.#unknown.add(path);
      return;
    }
    if (documents.length === 0) this.#ignored.push({ path, reason: 'there is nothing in it' });
    const found: Diagnostic[] = [];
    const reasons: string[] = [];
    const context = {
      kinds: this.#kinds,
      account: this.#account,
      blob: file.blob,
      vault: this.#vault,
    };
    for (const document of documents) {
      const { foreign, declares, ...outcome } = loadDocument(document, context);
      found.push(...outcome.problems);
      if (foreign !== undefined) {
        reasons.push(foreign);
        continue;
      }
      this.#manifests += 1;
      if (declares === undefined) this.#unknown.add(path);
      else this.#entries.push({ declares, ...outcome });
    }
    if (reasons[0] !== undefined && reasons.length === documents.length)
      this.#ignored.push({ path, reason: reasons[0] });
    this.#problems.push(...mostImportant(found));
  }

  /** Everything at once, with the checks across files. */
  finish(): LoadResult {
    const problems = [...this.#problems];
    const spoiled = new Set<Entry>();
    for (const [entry, message] of duplicates(this.#entries)) {
      spoiled.add(entry);
      problems.push(atName(entry, message));
    }
    for (const [entry, { path, place }, message] of conflicts(this.#entries, spoiled)) {
      spoiled.add(entry);
      const hint = 'give each its own';
      const { file } = entry.declares;
      problems.push({
        severity: 'error',
        code: 'MANIFEST_CONFLICT',
        file,
        ...place,
        path,
        message,
        hint,
      });
    }
    const right = this.#entries.filter((it) => it.loaded !== undefined && !spoiled.has(it));
    const wrong = this.#entries.filter((it) => it.loaded === undefined || spoiled.has(it));
    const declared = new Map(wrong.map(({ declares: { key } }) => [keyId(key), key]));
    return {
      manifests: right
        .map((it) => it.loaded as LoadedManifest)
        .sort((a, b) => compareText(a.file, b.file) || a.document - b.document),
      problems: sortDiagnostics(problems),
      ignored: [...this.#ignored].sort((a, b) => compareText(a.path, b.path)),
      unknown: [...this.#unknown].sort(compareText),
      declared: [...declared.keys()].sort(compareText).map((id) => declared.get(id) as ResourceKey),
      counts: { files: this.#files, manifests: this.#manifests },
    };
  }
}

/** As many problems as one file may show, errors before warnings. */
function mostImportant(found: readonly Diagnostic[]): readonly Diagnostic[] {
  if (found.length <= yamlLimits.problems) return found;
  const errors = found.filter((it) => it.severity === 'error');
  const warnings = found.filter((it) => it.severity === 'warning');
  const shown = [...errors, ...warnings].slice(0, yamlLimits.problems - 1);
  return limitProblems(sortDiagnostics(shown), found.length - shown.length);
}

/** Every entry whose resource is declared elsewhere as well, with words for it. */
function* duplicates(entries: readonly Entry[]): Generator<readonly [Entry, string]> {
  for (const group of groupsOf(entries, ({ declares }) => keyId(declares.key))) {
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
function* conflicts(
  entries: readonly Entry[],
  spoiled: ReadonlySet<Entry>,
): Generator<readonly [Entry, Claim, string]> {
  const all = entries
    .filter((it) => !spoiled.has(it))
    .flatMap((entry) => (entry.claims ?? []).map((claim) => ({ entry, claim })));
  for (const group of groupsOf(
    all,
    ({ claim }) => `${claim.what}=${JSON.stringify(claim.value)}`,
  )) {
    const places = group.map(({ entry: { declares }, claim: { place } }) =>
      placeOf({ file: declares.file, ...place }),
    );
    for (const [index, { entry, claim }] of group.entries()) {
      const message = `${String(claim.value)} is taken ${group.length} times; also at ${others(places, index)}`;
      yield [entry, claim, message];
    }
  }
}

function groupsOf<T>(items: readonly T[], idOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const id = idOf(item);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [item]);
    else group.push(item);
  }
  return [...groups.values()].filter((it) => it.length > 1);
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

function atName({ declares: { file, line, column } }: Entry, message: string): Diagnostic {
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
