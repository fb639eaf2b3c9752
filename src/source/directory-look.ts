import type { BigIntStats } from 'node:fs';
import { compareText, type Diagnostic } from '../lib/diagnostic.ts';
import { digestOf, sha256 } from '../lib/digest.ts';
import { fileProblem, linkProblem, type SourceLimits, sizeProblem, tooMany } from './candidates.ts';
import {
  ChangedMeanwhile,
  type Met,
  specialProblem,
  unreadableProblem,
  walkFolder,
} from './folder-walk.ts';
import { inOrder } from './in-order.ts';
import { readRegularFile, sameMoment } from './regular-file.ts';
import type { SnapshotFile } from './source.ts';

/** A file whose content was read once, and what it looked like then. */
export interface Seen extends SnapshotFile {
  readonly at: string;
  readonly stat: BigIntStats;
  /** When it was read, in milliseconds since 1970. */
  readonly readAt: number;
}

/** All of a folder at one glance. */
export interface Look {
  readonly revision: string;
  readonly files: readonly Seen[];
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  readonly problems: readonly Diagnostic[];
  /** When a file or folder changed last, in milliseconds since 1970. */
  readonly changedAt: number;
  /** When a file changed last, in nanoseconds since 1970. */
  readonly writtenNs: bigint;
}

/** File systems keep times in grains of up to two seconds: within one, a second write leaves no trace. */
const grainMs = 2000;

/**
 * Looks at everything below a root. What `known` has seen, unchanged and long enough ago, is not read
 * again. Throws ChangedMeanwhile, SOURCE_LIMIT, and the system's error where the root cannot be read.
 */
export async function lookAt(
  root: string,
  limits: SourceLimits,
  known: ReadonlyMap<string, Seen>,
  now: () => number,
  signal: AbortSignal,
): Promise<Look> {
  const walk = await walkFolder(root, limits, signal);
  const problems = [...walk.problems, ...hardLinks(walk.files)];
  const refused = new Set(problems.map((it) => it.file));
  const alone = walk.files.filter((it) => !refused.has(it.path));
  const files: Seen[] = [];
  let total = 0;
  let writtenNs = 0n;
  const contents = inOrder(alone, 16, (it) => contentOf(it, limits, known.get(it.path), now));
  for await (const it of contents) {
    signal.throwIfAborted();
    if ('severity' in it) {
      problems.push(it);
      continue;
    }
    total += it.size;
    if (total > limits.totalBytes) throw tooMany('bytes', limits.totalBytes);
    if (it.stat.ctimeNs > writtenNs) writtenNs = it.stat.ctimeNs;
    files.push(it);
  }
  files.sort((a, b) => compareText(a.path, b.path));
  problems.sort((a, b) => compareText(a.file, b.file));
  return {
    revision: digestOf([
      files.map((it) => [it.path, it.blob]),
      problems.map((it) => [it.file, it.code]),
    ]),
    files,
    ignored: walk.ignored.sort((a, b) => compareText(a.path, b.path)),
    problems,
    changedAt: milliseconds(writtenNs > walk.changedNs ? writtenNs : walk.changedNs),
    writtenNs,
  };
}

/** Two names of one file: nobody can say which of them is meant, so both are refused. */
function hardLinks(files: readonly Met[]): Diagnostic[] {
  const names = new Map<string, string[]>();
  for (const { path, stat } of files) {
    if (stat.nlink === 1n) continue;
    const inode = `${stat.dev}:${stat.ino}`;
    names.set(inode, [...(names.get(inode) ?? []), path]);
  }
  return [...names.values()]
    .filter((it) => it.length > 1)
    .flat()
    .map((path) =>
      fileProblem(
        'FILE_LINK',
        path,
        'is a second name of another file in the source (a hard link)',
        'keep one of the names and remove the others',
      ),
    );
}

async function contentOf(
  { path, at, stat }: Met,
  limits: SourceLimits,
  known: Seen | undefined,
  now: () => number,
): Promise<Seen | Diagnostic> {
  if (known !== undefined && known.at === at && isSettled(known, stat)) return known;
  const readAt = now();
  const content = await readRegularFile(at, limits.fileBytes);
  if ('bytes' in content) {
    const { bytes, stat: read } = content;
    return { path, at, stat: read, size: bytes.length, blob: sha256(bytes), readAt };
  }
  switch (content.trouble) {
    case 'link':
      return linkProblem(path);
    case 'special':
      return specialProblem(path);
    case 'unreadable':
      return unreadableProblem(path);
    case 'large':
      return sizeProblem(path, content.size ?? stat.size, limits);
    case 'changed':
      throw new ChangedMeanwhile();
  }
}

function isSettled(known: Seen, stat: BigIntStats): boolean {
  return sameMoment(known.stat, stat) && milliseconds(stat.ctimeNs) < known.readAt - grainMs;
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
