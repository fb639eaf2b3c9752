import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256 } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { type Clock, systemClock } from '../lib/time.ts';
import { defaultLimits, type SourceLimits } from './candidates.ts';
import { type Look, lookAt, type Seen } from './directory-look.ts';
import { ChangedMeanwhile } from './folder-walk.ts';
import { inOrder } from './in-order.ts';
import { readRegularFile } from './regular-file.ts';
import type { Changes, Snapshot, SnapshotFile, Source } from './source.ts';
import { type Watch, watchFolder } from './watch.ts';

export interface DirectorySourceOptions {
  readonly name: string;
  /** The folder; it may be a link, which is followed anew at every look. */
  readonly root: string;
  readonly limits?: SourceLimits;
  /** For how long a file must rest before it is used, in milliseconds; 200 without it. */
  readonly stableMs?: number;
  readonly clock?: Clock;
  /** Hears, once, what makes watching less prompt. */
  readonly onNotice?: (message: string) => void;
}

/** The root as one look found it. */
interface Root {
  readonly path: string;
  readonly identity: string;
}

interface Glance {
  readonly look: Look;
  readonly root: Root;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
}

const looksBeforeGivingUp = 8;
const nextRun = 'nothing to do: the next run reads it anew';

/**
 * Manifests from a folder. What counts is the content that a look at the whole folder finds; events
 * only say that it is time to look. A folder in which something changed just now is looked at again
 * until two looks in a row agree, so that a half-written file or a half-made copy is never used.
 */
export class DirectorySource implements Source {
  readonly name: string;
  readonly origin: string;
  readonly #root: string;
  readonly #limits: SourceLimits;
  readonly #stableMs: number;
  readonly #clock: Clock;
  readonly #onNotice: (message: string) => void;
  #known: ReadonlyMap<string, Seen> = new Map();
  /** The look that the last snapshot was made of. */
  #taken: Look | undefined;
  /** The root of the last look that was believed. */
  #believed: string | undefined;
  #watch: Watch | undefined;

