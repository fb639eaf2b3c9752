import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { makeFolder } from '../lib/folder.ts';
import { defaultLimits, type SourceLimits } from './candidates.ts';
import {
  type GitAddress,
  type GitRef,
  gitAddress,
  type RemoteRef,
  remoteRef,
  subPath,
} from './git-address.ts';
import { commitLibrary, installedGit, readCommit } from './git-commit.ts';
import type { GitCredentials } from './git-environment.ts';
import { GitMirror } from './git-mirror.ts';
import { findFolder, listChanges, listTree, readBlobs, recallBlob } from './git-objects.ts';
import { type GitCall, GitProcess } from './git-process.ts';
import { type Signers, verifyCommit } from './git-verify.ts';
import type { Changes, Commit, Snapshot, SnapshotFile, Source } from './source.ts';

export interface GitSourceOptions {
  readonly name: string;
  readonly url: string;
  readonly ref: GitRef;
  /** The folder of the repository that holds the manifests; all of it without one. */
  readonly path?: string;
  /** How many commits are fetched; 1 is enough to know the files. */
  readonly depth?: number;
  readonly credentials?: GitCredentials;
  /** A private folder, on a disk that may be lost; made if it is missing. */
  readonly stateFolder: string;
  /** How long one call of git may take; 30 seconds without it. */
  readonly timeoutMs?: number;
  readonly limits?: SourceLimits;
  /** Whose signature every commit must bear that is read; nobody's without it. */
  readonly verify?: Signers;
  /** Allows `file://` and absolute paths. */
  readonly allowFile?: boolean;
  /** Allows plain http to hosts other than this one. */
  readonly allowInsecure?: boolean;
}

const defaultTimeoutMs = 30_000;
const neverAborted = new AbortController().signal;

/**
 * Manifests from a line of history of a Git repository, read out of a bare mirror: there is no work
 * tree, so no hook, filter, link or submodule of the repository ever comes to life.
 */
export class GitSource implements Source {
  readonly name: string;
  readonly origin: string;
  readonly #address: GitAddress;
  readonly #ref: RemoteRef;
  readonly #path: string;
  readonly #home: string;
  readonly #limits: SourceLimits;
  readonly #git: GitProcess;
  /** Made when something is to be read: it is named by a digest, and a look at where the remote is needs neither. */
  readonly #newMirror: () => GitMirror;
  #knownMirror: GitMirror | undefined;
  readonly #verify: Signers | undefined;
  #version: Promise<string> | undefined;

  /** Throws SOURCE_REFUSED for a URL, ref, path or credentials that are not safe to use. */
  constructor(options: GitSourceOptions) {
    const { allowFile = false, allowInsecure = false, depth = 1, credentials } = options;
    const stateFolder = resolve(options.stateFolder);
    this.name = options.name;
    this.#address = gitAddress(options.url, { allowFile, allowInsecure });
    this.#ref = remoteRef(options.ref);
    this.#path = subPath(options.path ?? '');
    this.#home = join(stateFolder, 'empty-home');
    this.#limits = options.limits ?? defaultLimits;
    this.origin = JSON.stringify(['git', options.url, this.#path, this.#limits]);
    this.#verify = options.verify;
    this.#git = new GitProcess({
      address: this.#address,
      credentials,
      home: this.#home,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    });
    this.#newMirror = () => {
      const folder = join(stateFolder, mirrorName(options.name, options.url));
      return new GitMirror(folder, this.#git, options.url, Math.max(1, depth));
    };
  }

  get #mirror(): GitMirror {
    this.#knownMirror ??= this.#newMirror();
    return this.#knownMirror;
  }

  async revision(signal: AbortSignal): Promise<string> {
    const { commit } = this.#ref;
    return this.#revisionOf(commit ?? (await this.#told(this.#askRemote(signal))));
  }

  async fetch(signal: AbortSignal): Promise<Snapshot> {
    const { commit, listing } = await this.#told(
      this.#take(signal, (call, folder) => listTree(this.#git, call, folder, this.#limits)),
    );
    return {
      revision: this.#revisionOf(commit.id),
      commit,
      ...listing,
      follows: (revision, until) => this.#told(this.#follows(commit.id, revision, until)),
      read: (files) => this.#read(files, signal),
    };
  }

  async recall({ path, blob }: Pick<SnapshotFile, 'path' | 'blob'>) {
    return recallBlob(this.#git, { mirror: this.#mirror.folder, signal: neverAborted }, path, blob);
  }

  async changes(since: string, signal: AbortSignal): Promise<Changes | undefined> {
    const known = /sha1:([0-9a-f]{40})$/.exec(since)?.[1];
    if (known === undefined) return undefined;
    const { commit, listing } = await this.#told(
      this.#take(signal, (call, folder) => this.#since(call, known, folder), known),
    );
    if (listing === undefined) return undefined;
    const { files, problems, paths } = listing;
    const there = new Set([...files.map((it) => it.path), ...problems.map((it) => it.file)]);
    return {
      revision: this.#revisionOf(commit.id),
      commit,
      files,
      problems,
      gone: paths.filter((path) => !there.has(path)),
      follows: (revision, until) => this.#told(this.#follows(commit.id, revision, until)),
      read: (wanted) => this.#read(wanted, signal),
    };
  }

