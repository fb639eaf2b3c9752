import { createHash } from 'node:crypto';
import { compareText, type Diagnostic } from '../lib/diagnostic.ts';
import { PlumblineError } from '../lib/errors.ts';
import {
  fileProblem,
  isUnreadableName,
  linkProblem,
  mayHideManifests,
  nameProblem,
  type SourceLimits,
  sizeProblem,
  standingOf,
  tooMany,
} from './candidates.ts';
import type { GitCall, GitProcess } from './git-process.ts';
import type { SnapshotFile } from './source.ts';

/** A commit's tree, judged: every candidate is known to be readable, with its size. */
export interface Listing {
  readonly files: readonly SnapshotFile[];
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  readonly problems: readonly Diagnostic[];
}

interface Entry {
  readonly mode: string;
  readonly id: string;
  readonly path: string;
}

/** What git calls a folder of a commit. Throws SOURCE_NOT_FOUND where there is no such folder. */
export async function findFolder(
  git: GitProcess,
  call: GitCall,
  commit: string,
  path: string,
): Promise<string> {
  if (path === '') return commit;
  const args = ['ls-tree', '-z', '--full-tree', '--end-of-options', commit, path];
  const [entry] = entries(await git.run(args, call));
  if (entry?.mode === '040000') return entry.id;
  throw new PlumblineError('SOURCE_NOT_FOUND', `the repository has no folder '${path}'`, {
    hint: "correct the source's path; nothing is deleted while it is missing",
  });
}

/**
 * Everything below a tree. Throws SOURCE_DAMAGED where one object cannot be read, SOURCE_LIMIT where
 * there is more than the limits allow.
 */
export async function listTree(
  git: GitProcess,
  call: GitCall,
  tree: string,
  limits: SourceLimits,
): Promise<Listing> {
  const printed = await git.run(['ls-tree', '-r', '-z', '--end-of-options', tree], call);
  return judged(git, call, entries(printed), limits);
}

/**
 * What has changed from one tree to another, judged as a listing would, and every path that changed.
 * Throws as `listTree` does.
 */
export async function listChanges(
  git: GitProcess,
  call: GitCall,
  trees: readonly [string, string],
  limits: SourceLimits,
): Promise<Listing & { readonly paths: readonly string[] }> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--end-of-options', ...trees];
  const fields = (await git.run(args, call)).toString('utf8').split('\0');
  const paths: string[] = [];
  const there: Entry[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode, , id, status] = (fields[at] as string).split(' ');
    const path = fields[at + 1] as string;
    if (mode === undefined || id === undefined) throw damaged('a difference is garbled');
    paths.push(path);
    if (status !== 'D') there.push({ mode, id, path });
  }
  return { ...(await judged(git, call, there, limits)), paths };
}

/** Whether the mirror has a commit. */
export async function hasCommit(git: GitProcess, call: GitCall, id: string): Promise<boolean> {
  const printed = await git.run(['cat-file', '--batch-check'], { ...call, input: `${id}\n` });
  return printed.toString('latin1').startsWith(`${id} commit `);
}

/** Entries of a tree by what they are to us. */
async function judged(
  git: GitProcess,
  call: GitCall,
  found: readonly Entry[],
  limits: SourceLimits,
): Promise<Listing> {
  const ignored = new Map<string, string>();
  const problems: Diagnostic[] = [];
  const candidates: Entry[] = [];
  for (const entry of found) {
    const problem = entryProblem(entry);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const standing = standingOf(entry.path);
    if (!standing.candidate) ignored.set(standing.path, standing.reason);
    else if (entry.mode === '120000') ignored.set(entry.path, 'a link');
    else candidates.push(entry);
  }
  if (candidates.length > limits.files) throw tooMany('files', limits.files);
  const sizes = await sizesOf(git, call, candidates);
  const files: SnapshotFile[] = [];
  let total = 0;
  candidates.forEach((it, index) => {
    const size = sizes[index] as number;
    if (size > limits.fileBytes) {
      problems.push(sizeProblem(it.path, size, limits));
      return;
    }
    total += size;
    // Joined, because V8 keeps what is put together in pieces, and these stay as long as the run.
    files.push({ path: it.path, blob: ['sha1:', it.id].join(''), size });
  });
  if (total > limits.totalBytes) throw tooMany('bytes', limits.totalBytes);
  return {
    files: files.sort((a, b) => compareText(a.path, b.path)),
    ignored: [...ignored]
      .map(([path, reason]) => ({ path, reason }))
      .sort((a, b) => compareText(a.path, b.path)),
    problems: problems.sort((a, b) => compareText(a.file, b.file)),
  };
}

