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

  /**
   * Runs the work between `begin` and COMMIT, or rolls it back when it throws. Who only reads has what was
   * read before the end of the transaction, and does not wait for it; the next transaction does.
   */
  transaction<T>(
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    work: (query: Query) => Promise<T>,
  ): Promise<T> {
    const writes = begin === 'BEGIN IMMEDIATE';
    const turn = this.#last.then(() => this.#inside(begin, work));
    const whole = turn.then(({ end }) => end);
    this.#last = whole
      .catch(() => undefined)
      .then(() => {
        if (writes) this.#emptyLater();
      });
    return writes
      ? turn.then(({ end, result }) => end.then(() => result))
      : turn.then((it) => it.result);
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

  /** The result of the work, and the end of its transaction. */
  async #inside<T>(
    begin: string,
    work: (query: Query) => Promise<T>,
  ): Promise<{ readonly result: T; readonly end: Promise<void> }> {
    try {
      await this.#statements.transact(begin);
      try {
        failpoint('transaction.begun');
        const result = await work(this.#query);
        failpoint('transaction.before-commit');
        return { result, end: this.#commit() };
      } catch (error) {
        await this.#rollBack();
        throw error;
      }
    } catch (error) {
      throw asStoreError(error, this.#location);
    }
  }

  async #commit(): Promise<void> {
    try {
      await this.#statements.transact('COMMIT');
      failpoint('transaction.committed');
    } catch (error) {
      await this.#rollBack();
      throw asStoreError(error, this.#location);
    }
  }

  /** Fails where SQLite has rolled back by itself, as it does on a full disk. */
  async #rollBack(): Promise<void> {
    await this.#statements.transact('ROLLBACK').catch(() => undefined);
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