  /** Nothing to do: a remote is asked from time to time, by whoever keeps the loop. */
  async watch(): Promise<void> {}

  async close(): Promise<void> {
    await this.#git.close();
  }

  /** The commit that the ref has at the remote, without fetching it. */
  async #askRemote(signal: AbortSignal): Promise<string> {
    makeFolder(this.#home, 0o700);
    const { name, title } = this.#ref;
    const asked = ['--end-of-options', this.#address.url, name, `${name}^{}`];
    const call = { signal, network: true };
    const printed = await this.#git
      .run(['ls-remote', '--quiet', ...asked], call)
      .catch(async (error: unknown) => {
        // An old git refuses what it does not know: then that is to be told. Most looks end here, so it is asked late.
        if (!signal.aborted) await this.#prepare();
        throw error;
      });
    const lines = printed.toString('utf8').split('\n');
    const ids = new Map(lines.map((it) => [it.slice(it.indexOf('\t') + 1), it.split('\t')[0]]));
    const id = ids.get(`${name}^{}`) ?? ids.get(name);
    if (id !== undefined && /^[0-9a-f]{40}$/.test(id)) return id;
    throw new PlumblineError('SOURCE_NOT_FOUND', `the repository has no ${title}`, {
      hint: 'check the name, and that the repository is not empty; nothing is deleted meanwhile',
    });
  }

  /** Brings the mirror up to date and lists what is wanted of the source's folder in it. */
  async #take<T>(
    signal: AbortSignal,
    list: (call: GitCall, folder: string) => Promise<T>,
    known?: string,
  ): Promise<{ readonly commit: Commit; readonly listing: T }> {
    // While git is asked for its version.
    await Promise.all([this.#prepare(), commitLibrary()]);
    const take = async (mirror: string, id: string) => {
      const call = { mirror, signal };
      const reading = readCommit(mirror, id, signal);
      if (this.#verify !== undefined) {
        const commit = await reading;
        await verifyCommit(this.#git, call, commit.id, this.#verify, dirname(this.#home));
      }
      const listed = findFolder(this.#git, call, id, this.#path).then((it) => list(call, it));
      const [commit, listing] = await Promise.all([reading, listed]);
      failpoint('mirror.listed');
      return { commit, listing };
    };
    return this.#mirror.use(this.#ref, signal, take, known);
  }

  /**
   * Undefined where git cannot compare the two: a fresh mirror has no commit but the newest, and what is
   * damaged is found, and healed, when everything is listed.
   */
  async #since(call: GitCall, commit: string, folder: string) {
    try {
      const before = await findFolder(this.#git, call, commit, this.#path);
      return await listChanges(this.#git, call, [before, folder], this.#limits);
    } catch (error) {
      if (error instanceof PlumblineError && error.code === 'SOURCE_DAMAGED') return undefined;
      throw error;
    }
  }

  /** A revision of another ref says nothing of this history: the source was pointed elsewhere. */
  async #follows(commit: string, revision: string, signal: AbortSignal): Promise<boolean> {
    const earlier = /(?:^|@)sha1:([0-9a-f]{40})$/.exec(revision)?.[1];
    if (earlier === undefined || this.#revisionOf(earlier) !== revision) return true;
    return this.#mirror.holdsInHistory(this.#ref, commit, earlier, signal);
  }

  async *#read(files: readonly SnapshotFile[], signal: AbortSignal) {
    try {
      yield* readBlobs(this.#git, { mirror: this.#mirror.folder, signal }, files);
    } catch (error) {
      const known = this.#named(error);
      if (known.code === 'SOURCE_DAMAGED') this.#mirror.doubt();
      throw known;
    }
  }

  async #prepare(): Promise<void> {
    makeFolder(this.#home, 0o700);
    this.#version ??= installedGit(this.#home);
    await this.#version.catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
  }

  #revisionOf(id: string): string {
    return `${this.#ref.prefix}sha1:${id}`;
  }

  /** Says of which source and which ref an error speaks. */
  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#named(error);
    }
  }

  #named(error: unknown): PlumblineError {
    const about = `source ${this.name}, ${this.#ref.title}`;
    if (!(error instanceof PlumblineError)) {
      return new PlumblineError('SOURCE_DAMAGED', `${about}: the mirror cannot be written`, {
        hint: `make '${dirname(this.#home)}' writable, and check that its disk has room`,
        cause: error,
      });
    }
    const { code, message, hint = '', cause } = error;
    return new PlumblineError(code, `${about}: ${message}`, { hint, cause: cause ?? error });
  }
}

/** A mirror belongs to a source and a URL: another URL never finds the objects of this one. */
function mirrorName(name: string, url: string): string {
  const digest = createHash('sha256').update(`${name}\0${url}`).digest('hex').slice(0, 12);
  return `${name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60)}-${digest}.git`;
}
