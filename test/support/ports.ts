import { createHash } from 'node:crypto';
import { Brokers } from '../../src/broker/brokers.ts';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import type { Endpoint } from '../../src/endpoint/endpoint.ts';
import { recordEndpoint } from '../../src/endpoint/record.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { LocalVault } from '../../src/kinds/secret/local-vault.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { SealingKey } from '../../src/lib/seal.ts';
import type { Clock } from '../../src/lib/time.ts';
import type { KindSet } from '../../src/manifest/kind.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import type { Policy } from '../../src/plan/change.ts';
import type { Ports, Target } from '../../src/reconcile/ports.ts';
import type { Changes, Snapshot, Source } from '../../src/source/source.ts';
import type { Database, Query } from '../../src/store/database.ts';
import { openStore } from '../../src/store/open.ts';
import { memoryMarks } from '../../src/store/parse-marks.ts';
import type { Test } from './tap.ts';

/** A source that has what the test puts there, or fails as it says. */
export class FakeSource implements Source {
  readonly name: string = 'team';
  readonly origin = 'a test';
  readonly #fetched = new Map<string, Snapshot>();
  /** How often it told what has changed. */
  told = 0;
  /** Whether it never knows what has changed. */
  forgets = false;
  files: Readonly<Record<string, string>>;
  /** Thrown by every question as long as it is set. */
  failure: PlumblineError | undefined;
  /** Awaited before every answer. */
  gate: Promise<void> = Promise.resolve();
  asked = 0;
  closed = false;

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.files = files;
  }

  async revision(): Promise<string> {
    this.asked += 1;
    const { files } = this;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return `sha256:${createHash('sha256').update(JSON.stringify(files)).digest('hex')}`;
  }

  /** What has changed since a revision that was read before; the whole must be fetched where `forgets`. */
  async changes(since: string): Promise<Changes | undefined> {
    const before = this.#fetched.get(since);
    if (before === undefined || this.forgets) return undefined;
    const now = await this.fetch();
    this.told += 1;
    const known = new Map(before.files.map((it) => [it.path, it.blob]));
    const files = now.files.filter(({ path, blob }) => known.get(path) !== blob);
    for (const { path } of now.files) known.delete(path);
    for (const { file } of now.problems) known.delete(file);
    return { ...now, files, gone: [...known.keys()] };
  }

  async fetch(): Promise<Snapshot> {
    const texts = this.files;
    const revision = await this.revision();
    const snapshot = this.#snapshot(texts, revision);
    this.#fetched.set(revision, snapshot);
    return snapshot;
  }

  #snapshot(texts: Readonly<Record<string, string>>, revision: string): Snapshot {
    const files = Object.keys(texts)
      .sort()
      .map((path) => ({
        path,
        blob: createHash('sha256')
          .update(texts[path] as string)
          .digest('hex'),
        size: 0,
      }));
    return {
      revision,
      files,
      ignored: [],
      problems: [],
      read: async function* (wanted) {
        for (const file of wanted) yield { file, bytes: Buffer.from(texts[file.path] as string) };
      },
    };
  }

  async recall({ path }: { readonly path: string }): Promise<Uint8Array | undefined> {
    const text = this.files[path];
    return text === undefined ? undefined : Buffer.from(text);
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Time that stands still until the test moves it; the wall clock can be set apart from it. */
export class FakeClock implements Clock {
  wall = Date.parse('2026-03-01T12:00:00.000Z');
  #passed = 0;
  #sleepers: { readonly due: number; readonly wake: () => void }[] = [];
  /** Every sleep that was asked for, in milliseconds. */
  readonly slept: number[] = [];

  get sleeping(): number {
    return this.#sleepers.length;
  }

  now(): Date {
    return new Date(this.wall);
  }

  monotonic(): number {
    return this.#passed;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(milliseconds);
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { due: this.#passed + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => this.#wake(sleeper));
    });
  }

  advance(milliseconds: number): void {
    this.wall += milliseconds;
    this.#passed += milliseconds;
    for (const sleeper of [...this.#sleepers]) if (sleeper.due <= this.#passed) this.#wake(sleeper);
  }

  #wake(sleeper: { readonly due: number; readonly wake: () => void }): void {
    this.#sleepers = this.#sleepers.filter((it) => it !== sleeper);
    sleeper.wake();
  }
}

/** An endpoint that keeps what it was told, and refuses what the test wants refused. */
export class FakeEndpoint implements Endpoint {
  readonly identity: string = 'https://endpoint.example.com';
  readonly limits = recordEndpoint.limits;
  /** What it answers to every prompt; without it there is nothing to ask. */
  says: string | undefined;
  readonly calls: { readonly verb: string; readonly key: string; readonly idempotency: string }[] =
    [];
  /** Names of records for which every call fails. */
  readonly refused = new Set<string>();

  async publish(record: LiveRecord, idempotencyKey: string) {
    return this.#answer('published', record, idempotencyKey);
  }

  async withdraw(record: LiveRecord, idempotencyKey: string) {
    return this.#answer('withdrawn', record, idempotencyKey);
  }

  async prompt(...asked: Parameters<Endpoint['prompt']>) {
    return this.says ?? recordEndpoint.prompt(...asked);
  }

  /** What every record's endpoint was told last. */
  standing(): Record<string, string> {
    return Object.fromEntries(this.calls.map(({ key, verb }) => [key, verb]));
  }

  #answer<V extends 'published' | 'withdrawn'>(state: V, record: LiveRecord, idempotency: string) {
    if (this.refused.has(record.key.name))
      throw new PlumblineError('SOURCE_UNREACHABLE', 'the gateway does not answer');
    this.calls.push({ verb: state, key: keyId(record.key), idempotency });
    return { state };
  }
}