  constructor(options: DirectorySourceOptions) {
    this.name = options.name;
    this.#root = resolve(options.root);
    this.#limits = options.limits ?? defaultLimits;
    this.origin = JSON.stringify(['directory', this.#root, this.#limits]);
    this.#stableMs = options.stableMs ?? 200;
    this.#clock = options.clock ?? systemClock;
    this.#onNotice = options.onNotice ?? (() => undefined);
  }

  async revision(signal: AbortSignal): Promise<string> {
    return (await this.#settledLook(signal)).revision;
  }

  async fetch(signal: AbortSignal): Promise<Snapshot> {
    return this.#snapshot(await this.#settledLook(signal));
  }

  /** It looks at everything, as it must; what has not changed since the last look is not read again. */
  async changes(since: string, signal: AbortSignal): Promise<Changes | undefined> {
    const before = this.#taken;
    if (before?.revision !== since) return undefined;
    const now = this.#snapshot(await this.#settledLook(signal));
    const known = new Map(before.files.map((it) => [it.path, it.blob]));
    for (const { file } of before.problems) known.set(file, '');
    const files = now.files.filter(({ path, blob }) => known.get(path) !== blob);
    for (const { path } of now.files) known.delete(path);
    for (const { file } of now.problems) known.delete(file);
    return { ...now, files, gone: [...known.keys()] };
  }

  #snapshot(look: Look): Snapshot {
    const { revision, files, ignored, problems } = look;
    this.#taken = look;
    return {
      revision,
      files: files.map(({ path, blob, size }) => ({ path, blob, size })),
      ignored,
      problems,
      read: (wanted) => this.#read(wanted, new Map(files.map((it) => [it.path, it.at]))),
    };
  }

  async recall({ path, blob }: Pick<SnapshotFile, 'path' | 'blob'>) {
    const content = await readRegularFile(join(this.#root, path), this.#limits.fileBytes);
    return 'bytes' in content && sha256(content.bytes) === blob ? content.bytes : undefined;
  }

  async watch(changed: () => void): Promise<void> {
    await this.#watch?.close();
    this.#watch = await watchFolder(this.#root, { changed, notice: this.#onNotice });
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    this.#watch = undefined;
  }

  /** A look that can be believed: nothing changed just now, or the look before saw the same. */
  async #settledLook(signal: AbortSignal): Promise<Look> {
    let before: Glance | undefined;
    for (let looks = 0; looks < looksBeforeGivingUp; looks += 1) {
      if (looks > 0) await this.#clock.sleep(this.#stableMs, signal);
      if (signal.aborted) throw this.#error('SOURCE_TIMEOUT', 'was not read to its end', nextRun);
      const now = await this.#look(signal);
      if (now === undefined) continue;
      if (agree(before, now) || this.#isQuiet(now)) return this.#believe(now);
      before = now;
    }
    const hint = 'wait until it is quiet; write manifests to a temporary name and rename them';
    throw this.#error('SOURCE_UNSTABLE', 'keeps changing while it is read', hint);
  }

  /** One look; undefined where something changed under it. */
  async #look(signal: AbortSignal): Promise<Glance | undefined> {
    const root = await this.#findRoot();
    const now = () => this.#clock.now().getTime();
    const startedAt = now();
    try {
      const look = await lookAt(root.path, this.#limits, this.#known, now, signal);
      this.#known = new Map(look.files.map((it) => [it.path, it]));
      const after = await this.#findRoot();
      return after.identity === root.identity ? { look, root, startedAt } : undefined;
    } catch (error) {
      if (error instanceof ChangedMeanwhile || signal.aborted) return undefined;
      if (error instanceof PlumblineError) throw error;
      throw this.#failed(error);
    }
  }

  #isQuiet({ look, root, startedAt }: Glance): boolean {
    const known = this.#believed === undefined || this.#believed === root.identity;
    return known && startedAt - look.changedAt >= this.#stableMs;
  }

  /** An empty folder in the place of the one we knew is what a lost mount looks like. */
  #believe({ look, root }: Glance): Look {
    const replaced = this.#believed !== undefined && this.#believed !== root.identity;
    if (replaced && look.files.length === 0) {
      const hint = 'put the manifests back; if it is meant to be empty, restart Plumbline';
      throw this.#error('SOURCE_NOT_FOUND', 'was replaced by an empty one', hint);
    }
    this.#believed = root.identity;
    return look;
  }

  async #findRoot(): Promise<Root> {
    try {
      const path = await realpath(this.#root);
      const found = await stat(path, { bigint: true });
      const { dev, ino, birthtimeNs } = found;
      const identity = `${path}:${dev}:${ino}:${birthtimeNs}`;
      if (found.isDirectory()) return { path, identity };
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errno(error))) throw this.#failed(error);
    }
    const hint = 'make the folder or correct the source; nothing is deleted meanwhile';
    throw this.#error('SOURCE_NOT_FOUND', 'does not exist', hint);
  }

  /** What the system's refusal to show the root means. */
  #failed(error: unknown): PlumblineError {
    const code = errno(error);
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'give the user that runs Plumbline the right to read the folder';
      return this.#error('SOURCE_DENIED', 'may not be read', hint);
    }
    const hint = 'check the disk or mount that holds the folder';
    return this.#error('SOURCE_UNREACHABLE', `fails with ${code}`, hint);
  }

  async *#read(wanted: readonly SnapshotFile[], places: ReadonlyMap<string, string>) {
    const contents = inOrder(wanted, 16, async (file) => {
      const content = await readRegularFile(places.get(file.path) ?? '', this.#limits.fileBytes);
      return { file, content };
    });
    for await (const { file, content } of contents) {
      if (!('bytes' in content) || sha256(content.bytes) !== file.blob) {
        const message = `changed while it was read, in '${escapeUntrusted(file.path)}'`;
        throw this.#error('SOURCE_UNSTABLE', message, nextRun);
      }
      yield { file, bytes: content.bytes };
    }
  }

  #error(code: PlumblineError['code'], what: string, hint: string): PlumblineError {
    const message = `source ${this.name}: the folder '${escapeUntrusted(this.#root)}' ${what}`;
    return new PlumblineError(code, message, { hint });
  }
}

function agree(before: Glance | undefined, now: Glance): boolean {
  return (
    before?.look.revision === now.look.revision &&
    before.look.writtenNs === now.look.writtenNs &&
    before.root.identity === now.root.identity
  );
}

function errno(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'an unknown error';
}
