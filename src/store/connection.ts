import { failpoint } from '../lib/failpoint.ts';
import type { Query } from './database.ts';
import { ask, closeHandle, type Handle } from './driver.ts';
import { asStoreError } from './driver-error.ts';
import { boundValue } from './value.ts';

type Done = (this: unknown, error: Error | null, rows?: unknown) => void;

/**
 * One connection with its queue: transactions run one after the other, in the order they were asked
 * for, and everything that the query builder asks inside one goes to this connection.
 */
export class Connection {
  readonly #handle: Handle;
  readonly #query: Query;
  readonly #location: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(handle: Handle, query: Query, location: string) {
    this.#handle = handle;
    this.#query = query;
    this.#location = location;
  }

  /** Runs the work between `begin` and COMMIT, or rolls it back when it throws. */
  transaction<T>(
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    work: (query: Query) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last.then(() => this.#inside(begin, work));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #inside<T>(begin: string, work: (query: Query) => Promise<T>): Promise<T> {
    try {
      await ask(this.#handle, begin);
      try {
        failpoint('transaction.begun');
        const result = await work(this.#query);
        failpoint('transaction.before-commit');
        await ask(this.#handle, 'COMMIT');
        failpoint('transaction.committed');
        return result;
      } catch (error) {
        // Fails where SQLite has rolled back by itself, as it does on a full disk.
        await ask(this.#handle, 'ROLLBACK').catch(() => undefined);
        throw error;
      }
    } catch (error) {
      throw asStoreError(error, this.#location);
    }
  }

  /** Closes it once everything asked for has ended. */
  async close(): Promise<void> {
    await this.#last;
    await closeHandle(this.#handle);
  }
}

/** A connection whose query builder is knex, loaded when the first one is made. */
export async function connect(handle: Handle, location: string): Promise<Connection> {
  const { default: knex } = await import('knex');
  const query = knex({
    client: 'sqlite3',
    connectionPool: poolOfOne(handle),
    useNullAsDefault: true,
    // Bound values stay out of error messages: they may be secrets.
    compileSqlOnError: false,
  });
  return new Connection(handle, query, location);
}

/** Hands out the one connection, always; it queues what it is asked by itself. */
function poolOfOne(handle: Handle) {
  const checked = {
    all: (sql: string, values: readonly unknown[], done: Done) =>
      handle.all(sql, values.map(boundValue), done),
    run: (sql: string, values: readonly unknown[], done: Done) =>
      handle.run(sql, values.map(boundValue), done),
  };
  return {
    acquire: () => ({ promise: Promise.resolve(checked) }),
    release: () => true,
    destroy: () => Promise.resolve(),
    // What knex knows a pool by.
    numFree: () => 1,
    numUsed: () => 0,
    numPendingAcquires: () => 0,
  };
}
