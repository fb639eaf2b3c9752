import { realpath, stat } from 'node:fs/promises';
import type { FSWatcher } from 'chokidar';
import { standingOf } from './candidates.ts';

export interface WatchListener {
  /** Something may have changed. */
  changed(): void;
  /** Hears, once, that the system cannot watch, and why. */
  notice(message: string): void;
}

export interface Watch {
  /** Leaves no watcher and no timer behind. */
  close(): Promise<void>;
}

const debounceMs = 50;
const rootEveryMs = 1000;
const pollEveryMs = 5000;
const readyWithinMs = 10_000;

/**
 * Says when it is time to look at a folder again. Only folders are watched, one watch each: the system
 * tells of the files in them. The root may vanish and come back, as another folder or as a link to
 * one; where the system has no watches left, it says so once and calls every five seconds instead.
 */
export async function watchFolder(root: string, listener: WatchListener): Promise<Watch> {
  const watch = new FolderWatch(root, listener);
  await watch.start();
  return watch;
}

class FolderWatch implements Watch {
  readonly #root: string;
  readonly #listener: WatchListener;
  #watcher: FSWatcher | undefined;
  #identity = '';
  #pending: NodeJS.Timeout | undefined;
  #rootTimer: NodeJS.Timeout | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #turn = Promise.resolve();
  #closed = false;

  constructor(root: string, listener: WatchListener) {
    this.#root = root;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    this.#identity = await identityOf(this.#root);
    await this.#arm();
    this.#rootTimer = setInterval(() => {
      this.#turn = this.#turn.then(() => this.#checkRoot());
    }, rootEveryMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#rootTimer);
    clearInterval(this.#pollTimer);
    clearTimeout(this.#pending);
    await this.#watcher?.close();
  }

  /** A watcher stays with the folder that had the name once; a new folder needs a new one. */
  async #checkRoot(): Promise<void> {
    const identity = await identityOf(this.#root);
    if (this.#closed || identity === this.#identity) return;
    this.#identity = identity;
    await this.#arm();
    this.#touch();
  }

  async #arm(): Promise<void> {
    await this.#watcher?.close();
    const root = await realpath(this.#root).catch(() => undefined);
    if (this.#closed || root === undefined || this.#pollTimer !== undefined) return;
    const { watch } = await import('chokidar');
    const watcher = watch(root, {
      followSymlinks: false,
      ignoreInitial: true,
      ignored: (path, stats) => stats?.isFile() === true || isHidden(path.slice(root.length)),
    });
    this.#watcher = watcher;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, readyWithinMs).unref();
      watcher
        .on('ready', resolve)
        .on('raw', (_event, path) => {
          if (mayMatter(path ?? '')) this.#touch();
        })
        .on('all', (event, path) => {
          if (event === 'unlinkDir' && path === root) this.#identity = '';
          this.#touch();
        })
        .on('error', (error) => {
          this.#poll(error);
          resolve();
        });
    });
  }

  #touch(): void {
    if (this.#closed) return;
    this.#pending ??= setTimeout(() => {
      this.#pending = undefined;
      this.#listener.changed();
    }, debounceMs);
  }

  #poll(error: unknown): void {
    if (this.#closed || this.#pollTimer !== undefined) return;
    this.#pollTimer = setInterval(() => {
      this.#touch();
    }, pollEveryMs).unref();
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    this.#listener.notice(
      `the folder '${this.#root}' cannot be watched (${why}); it is looked at every ${pollEveryMs / 1000} seconds instead`,
    );
  }
}

/** Which folder the name leads to now; empty for none. */
async function identityOf(root: string): Promise<string> {
  try {
    const path = await realpath(root);
    const found = await stat(path, { bigint: true });
    const { dev, ino, birthtimeNs } = found;
    return found.isDirectory() ? `${path}:${dev}:${ino}:${birthtimeNs}` : '';
  } catch {
    return '';
  }
}

/** Hidden folders hold no manifests, except those of a mounted ConfigMap, which begin with two dots. */
function isHidden(path: string): boolean {
  return path.split('/').some((it) => it.startsWith('.') && it !== '.' && !it.startsWith('..'));
}

/** What has no extension may be a folder, or the link that a ConfigMap swaps. */
function mayMatter(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name.startsWith('..')) return true;
  return standingOf(name).candidate || (!name.startsWith('.') && !name.includes('.'));
}