/** Where a database call fails: before it did anything, before its commit, or after it. */
export type Moment = 'begin' | 'commit' | 'committed';

/** A database that fails once, at the n-th call of a kind, or from then on for good, like a process that died. */
export class FailingDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly location = 'a database that fails';
  readonly #inner: Database;
  readonly #call: 'read' | 'write';
  readonly #nth: number;
  readonly #moment: Moment;
  readonly #dies: boolean;
  #count = 0;
  /** Whether the failure has happened. */
  struck = false;

  constructor(
    inner: Database,
    fault: {
      readonly call: 'read' | 'write';
      readonly nth: number;
      readonly moment: Moment;
      readonly dies: boolean;
    },
  ) {
    this.#inner = inner;
    this.#call = fault.call;
    this.#nth = fault.nth;
    this.#moment = fault.moment;
    this.#dies = fault.dies;
  }

  get dead(): boolean {
    return this.struck && this.#dies;
  }

  read<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#ask('read', work);
  }

  write<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#ask('write', work);
  }

  async close(): Promise<void> {}

  async #ask<T>(call: 'read' | 'write', work: (query: Query) => Promise<T>): Promise<T> {
    if (this.dead) throw full();
    if (call === this.#call) this.#count += 1;
    const now = call === this.#call && this.#count === this.#nth;
    if (!now) return this.#inner[call](work);
    this.struck = true;
    if (this.#moment === 'begin') throw full();
    const result = await this.#inner[call](async (query) => {
      const done = await work(query);
      if (this.#moment === 'commit') throw full();
      return done;
    });
    if (this.#moment === 'committed') throw full();
    return result;
  }
}

function full(): PlumblineError {
  return new PlumblineError('STORE_FULL', 'there is no room on the disk');
}

/** Ports around an empty database in memory, all of them sound. */
export async function freshPorts(
  t: Pick<Test, 'teardown'>,
  of: KindSet = kinds,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ports & { endpoint: FakeEndpoint; clock: FakeClock }> {
  const store = await openStore('sqlite::memory:', {
    mode: 'write',
    migrations: recordMigrations(of),
  });
  t.teardown(() => store.close());
  const key = SealingKey.random();
  const silent = { writableLength: 0, write: () => true, on: () => undefined };
  return {
    database: store.database,
    brokers: new Brokers(of),
    endpoint: new FakeEndpoint(),
    vault: new LocalVault({ environment, directory: undefined, key: () => key }),
    clock: new FakeClock(),
    journalKept: 0,
    marks: memoryMarks(),
    trashKept: 86_400_000,
    log: createLog({ level: 'error', format: 'json', stream: silent }),
    version: '0.0.0',
  };
}

export function targetOf(source: Source, policy: Partial<Policy> = {}): Target {
  return {
    source,
    account: 'default',
    policy: {
      prune: true,
      drift: 'enforce',
      adopt: false,
      history: 'follow',
      allowEmpty: false,
      limits: {
        deletes: { count: 100, percent: 100 },
        updates: {},
        exposure: {},
        window: 86_400_000,
      },
      classes: {
        exposure: 'auto',
        capability: 'auto',
        cost: 'auto',
        behaviour: 'auto',
        cosmetic: 'auto',
      },
      fightWindow: 3_600_000,
      ...policy,
    },
  };
}
