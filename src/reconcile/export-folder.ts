import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { makeFolder } from '../lib/folder.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { refusal } from './export-path.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Drafts that are open together; a process may have some thousand files open. */
const draftsAtOnce = 128;

interface Draft {
  readonly path: string;
  readonly full: string;
  readonly temporary: string;
  readonly file: number;
  /** Why the disk does not have the file; null once it has. */
  readonly problem: Promise<Error | null>;
}

/** A file that is there. */
export interface Present {
  readonly text: string;
  readonly mode: number;
}

/** No manifest is larger, but the index of a large export is. */
const largest = 64 * 1024 * 1024;

/**
 * The folder that an export writes to. Nothing outside of it is read or written and no link is
 * followed, except for links above the folder itself. Files are replaced whole or not at all: a
 * crash leaves at most some temporary files, `.plumbline-export-….tmp`, that nobody reads.
 *
 * It works synchronously on purpose: an export is a command of its own, and thousands of small files
 * take several times as long when each step goes through the thread pool. Only for the disk many drafts
 * wait at once, while the next ones are written.
 */
export class ExportFolder {
  readonly #root: string;
  /** The root and the folders below it that have been looked at in this run. */
  readonly #known = new Set<string>();
  /** Those that this run has made: they hold hardly anything that is to be read. */
  readonly #made = new Set<string>();
  /** Files that are written beside their places, and wait to be on the disk. */
  readonly #drafts: Draft[] = [];

  /** Creates the folder where there is none. Throws EXPORT_REFUSED. */
  constructor(folder: string) {
    const shown = escapeUntrusted(folder);
    const found = attempt(shown, () => look(folder));
    if (found?.isSymbolicLink() === true)
      throw stop(`${shown} is a link`, 'give the folder it leads to');
    if (found !== undefined && !found.isDirectory())
      throw stop(`${shown} is not a folder`, 'give a folder, or a name that is not taken');
    attempt(shown, () => makeFolder(resolve(folder)));
    this.#root = realpathSync(folder);
    this.#known.add(this.#root);
    if (found === undefined) this.#made.add(this.#root);
  }

