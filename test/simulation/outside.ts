import { PlumblineError } from '../../src/lib/errors.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import type { Snapshot } from '../../src/source/source.ts';
import type { Database, Query } from '../../src/store/database.ts';
import { FakeClock, FakeEndpoint, FakeSource } from '../support/ports.ts';

/*
 * The outside of the simulated process: time, a source, an endpoint and a database that fail where
 * the history says so.
 */

/** Time that is looked at whenever somebody begins to wait for it. */
export class SimulatedClock extends FakeClock {
  #waiting: { readonly rested: () => boolean; readonly wake: () => void } | undefined;

  /** Resolves once the condition holds when somebody goes to sleep. */
  until(rested: () => boolean): Promise<void> {
    if (rested()) return Promise.resolve();
    return new Promise((wake) => {
      this.#waiting = { rested, wake };
    });
  }

  override sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const slept = super.sleep(milliseconds, signal);
    if (this.#waiting?.rested() === true) {
      this.#waiting.wake();
      this.#waiting = undefined;
    }
    return slept;
  }
}

/** How a source fails, once. */
export type SourceFault = 'away' | 'torn' | 'unreadable';

export class SimulatedSource extends FakeSource {
  override readonly name: string;
  fault: SourceFault | undefined;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override async revision(): Promise<string> {
    if (this.fault === 'away') {
      this.fault = undefined;
      throw new PlumblineError('SOURCE_UNREACHABLE', 'no route to the host');
    }
    const revision = await super.revision();
    return this.fault === undefined ? revision : `${revision} with ${this.fault}`;
  }

  override async fetch(): Promise<Snapshot> {
    const whole = await super.fetch();
    const { fault } = this;
    this.fault = undefined;
    const hidden = whole.files[whole.files.length >> 1];
    if (fault === undefined || hidden === undefined) return whole;
    if (fault === 'torn')
      return {
        ...whole,
        read: async function* (files) {
          yield* whole.read(files.slice(0, files.length >> 1));
          throw new PlumblineError('SOURCE_DAMAGED', 'an object is missing');
        },
      };
    const { path } = hidden;
    const message = 'the file cannot be read';
    const code = 'FILE_UNREADABLE';
    const problem = { severity: 'error', code, file: path, message } as const;
    const files = whole.files.filter((it) => it !== hidden);
    return { ...whole, files, problems: [problem] };
  }
}

/** What one call of the endpoint does beside what it should. */
export type EndpointFault = 'refuses' | 'resets' | 'kills';

export class SimulatedEndpoint extends FakeEndpoint {
  fault: EndpointFault | undefined;
  /** Every key that an effect happened under, by record and verb. */
  readonly effects = new Map<string, Set<string>>();
  /** What stands outside. */
  readonly state = new Map<string, 'published' | 'withdrawn'>();
  /** Called before an effect; throws when it must not happen now. */
  look: (record: LiveRecord, verb: 'deploy' | 'undeploy', key: string) => Promise<void> =
    async () => undefined;
  kill: () => never = () => {
    throw new Error('nobody to kill');
  };

  override async publish(record: LiveRecord, idempotencyKey: string) {
    await this.#happen(record, 'deploy', idempotencyKey);
    return { state: 'published' } as const;
  }

  override async withdraw(record: LiveRecord, idempotencyKey: string) {
    await this.#happen(record, 'undeploy', idempotencyKey);
    return { state: 'withdrawn' } as const;
  }

  async #happen(record: LiveRecord, verb: 'deploy' | 'undeploy', key: string): Promise<void> {
    const { fault } = this;
    this.fault = undefined;
    const refused = new PlumblineError('SOURCE_UNREACHABLE', 'the gateway does not answer');
    if (fault === 'refuses') throw refused;
    await this.look(record, verb, key);
    const title = `${verb} ${keyId(record.key)}`;
    this.effects.set(title, (this.effects.get(title) ?? new Set()).add(key));
    this.state.set(record.key.name, verb === 'deploy' ? 'published' : 'withdrawn');
    if (fault === 'resets') throw refused;
    if (fault === 'kills') this.kill();
  }
}

/** Thrown at the moment the simulated process dies. */
export class Died extends Error {}

/** Where the database fails: at the n-th statement, begin or commit from now on. */
export interface StoreFault {
  /** `kills` ends the process; `busy` and `full` are answers of SQLite. */
  readonly kind: 'kills' | 'busy' | 'full';
  /** Counts statements, and before and after the commit of every transaction. */
  left: number;
}

/** A database around a sound one, that can fail between any two statements and on either side of a commit. */
export class SimulatedDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly location = 'a simulated database';
  readonly #inner: Database;
  fault: StoreFault | undefined;
  dead = false;
  /** Done once, between two transactions of somebody else. */
  meanwhile: { left: number; readonly act: () => Promise<void> } | undefined;

  constructor(inner: Database) {
    this.#inner = inner;
  }

  read<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#transaction('read', work);
  }

  write<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#transaction('write', work);
  }

  async close(): Promise<void> {}

  /** The end of the simulated process: from now on it does nothing any more. */
  die(): never {
    this.dead = true;
    throw new Died();
  }

  /** A step of the simulated process: it may be its last. */
  step(): void {
    if (this.dead) throw new Died();
    const { fault } = this;
    if (fault === undefined) return;
    fault.left -= 1;
    if (fault.left > 0) return;
    this.fault = undefined;
    if (fault.kind === 'kills') this.die();
    if (fault.kind === 'busy') throw new PlumblineError('STORE_BUSY', 'the database is locked');
    throw new PlumblineError('STORE_FULL', 'there is no room on the disk');
  }

  async #transaction<T>(call: 'read' | 'write', work: (query: Query) => Promise<T>): Promise<T> {
    const { meanwhile } = this;
    if (meanwhile !== undefined && --meanwhile.left <= 0) {
      this.meanwhile = undefined;
      await meanwhile.act();
    }
    this.step();
    const result = await this.#inner[call](async (query) => {
      const step = () => this.step();
      query.client.on('query', step);
      try {
        const done = await work(stepping(query, step));
        this.step();
        return done;
      } finally {
        query.client.off('query', step);
      }
    });
    this.step();
    return result;
  }
}

/** A query that passes a step with every plain statement; those of the builder are told by an event. */
function stepping(query: Query, step: () => void): Query {
  return new Proxy(query, {
    get: (of, name) => {
      const found: unknown = Reflect.get(of, name);
      if (name !== 'rows') return found;
      return async (...asked: Parameters<Query['rows']>) => {
        step();
        return of.rows(...asked);
      };
    },
  });
}
