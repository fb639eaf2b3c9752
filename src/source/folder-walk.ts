import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../lib/diagnostic.ts';
import {
  fileProblem,
  isUnreadableName,
  linkProblem,
  mayHideManifests,
  nameProblem,
  type SourceLimits,
  standingOf,
  tooMany,
} from './candidates.ts';
import { inOrder } from './in-order.ts';
import { troubleOf } from './regular-file.ts';

/** A candidate as the walk met it; nothing of it was opened yet. */
export interface Met {
  readonly path: string;
  /** Where it really is: the same place below the root, or inside a mounted ConfigMap. */
  readonly at: string;
  readonly stat: BigIntStats;
}

/** What a walk over a folder met, in no order. */
export interface Walk {
  readonly files: Met[];
  readonly ignored: { readonly path: string; readonly reason: string }[];
  readonly problems: Diagnostic[];
  /** When a folder changed last, in nanoseconds since 1970. */
  changedNs: bigint;
}

/** Says that something vanished or turned into something else meanwhile, so that the walk proves nothing. */
export class ChangedMeanwhile extends Error {}

interface Folder {
  readonly path: string;
  readonly at: string;
  /** The folder that `..data` points to, where Kubernetes mounted a ConfigMap or Secret here. */
  readonly mounted?: string;
}

/**
 * Meets everything below a root without following a link and without opening a file. Kubernetes
 * mounts a ConfigMap or Secret as `a.yaml -> ..data/a.yaml` and `..data -> ..2026_01_02`; those links,
 * and only those, are taken for what they stand for; where the link is swapped meanwhile, the walk goes
 * on in the folder it led to at first. Throws ChangedMeanwhile, SOURCE_LIMIT where there
 * are more candidates than the limits allow, and the system's error where the root cannot be read.
 */
export async function walkFolder(
  root: string,
  limits: SourceLimits,
  signal: AbortSignal,
): Promise<Walk> {
  const walk: Walk = { files: [], ignored: [], problems: [], changedNs: 0n };
  const waiting: Folder[] = [{ path: '', at: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    signal.throwIfAborted();
    const entries = await entriesOf(next, walk);
    const folder = await withMount(next, entries);
    const inside = inOrder(entries, 32, (entry) => meet(folder, entry, walk));
    for await (const below of inside) if (below !== undefined) waiting.push(below);
    if (walk.files.length > limits.files) throw tooMany('files', limits.files);
  }
  return walk;
}

/** The entries of a folder; none, and a problem told, where they cannot be known. */
async function entriesOf({ path, at }: Folder, walk: Walk): Promise<Dirent[]> {
  try {
    const stat = await lstat(at, { bigint: true });
    if (stat.isDirectory()) {
      if (stat.ctimeNs > walk.changedNs) walk.changedNs = stat.ctimeNs;
      return await readdir(at, { withFileTypes: true });
    }
  } catch (error) {
    if (troubleOf(error) === 'unreadable') {
      if (path === '') throw error;
      walk.problems.push(unreadableProblem(path));
      return [];
    }
  }
  throw new ChangedMeanwhile();
}

async function withMount(folder: Folder, entries: readonly Dirent[]): Promise<Folder> {
  const link = entries.find((it) => it.name === '..data' && it.isSymbolicLink());
  if (link === undefined) return folder;
  const target = await readlink(join(folder.at, link.name)).catch(() => undefined);
  const beside = entries.some((it) => it.name === target && it.isDirectory());
  const named = target !== undefined && /^\.\.[^./][^/]*$/.test(target);
  return named && beside ? { ...folder, mounted: target } : folder;
}

/** Puts one entry where it belongs; gives it back where it is a folder to walk next. */
async function meet(folder: Folder, entry: Dirent, walk: Walk): Promise<Folder | undefined> {
  const { name } = entry;
  const ofMount = folder.mounted !== undefined && (name === '..data' || name === folder.mounted);
  if (ofMount) return undefined;
  const path = folder.path === '' ? name : `${folder.path}/${name}`;
  const at = join(folder.at, name);
  const standing = standingOf(path);
  if (!standing.candidate && standing.reason === 'hidden') walk.ignored.push(standing);
  else if (entry.isSymbolicLink()) return meetLink(folder, name, { path, at }, walk);
  else if (entry.isDirectory()) return meetFolder({ path, at }, walk);
  else if (!standing.candidate) walk.ignored.push(standing);
  else if (!entry.isFile()) walk.problems.push(specialProblem(path));
  else await meetFile({ path, at }, walk);
  return undefined;
}

function meetFolder(folder: Folder, walk: Walk): Folder | undefined {
  if (!isUnreadableName(folder.path)) return folder;
  walk.problems.push(nameProblem(folder.path));
  return undefined;
}

async function meetFile({ path, at }: Folder, walk: Walk): Promise<void> {
  if (isUnreadableName(path)) {
    walk.problems.push(nameProblem(path));
    return;
  }
  const stat = await lstat(at, { bigint: true }).catch((error: unknown) => troubleOf(error));
  if (stat === 'unreadable') walk.problems.push(unreadableProblem(path));
  else if (typeof stat === 'string' || !stat.isFile()) throw new ChangedMeanwhile();
  else walk.files.push({ path, at, stat });
}

async function meetLink(
  folder: Folder,
  name: string,
  { path, at }: Folder,
  walk: Walk,
): Promise<Folder | undefined> {
  if (folder.mounted !== undefined && (await readlink(at)) === `..data/${name}`) {
    const real = join(folder.at, folder.mounted, name);
    const stat = await lstat(real).catch(() => undefined);
    if (stat === undefined) throw new ChangedMeanwhile();
    if (stat.isDirectory()) return meetFolder({ path, at: real }, walk);
    const standing = standingOf(path);
    if (!standing.candidate) walk.ignored.push(standing);
    else if (stat.isFile()) await meetFile({ path, at: real }, walk);
    else walk.problems.push(linkProblem(path));
    return undefined;
  }
  if (mayHideManifests(path)) walk.problems.push(linkProblem(path));
  else walk.ignored.push({ path, reason: 'a link' });
  return undefined;
}

export function specialProblem(path: string): Diagnostic {
  return fileProblem(
    'FILE_SPECIAL',
    path,
    'is a pipe, socket or device, not a file',
    'remove it from the watched folder',
  );
}

export function unreadableProblem(path: string): Diagnostic {
  return fileProblem(
    'FILE_UNREADABLE',
    path,
    'cannot be read',
    'give the user that runs Plumbline the right to read it',
  );
}
