import { sha256 } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import { documentOf, editManifest, replaceDocument } from '../manifest/edit.ts';
import type { Kind } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { canonicalForm, joinDocuments, printManifest } from '../manifest/print.ts';
import { ExportFolder, type Present } from './export-folder.ts';
import { type ExportIndex, type ListedFile, printIndex, readIndex } from './export-index.ts';
import { indexName, type Layout, pathFor, refusal } from './export-path.ts';

/** A record to export, as the manifest to print. */
export interface ExportEntry {
  readonly manifest: Manifest;
  readonly kind: Kind;
  readonly account: string;
  /** The source that owns it, with the file and the document, from 0; absent for a record nobody owns. */
  readonly source?: string;
  readonly file?: string;
  readonly document?: number;
}

/**
 * What the entries were narrowed to. A file whose records lie outside of it says nothing about
 * whether they are gone, so it is left alone.
 */
export interface ExportScope {
  readonly account: string;
  /** Names of kinds; all where it is empty. */
  readonly kinds: readonly string[];
  readonly source?: string;
}

export interface ExportOptions {
  readonly layout: Layout;
  readonly scope: ExportScope;
}

/** What became of every file, by path relative to the target. */
export interface ExportReport {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
  /** Files that are not as the export wants them and were left so, with the reason. */
  readonly kept: readonly {
    readonly path: string;
    readonly reason: string;
    readonly hint: string;
  }[];
}

/**
 * Writes records as manifests into a folder and takes away the files of earlier exports whose records
 * are gone. A file that already means the same is not touched; one that says something else about the
 * same resources is edited in place; one that an export did not create and that does not declare the
 * resource is kept and reported. Only files that an export created and nobody changed since are
 * removed, and none where no entry came at all: that is what a wrong database looks like.
 * Every file is written whole or not at all.
 *
 * Entries are taken one by one; only the layout `source` holds those that share a file back until
 * the last has come. Throws EXPORT_REFUSED when the folder itself cannot be used or written; what
 * was written until then stays, and nothing is removed.
 */
export async function exportTo(
  folder: string,
  entries: AsyncIterable<ExportEntry> | Iterable<ExportEntry>,
  { layout, scope }: ExportOptions,
): Promise<ExportReport> {
  const run = new ExportRun(new ExportFolder(folder), scope);
  const shared = new Map<string, ExportEntry[]>();
  try {
    for await (const entry of entries) {
      if (run.isFull) await run.makeRoom();
      const { kind, manifest, file } = entry;
      run.sawEntry = true;
      run.guard([entry], () => {
        const origin = {
          kind,
          name: manifest.metadata.name,
          ...(file === undefined ? {} : { file }),
        };
        const path = pathFor(origin, layout);
        if (layout !== 'source' || file === undefined) run.place(path, [entry]);
        else {
          const known = shared.get(path);
          if (known === undefined) shared.set(path, [entry]);
          else known.push(entry);
        }
      });
    }
    for (const [path, of] of shared) {
      if (run.isFull) await run.makeRoom();
      run.guard(of, () => run.place(path, of));
    }
    await run.settle();
    run.sweep();
  } catch (error) {
    await run.saveIndexIfPossible();
    throw error;
  }
  await run.saveIndex();
  return run.report;
}

class ExportRun {
  /** Whether any entry has come; without one nothing is known to be gone. */
  sawEntry = false;
  readonly report = {
    written: [] as string[],
    unchanged: [] as string[],
    removed: [] as string[],
    kept: [] as { path: string; reason: string; hint: string }[],
  } satisfies ExportReport;
  readonly #folder: ExportFolder;
  readonly #scope: ExportScope;
  readonly #index: ExportIndex;
  /** The index file as it is. */
  readonly #savedIndex: Present | undefined;
  /** Paths that are spoken for in this run. */
  readonly #taken = new Set<string>();
  /** Records that could not be written where they belong; a file that still holds one is not removed. */
  readonly #refused = new Set<string>();

  constructor(folder: ExportFolder, scope: ExportScope) {
    this.#folder = folder;
    this.#scope = scope;
    const { index, saved } = readIndex(folder);
    this.#index = index;
    this.#savedIndex = saved;
  }

  get isFull(): boolean {
    return this.#folder.isFull;
  }

  /** Throws EXPORT_REFUSED. */
  makeRoom(): Promise<void> {
    return this.#folder.makeRoom();
  }

  /** Puts what was written in its place. Throws EXPORT_REFUSED. */
  settle(): Promise<void> {
    return this.#folder.settle();
  }