function entryProblem({ mode, path }: Entry): Diagnostic | undefined {
  const standing = standingOf(path);
  if (!standing.candidate && standing.reason === 'hidden') return undefined;
  if (mode === '160000') {
    return fileProblem(
      'FILE_SPECIAL',
      path,
      'is a submodule, and submodules are never fetched',
      'give the other repository a source of its own, or narrow the path of this one',
    );
  }
  if (mode === '120000') return mayHideManifests(path) ? linkProblem(path) : undefined;
  return standing.candidate && isUnreadableName(path) ? nameProblem(path) : undefined;
}

const idLength = 40;
const objectId = /^[0-9a-f]{40}$/;

/** Reads `mode type id<tab>path<NUL>`. Bytes that are no UTF-8 become U+FFFD, which marks the name. */
function entries(printed: Buffer): Entry[] {
  const found: Entry[] = [];
  let start = 0;
  while (start < printed.length) {
    const space = printed.indexOf(32, start);
    const tab = printed.indexOf(9, start);
    const end = printed.indexOf(0, start);
    const id = printed.toString('latin1', tab - idLength, tab);
    if (!(start < space && space < tab && tab < end) || !objectId.test(id))
      throw damaged('a tree is garbled');
    // Each text is made on its own: a piece of a text keeps the whole of that one in memory.
    const mode = printed.toString('latin1', start, space);
    found.push({ mode, id, path: printed.toString('utf8', tab + 1, end) });
    start = end + 1;
  }
  return found;
}

/** The size of every candidate, which also proves that git can find it. */
async function sizesOf(
  git: GitProcess,
  call: GitCall,
  candidates: readonly Entry[],
): Promise<number[]> {
  if (candidates.length === 0) return [];
  const input = candidates.map((it) => `${it.id}\n`).join('');
  const printed = await git.run(['cat-file', '--batch-check'], { ...call, input });
  const lines = printed.toString('latin1').split('\n');
  return candidates.map(({ id, path }, index) => {
    const [object, type, size] = (lines[index] ?? '').split(' ');
    if (object !== id || type !== 'blob') throw damaged(`the content of '${path}' is missing`);
    return Number(size);
  });
}

/**
 * The bytes of blobs, in the order asked for, from one `cat-file --batch`. Each is hashed: what does
 * not match its id throws SOURCE_DAMAGED.
 */
export async function* readBlobs(
  git: GitProcess,
  call: GitCall,
  files: readonly SnapshotFile[],
): AsyncGenerator<{ readonly file: SnapshotFile; readonly bytes: Uint8Array }> {
  if (files.length === 0) return;
  const input = files.map((it) => `${idOf(it)}\n`).join('');
  const output = new ByteReader(
    git.stream(['cat-file', '--batch', '--buffer'], { ...call, input }),
  );
  try {
    for (const file of files) {
      const id = idOf(file);
      const header = (await output.line()).toString('latin1');
      if (header !== `${id} blob ${file.size}`) throw damaged(`'${file.path}' is missing`);
      const bytes = await output.take(file.size);
      await output.take(1);
      if (blobId(bytes) !== id) throw damaged(`'${file.path}' is not what was committed`);
      yield { file, bytes };
    }
  } finally {
    await output.close();
  }
}

/** The bytes of a blob that a mirror may still hold; undefined where it does not, or where there is no mirror. */
export async function recallBlob(
  git: GitProcess,
  call: GitCall,
  path: string,
  blob: string,
): Promise<Uint8Array | undefined> {
  try {
    const id = idOf({ path, blob, size: 0 });
    const printed = await git.run(['cat-file', '--batch-check'], { ...call, input: `${id}\n` });
    const size = Number(/^\w+ blob (\d+)\n$/.exec(printed.toString('latin1'))?.[1]);
    for await (const { bytes } of readBlobs(git, call, [{ path, blob, size }])) return bytes;
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
  }
  return undefined;
}

function idOf(file: SnapshotFile): string {
  const id = /^sha1:([0-9a-f]{40})$/.exec(file.blob)?.[1];
  if (id === undefined) throw damaged(`'${file.path}' has no content id of git`);
  return id;
}

function blobId(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Takes lines and exact numbers of bytes out of a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncGenerator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncGenerator<Buffer>) {
    this.#chunks = chunks;
  }

  async line(): Promise<Buffer> {
    let end = this.#held.indexOf(10);
    while (end < 0) {
      await this.#more(1);
      end = this.#held.indexOf(10);
    }
    const line = await this.take(end);
    this.#held = this.#held.subarray(1);
    return line;
  }

  async take(count: number): Promise<Buffer> {
    if (this.#held.length < count) await this.#more(count - this.#held.length);
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }

  async #more(atLeast: number): Promise<void> {
    const parts = [this.#held];
    let missing = atLeast;
    while (missing > 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) throw damaged('the content of a file breaks off');
      parts.push(value);
      missing -= value.length;
    }
    this.#held = Buffer.concat(parts);
  }
}

function damaged(what: string): PlumblineError {
  return new PlumblineError('SOURCE_DAMAGED', `the mirror of the repository is damaged: ${what}`, {
    hint: 'nothing to do: a fresh mirror is made at the next try',
  });
}
