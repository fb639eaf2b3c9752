import { setImmediate as nextTurn } from 'node:timers/promises';
import { failpoint } from '../lib/failpoint.ts';
import { keepHeapSmall } from '../lib/heap.ts';
import { parseYamlApart } from '../lib/yaml-apart.ts';
import { type FileFindings, loadFile } from '../manifest/findings.ts';
import { EncodedManifest } from '../manifest/manifest.ts';
import type { Changes, Commit, SnapshotFile } from '../source/source.ts';
import { indexedFiles } from '../store/file-index.ts';
import { type ParseWatch, quarantineOf } from './parse-watch.ts';
import type { Ports, Target } from './ports.ts';
import { refuseRewritten } from './rewritten.ts';

/** What a source says that its file index does not say yet. */
export interface Intake {
  readonly revision: string;
  readonly commit: Commit | undefined;
  /** Files that are new or have changed, and those that rest on more than their content, by path. */
  readonly files: ReadonlyMap<string, TakenFile>;
  /** Paths that the index may know and that are no files any more. */
  readonly gone: readonly string[];
  /** False where the index counts for nothing: then `files` are all there are. */
  readonly indexed: boolean;
  /** Loads files that have not changed, for what of them is kept nowhere. */
  load(files: readonly SnapshotFile[]): Promise<readonly FileFindings[]>;
}

export interface TakenFile extends Omit<FileFindings, 'ignored'> {
  readonly size: number;
}

/** What an earlier run left that this one may build on. */
export interface Base {
  /** The revision that the file index speaks of; undefined where there is no index that counts. */
  readonly indexed: string | undefined;
  /** True where nothing but the source has moved since, so that only what it changed needs a look. */
  readonly settled: boolean;
  /** The live counter that this was true at. */
  readonly counter: number;
}

/** Files parsed between two turns of the event loop, so that health answers while many are read. */
const filesPerTurn = 20;

/** Files packed together: more would pack tighter, and one alone would cost more to unpack. */
const filesPerPack = 30;

/**
 * From so many files on what a run throws away would fill gigabytes; for fewer, collecting it sooner only
 * costs time.
 */
const manyFiles = 20_000;

/** Reads what a source has that its file index does not know. Throws when the source cannot be read as a whole. */
export async function takeIn(
  ports: Ports,
  target: Target,
  base: Base,
  watch: ParseWatch,
  signal: AbortSignal,
): Promise<Intake> {
  failpoint('fetch.begin');
  const changes =
    base.settled && base.indexed !== undefined
      ? await target.source.changes(base.indexed, signal)
      : undefined;
  const { revision, commit, follows, files, gone, problems, read } =
    changes ?? (await againstIndex(ports, target, base, signal));
  failpoint('fetch.end');
  if (target.policy.history === 'hold')
    await refuseRewritten(ports, target, { revision, follows }, signal);
  const load = async (wanted: readonly SnapshotFile[]): Promise<TakenFile[]> => {
    const context = { kinds: ports.brokers.kinds, account: target.account, vault: ports.vault };
    const loaded: TakenFile[] = [];
    if (wanted.length === 0) return loaded;
    if (wanted.length >= manyFiles) await keepHeapSmall();
    const safe = wanted.filter((file) => !watch.refuses(file));
    for (const file of wanted)
      if (watch.refuses(file)) loaded.push(takenFile(file, quarantineOf(file)));
    const isPacked = wanted.length >= manyFiles;
    try {
      for await (const { file, bytes } of read(safe)) {
        watch.begins(file);
        failpoint('file.read');
        const parsed = await parseYamlApart(bytes, file.path);
        loaded.push(takenFile(file, loadFile(file, bytes, context, parsed)));
        if (isPacked && loaded.length % filesPerPack === 0) pack(loaded.slice(-filesPerPack));
        if (loaded.length % filesPerTurn === 0) {
          await nextTurn();
          signal.throwIfAborted();
        }
      }
    } finally {
      watch.ends();
    }
    return loaded;
  };
  const taken = new Map((await load(files)).map((it) => [it.path, it]));
  for (const problem of problems) {
    const { file: path } = problem;
    const nothing = { blob: '', size: 0, entries: [], manifests: 0, unknown: true };
    taken.set(path, { path, ...nothing, problems: [problem] });
  }
  failpoint('manifests.loaded');
  signal.throwIfAborted();
  return { revision, commit, files: taken, gone, indexed: base.indexed !== undefined, load };
}

/** Field by field, because as many of them are in memory as there are files. */
function takenFile({ size }: SnapshotFile, findings: FileFindings): TakenFile {
  const { path, blob, entries, problems, unknown, manifests } = findings;
  return { path, blob, size, entries, problems, unknown, manifests };
}

function pack(files: readonly TakenFile[]): void {
  EncodedManifest.pack(
    files.flatMap(({ entries }) =>
      entries.flatMap(({ loaded }) => (loaded === undefined ? [] : [loaded])),
    ),
  );
}

/** A complete snapshot, and what of it the index does not know. */
async function againstIndex(
  ports: Ports,
  target: Target,
  base: Base,
  signal: AbortSignal,
): Promise<Changes> {
  const snapshot = await target.source.fetch(signal);
  if (base.indexed === undefined) return { ...snapshot, gone: [] };
  const known = new Map<string, string>();
  await ports.database.read(async (query) => {
    // The values that a secret stands for move without its file; what could not be learned may have
    // been too slow for a busy machine, and hides what to delete, so it is tried again.
    for await (const page of indexedFiles(query, target.source.name))
      for (const { path, blob, secret, unknown } of page)
        known.set(path, secret || unknown ? '' : blob);
  });
  const files = snapshot.files.filter(({ path, blob }) => known.get(path) !== blob);
  for (const { path } of snapshot.files) known.delete(path);
  for (const { file } of snapshot.problems) known.delete(file);
  return { ...snapshot, files, gone: [...known.keys()] };
}
