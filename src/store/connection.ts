import type { Knex } from 'knex';
import { failpoint } from '../lib/failpoint.ts';
import { onDemand } from '../lib/on-demand.ts';
import type { Query } from './database.ts';
import { ask, closeHandle, type Handle } from './driver.ts';
import { asStoreError } from './driver-error.ts';
import { Statements } from './statements.ts';

/** So long nobody has written when the log is emptied, in milliseconds: longer than between two writes of a run. */
const quiet = 250;

/**
 * One connection with its queue: transactions run one after the other, in the order they were asked
 * for, and everything that the query builder asks inside one goes to this connection.
 */
export class Connection {
  readonly #handle: Handle;
  readonly #statements: Statements;
  readonly #query: Query;
  readonly #location: string;
  #last: Promise<unknown> = Promise.resolve();
  #emptying: NodeJS.Timeout | undefined;

  constructor(handle: Handle, location: string) {
    this.#handle = handle;
    this.#statements = new Statements(handle);
    this.#query = queryOver(this.#statements);
    this.#location = location;
  }

  /** Runs the work between `begin` and COMMIT, or rolls it back when it throws. */
  transaction<T>(
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    work: (query: Query) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last.then(() => this.#inside(begin, work));
    this.#last = turn
      .catch(() => undefined)
      .then(() => {
        if (begin === 'BEGIN IMMEDIATE') this.#emptyLater();
      });
    return turn;
  }

  /**
   * Takes what is in the log over into the file once nothing is written any more: otherwise a commit
   * does it, and a run waits for it twice. If it fails, it is left to the next commit that must.
   */
  #emptyLater(): void {
    clearTimeout(this.#emptying);
    this.#emptying = setTimeout(() => {
      this.#last = this.#last
        .then(() => ask(this.#handle, 'PRAGMA wal_checkpoint(PASSIVE)'))
        .catch(() => undefined);
    }, quiet).unref();
  }

  async #inside<T>(begin: string, work: (query: Query) => Promise<T>): Promise<T> {
    try {
      await this.#statements.transact(begin);
      try {
        failpoint('transaction.begun');
        const result = await work(this.#query);
        failpoint('transaction.before-commit');
        await this.#statements.transact('COMMIT');
        failpoint('transaction.committed');
        return result;
      } catch (error) {
        // Fails where SQLite has rolled back by itself, as it does on a full disk.
        await this.#statements.transact('ROLLBACK').catch(() => undefined);
        throw error;
      }
    } catch (error) {
      throw asStoreError(error, this.#location);
    }
  }

  /** Closes it once everything asked for has ended. */
  async close(): Promise<void> {
    await this.#last;
    clearTimeout(this.#emptying);
    this.#statements.finalize();
    await closeHandle(this.#handle);
  }
}

const builder = onDemand<{ readonly knex: (config: object) => Knex }>('knex');

/** Plain statements go to the driver at once; the builder is made when somebody wants to build one. */
function queryOver(asked: Statements): Query {
  let made: Knex | undefined;
  const knex = () => {
    made ??= builder().knex({
      client: 'sqlite3',
      connectionPool: poolOfOne(asked),
      useNullAsDefault: true,
      // Bound values stay out of error messages: they may be secrets.
      compileSqlOnError: false,
    });
    return made;
  };
  const rows = <T>(sql: string, values: readonly unknown[] = []): Promise<T[]> =>
    new Promise((resolve, reject) => {
      asked.all(sql, values, (error, found) =>
        error === null ? resolve(found as T[]) : reject(error),
      );
    });
  return new Proxy((() => undefined) as unknown as Query, {
    apply: (_, of, args) => Reflect.apply(knex(), of, args),
    get: (_, name) => {
      if (name === 'rows') return rows;
      if (name === 'statements') return asked.asked;
      return name === 'rowsGiven' ? asked.rows : Reflect.get(knex(), name);
    },
  });
}

/** Hands out the one connection, always; it queues what it is asked by itself. */
function poolOfOne(asked: Statements) {
  return {
    acquire: () => ({ promise: Promise.resolve(asked) }),
    release: () => true,
    destroy: () => Promise.resolve(),
    // What knex knows a pool by.
    numFree: () => 1,
    numUsed: () => 0,
    numPendingAcquires: () => 0,
  };
}