  /** What a file is; undefined where there is none. Throws EXPORT_REFUSED for all that is not a plain text file. */
  read(path: string): Present | undefined {
    const full = this.#resolve(path);
    const folder = dirname(full);
    if (!this.#enter(folder, path, false)) return undefined;
    const found = attempt(path, () => {
      // Opening what is not there costs several times as much as a look.
      if (this.#made.has(folder) && look(full) === undefined) return undefined;
      return readPlain(full, path);
    });
    if (found === undefined) return undefined;
    try {
      return { text: utf8.decode(found.bytes), mode: found.mode };
    } catch {
      throw refusal(
        path,
        'the file in the way is not text in UTF-8',
        'move it away, or export to another folder',
      );
    }
  }

  /** True where so many files wait for their places that it is time for `makeRoom`. */
  get isFull(): boolean {
    return this.#drafts.length >= draftsAtOnce;
  }

  /**
   * Writes a file that is put there later, or in place of the one that `read` found there, with the mode
   * it had. Throws EXPORT_REFUSED.
   */
  write(path: string, content: string, before: Present | undefined): void {
    const full = this.#resolve(path);
    const folder = dirname(full);
    this.#enter(folder, path, true);
    attempt(path, () => {
      const temporary = `${folder}${sep}.plumbline-export-${randomUUID()}.tmp`;
      const file = writeNew(temporary, content, before?.mode);
      const problem = new Promise<Error | null>((resolve) => fsync(file, resolve));
      this.#drafts.push({ path, full, temporary, file, problem });
    });
  }

  /** Puts those files in their places that have waited longest, while the others go on. Throws EXPORT_REFUSED. */
  makeRoom(): Promise<void> {
    return this.#place(draftsAtOnce / 2);
  }

  /** Puts every file in its place that was written. Throws EXPORT_REFUSED. */
  settle(): Promise<void> {
    return this.#place(this.#drafts.length);
  }

  /** The first so many, once all of them are on the disk. */
  async #place(count: number): Promise<void> {
    const drafts = this.#drafts.splice(0, count);
    const problems = await Promise.all(drafts.map((it) => it.problem));
    for (const { file } of drafts) closeSync(file);
    let placed = 0;
    try {
      for (const { path, full, temporary } of drafts) {
        attempt(path, () => {
          const problem = problems[placed] ?? null;
          if (problem !== null) throw problem;
          failpoint('export.draft-written');
          renameSync(temporary, full);
          failpoint('export.file-renamed');
        });
        placed += 1;
      }
    } finally {
      for (const { temporary } of drafts.slice(placed)) discard(temporary);
    }
  }

  /** Takes a file away. Throws EXPORT_REFUSED. */
  remove(path: string): void {
    const full = this.#resolve(path);
    if (this.#enter(dirname(full), path, false)) attempt(path, () => unlinkSync(full));
  }

  #resolve(path: string): string {
    const full = join(this.#root, path);
    if (!full.startsWith(this.#root.endsWith(sep) ? this.#root : `${this.#root}${sep}`))
      throw refusal(path, 'the path leads out of the target', 'export with --layout kind instead');
    return full;
  }

  /** False where the folder is missing and not to be made. */
  #enter(folder: string, path: string, create: boolean): boolean {
    if (this.#known.has(folder)) return true;
    if (!this.#enter(dirname(folder), path, create)) return false;
    const found = attempt(path, () => {
      const before = look(folder);
      if (before !== undefined || !create) return before;
      mkdirSync(folder);
      this.#made.add(folder);
      return look(folder);
    });
    if (found === undefined) return false;
    if (!found.isDirectory())
      throw refusal(
        path,
        `the folder ${escapeUntrusted(relative(this.#root, folder))} is ${found.isSymbolicLink() ? 'a link' : 'not a folder'}`,
        'move it away, or export to another folder',
      );
    this.#known.add(folder);
    return true;
  }
}

/** What is there, links not followed; undefined for nothing. */
function look(full: string): Stats | undefined {
  return lstatSync(full, { throwIfNoEntry: false });
}

function refuseSpecial(found: Stats, path: string): void {
  if (found.isFile()) return;
  const what = found.isSymbolicLink() ? 'a link' : 'no plain file';
  throw refusal(path, `what is in the way is ${what}`, 'move it away, or export to another folder');
}

interface Plain {
  readonly bytes: Uint8Array;
  readonly mode: number;
}

function readPlain(full: string, path: string): Plain | undefined {
  let file: number;
  try {
    // A pipe would otherwise wait for its other end.
    file = openSync(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const found = look(full);
    if (found === undefined) return undefined;
    refuseSpecial(found, path);
    throw error;
  }
  try {
    const found = fstatSync(file);
    refuseSpecial(found, path);
    if (found.size > largest)
      throw refusal(
        path,
        'the file in the way is too large',
        'move it away, or export to another folder',
      );
    const bytes = Buffer.allocUnsafe(found.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(file, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return { bytes: bytes.subarray(0, length), mode: found.mode };
  } finally {
    closeSync(file);
  }
}

/** Gives the file still open; nothing is left where it throws. */
function writeNew(full: string, content: string, mode: number | undefined): number {
  const bytes = Buffer.from(content);
  const file = openSync(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  try {
    if (mode !== undefined) fchmodSync(file, mode & 0o777);
    let length = 0;
    while (length < bytes.length) length += writeSync(file, bytes, length);
    return file;
  } catch (error) {
    closeSync(file);
    discard(full);
    throw error;
  }
}

function discard(full: string): void {
  try {
    unlinkSync(full);
  } catch {
    // It may never have come into being; the failure that led here is the one to tell.
  }
}

/** A refusal of the whole export, without a place. */
function stop(message: string, hint: string, cause?: unknown): PlumblineError {
  return new PlumblineError('EXPORT_REFUSED', message, { hint, cause });
}

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ['there is no space left', 'make room and export again'],
  EDQUOT: ['the quota is used up', 'make room and export again'],
  EROFS: ['the file system is read-only', 'export to a folder that can be written'],
  EACCES: ['it is not allowed', 'export to a folder that can be written'],
  EPERM: ['it is not allowed', 'export to a folder that can be written'],
};

/** Whatever the file system refuses for one file it will refuse for the next, so it ends the export. */
function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    const code = String((error as NodeJS.ErrnoException).code ?? 'unknown');
    const [reason, hint] = reasons[code] ?? [code, 'look at the folder, then export again'];
    throw stop(`cannot export to ${escapeUntrusted(path)}: ${reason}`, hint, error);
  }
}