  /** What stands in the way of one file is reported; what stands in the way of all ends the export. */
  guard(entries: readonly ExportEntry[], work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof PlumblineError) || error.place === undefined) throw error;
      const { place, message, hint = '' } = error;
      this.report.kept.push({ path: place.file, reason: message, hint });
      for (const entry of entries) this.#refused.add(recordOf(entry));
    }
  }

  /** Makes one file say what its records are, in the order of their documents. Throws EXPORT_REFUSED. */
  place(path: string, unordered: readonly ExportEntry[]): void {
    const entries = [...unordered].sort((a, b) => (a.document ?? 0) - (b.document ?? 0));
    const sources = new Set(entries.map((entry) => entry.source));
    if (this.#taken.has(path) || sources.size > 1)
      throw refusal(
        path,
        'two records want this file',
        'export one source at a time with --source',
      );
    this.#taken.add(path);
    const present = this.#folder.read(path);
    const listed = this.#index.get(path);
    const printed = print(path, entries);
    if (present === undefined) this.#create(path, printed, entries, undefined);
    else if (present.text === printed) {
      this.report.unchanged.push(path);
      if (listed !== undefined) this.#list(path, printed, entries);
    } else if (listed?.digest === sha256(present.text) && this.#covers(listed))
      this.#create(path, printed, entries, present);
    else this.#edit(path, present, entries);
  }

  #create(
    path: string,
    printed: string,
    entries: readonly ExportEntry[],
    present: Present | undefined,
  ): void {
    this.#folder.write(path, printed, present);
    this.#list(path, printed, entries);
    this.report.written.push(path);
  }

  #list(path: string, printed: string, entries: readonly ExportEntry[]): void {
    const source = entries[0]?.source;
    const records = entries.map(recordOf);
    const file = { digest: sha256(printed), records };
    this.#index.set(path, source === undefined ? file : { ...file, source });
  }

  /** A file with somebody's work in it is not listed anew: the digest it has there marks it as changed. */
  #edit(path: string, present: Present, entries: readonly ExportEntry[]): void {
    let { text } = present;
    for (const { kind, manifest } of entries) {
      const { name } = manifest.metadata;
      const at = documentOf(text, kind, name);
      if (at === undefined)
        throw refusal(
          path,
          `the file in the way was not exported and does not declare ${kind.name} ${name}`,
          'move it away, or export to another folder',
        );
      const edited =
        editManifest(text, at, kind, manifest) ?? replaceDocument(text, at, kind, manifest);
      if (edited === undefined)
        throw refusal(
          path,
          'the file cannot be edited without touching more of it',
          'move it away, then export again',
        );
      text = edited;
    }
    if (text === present.text) this.report.unchanged.push(path);
    else {
      this.#folder.write(path, text, present);
      this.report.written.push(path);
    }
  }

  /** Removes files of earlier exports whose records are gone or have moved to another file. */
  sweep(): void {
    for (const [path, listed] of this.#index) {
      const inUse = listed.records.some((record) => this.#refused.has(record));
      if (this.#taken.has(path) || inUse || !this.#covers(listed)) continue;
      this.guard([], () => {
        const present = this.#folder.read(path);
        if (present !== undefined && !this.sawEntry)
          throw refusal(
            path,
            'not one record came to be exported, so none is taken for gone',
            'name the right --database; if the records are gone for good, delete the file',
          );
        if (present !== undefined && sha256(present.text) !== listed.digest)
          throw refusal(
            path,
            'no record needs the file any more, but it was changed by hand since it was exported',
            'delete it if nobody needs it',
          );
        if (present !== undefined) {
          this.#folder.remove(path);
          this.report.removed.push(path);
        }
        this.#index.delete(path);
      });
    }
  }

  /** True when every record of a file lies in the scope, so that the entries tell all about it. */
  #covers({ records, source }: ListedFile): boolean {
    const { account, kinds, source: only } = this.#scope;
    if (only !== undefined && only !== source) return false;
    return records.every((record) => {
      const [of, kind = ''] = record.split('/');
      return of === account && (kinds.length === 0 || kinds.includes(kind));
    });
  }

  async saveIndex(): Promise<void> {
    const text = printIndex(this.#index);
    const needless = this.#savedIndex === undefined && this.#index.size === 0;
    if (needless || text === this.#savedIndex?.text) return;
    this.#folder.write(indexName, text, this.#savedIndex);
    await this.settle();
  }

  async saveIndexIfPossible(): Promise<void> {
    try {
      await this.settle();
      await this.saveIndex();
    } catch {
      // The export has failed already, and that failure is the one to tell. Without the index the
      // files written in this run are never removed, which is the safe side.
    }
  }
}

function recordOf({ account, kind, manifest }: ExportEntry): string {
  return `${account}/${kind.name}/${manifest.metadata.name}`;
}

/** The text of a new file with these records. */
function print(path: string, entries: readonly ExportEntry[]): string {
  const json = /\.json$/i.test(path);
  return joinDocuments(
    entries.map(({ manifest, kind }) =>
      json
        ? `${JSON.stringify(canonicalForm(manifest, kind), null, 2)}\n`
        : printManifest(manifest, kind),
    ),
  );
}
