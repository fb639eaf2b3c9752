import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { makeFolder } from '../lib/folder.ts';
import type { RemoteRef } from './git-address.ts';
import { hasCommit } from './git-objects.ts';
import type { GitProcess } from './git-process.ts';

const packFilesBeforeRepack = 60;
/** How much history is fetched to find a commit in it: first little, in the end all, which git writes so. */
const historyDepths = [50, 1000, 2_147_483_647];
const abandonedAfterMs = 3_600_000;

/**
 * A bare repository of our own that holds what was fetched. It is a cache: whatever is wrong with it,
 * it is thrown away and made again, so nothing in it is ever repaired in place.
 */
export class GitMirror {
  readonly folder: string;
  readonly #git: GitProcess;
  readonly #url: string;
  readonly #depth: number;
  #doubtful = false;

  constructor(folder: string, git: GitProcess, url: string, depth: number) {
    this.folder = folder;
    this.#git = git;
    this.#url = url;
    this.#depth = depth;
  }

  /** Says that something in the mirror could not be read: the next use makes a fresh one. */
  doubt(): void {
    this.#doubtful = true;
  }

  /**
   * Brings a ref up to date and hands the mirror and the id of what it stands for to `take`: that of a
   * commit, or of a tag of one. If that throws
   * SOURCE_DAMAGED, it is done once more with a fresh mirror, which replaces the old one only when
   * `take` was content with it. The commit `known` is kept, if it is there: what has changed since is
   * told by it.
   */
  async use<T>(
    ref: RemoteRef,
    signal: AbortSignal,
    take: (mirror: string, id: string) => Promise<T>,
    known?: string,
  ): Promise<T> {
    if (!this.#doubtful && (await exists(this.folder))) {
      try {
        return await take(this.folder, await this.#fetch(this.folder, ref, signal, { known }));
      } catch (error) {
        if (error instanceof PlumblineError && error.code !== 'SOURCE_DAMAGED') throw error;
      }
    }
    const fresh = `${this.folder}.new-${randomBytes(6).toString('hex')}`;
    try {
      await this.#sweep();
      await this.#git.run(['init', '--quiet', '--bare', '--template=', '--', fresh], { signal });
      const taken = await take(fresh, await this.#fetch(fresh, ref, signal));
      await this.#replaceBy(fresh);
      this.#doubtful = false;
      return taken;
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }

  /**
   * Whether the history of `commit`, which `ref` has, holds another commit. As much of it is fetched as
   * it takes to know, and in the end all.
   */
  async holdsInHistory(
    ref: RemoteRef,
    commit: string,
    earlier: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const call = { mirror: this.folder, signal };
    for (const depth of [...historyDepths, undefined]) {
      const input = `${earlier}\n`;
      const known = await this.#git.run(['cat-file', '--batch-check'], { ...call, input });
      if (!known.toString('latin1').includes(' missing')) {
        const options = ['--max-count=1', '--end-of-options', earlier, `^${commit}`];
        const beyond = await this.#git.run(['rev-list', ...options], call);
        if (beyond.length === 0) return true;
      }
      const shallow = await this.#git.run(['rev-parse', '--is-shallow-repository'], call);
      if (depth === undefined || shallow.toString('latin1').trim() !== 'true') break;
      await this.#fetch(this.folder, ref, signal, { depth });
    }
    return false;
  }

  /** Fetches one ref, without tags and no more history than wanted, and gives the id that it has then. */
  async #fetch(
    mirror: string,
    ref: RemoteRef,
    signal: AbortSignal,
    { depth = this.#depth, known }: { depth?: number | undefined; known?: string | undefined } = {},
  ): Promise<string> {
    const ours = `refs/plumbline/${createHash('sha256').update(ref.name).digest('hex').slice(0, 16)}`;
    if (ref.commit !== undefined && (await this.#holds(mirror, ref.commit, ours, signal))) {
      return ref.commit;
    }
    const options = [
      `--depth=${depth}`,
      '--quiet',
      '--force',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-auto-gc',
      '--no-write-fetch-head',
    ];
    await this.#git.run(
      ['fetch', ...options, '--end-of-options', this.#url, `+${ref.name}:${ours}`],
      { mirror, signal, network: true },
    );
    failpoint('mirror.fetched');
    await this.#repack(mirror, signal, known);
    return idOf(mirror, ours);
  }

  async #holds(mirror: string, commit: string, ours: string, signal: AbortSignal) {
    const args = ['for-each-ref', '--format=%(objectname)', '--end-of-options', ours];
    const found = await this.#git.run(args, { mirror, signal });
    return found.toString('latin1').trim() === commit;
  }

  /** Every fetch adds a pack, and what was rewritten stays in the old ones: from time to time they become one. */
  async #repack(mirror: string, signal: AbortSignal, known: string | undefined): Promise<void> {
    const packs = await readdir(join(mirror, 'objects', 'pack'));
    if (packs.length < packFilesBeforeRepack) return;
    if (known !== undefined && (await hasCommit(this.#git, { mirror, signal }, known)))
      await this.#git.run(['update-ref', '--no-deref', 'refs/plumbline/known', known], {
        mirror,
        signal,
      });
    await this.#git.run(['repack', '-a', '-d', '--quiet'], { mirror, signal });
    await this.#git.run(['prune', '--expire=now'], { mirror, signal });
  }

  /** A stop between the two renames leaves no mirror, which only costs a fetch. */
  async #replaceBy(fresh: string): Promise<void> {
    const old = `${this.folder}.old-${randomBytes(6).toString('hex')}`;
    if (await exists(this.folder)) await rename(this.folder, old);
    failpoint('mirror.moved-away');
    await rename(fresh, this.folder);
    failpoint('mirror.replaced');
    await rm(old, { recursive: true, force: true });
  }

  /** Removes what an earlier process began to make and never finished. */
  async #sweep(): Promise<void> {
    const parent = dirname(this.folder);
    makeFolder(parent, 0o700);
    for (const name of await readdir(parent)) {
      if (!/\.(?:new|old)-[0-9a-f]{12}$/.test(name)) continue;
      if (!name.startsWith(`${basename(this.folder)}.`)) continue;
      const { mtimeMs } = await stat(join(parent, name));
      if (Date.now() - mtimeMs < abandonedAfterMs) continue;
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

/**
 * What a ref of a mirror stands for. Nobody packs the refs of a mirror, so it is in a file of its own, and
 * to read that takes no process. Throws SOURCE_DAMAGED.
 */
async function idOf(mirror: string, ref: string): Promise<string> {
  const text = await readFile(join(mirror, ref), 'utf8').catch(() => '');
  if (/^[0-9a-f]{40}\n$/.test(text)) return text.trim();
  throw new PlumblineError('SOURCE_DAMAGED', 'the mirror of the repository has lost a ref', {
    hint: 'nothing to do: a fresh mirror is made at the next try',
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
