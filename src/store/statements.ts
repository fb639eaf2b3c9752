import type { Statement } from 'sqlite3';
import type { Handle } from './driver.ts';
import { boundValue } from './value.ts';

/** Called with `this` as the driver has it, which counts what was changed. */
type Done = (this: unknown, error: Error | null, rows?: unknown[]) => void;
type Use = (statement: Statement, bound: readonly unknown[], done: Done) => void;

/** So many statements are kept; those that were asked longest ago go first. */
const most = 200;
/** A statement holds on to what was bound last, so one that was given a longer text than this is not kept. */
const longest = 10_000;

const all: Use = (statement, bound, done) => statement.all(bound, done);
const run: Use = (statement, bound, done) => statement.run(bound, done);

/** The statements of a connection, kept prepared: every run asks the same ones. */
export class Statements {
  readonly #handle: Handle;
  /** Those that nobody uses just now, by their text. */
  readonly #kept = new Map<string, Statement>();
  /** How many were asked, those of transactions apart, and how many rows they gave. */
  asked = 0;
  rows = 0;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** Begins or ends a transaction. */
  transact(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#use(run, sql, [], (error) => (error === null ? resolve() : reject(error)));
    });
  }

  all(sql: string, values: readonly unknown[], done: Done): void {
    this.asked += 1;
    const counted = (count: number) => {
      this.rows += count;
    };
    this.#use(all, sql, values.map(boundValue), function answered(error, rows) {
      counted(rows?.length ?? 0);
      done.call(this, error, rows);
    });
  }

  run(sql: string, values: readonly unknown[], done: Done): void {
    this.asked += 1;
    this.#use(run, sql, values.map(boundValue), done);
  }

  /** Lets all of them go: a connection is not closed while there are any. */
  finalize(): void {
    for (const statement of this.#kept.values()) statement.finalize();
    this.#kept.clear();
  }

  #use(use: Use, sql: string, bound: readonly unknown[], done: Done): void {
    const statement = this.#kept.get(sql) ?? this.#prepare(sql, done);
    this.#kept.delete(sql);
    const keep = (error: Error | null) => {
      const isLong = bound.some((it) => typeof it === 'string' && it.length > longest);
      if (error !== null || isLong || this.#kept.has(sql)) statement.finalize();
      else this.#keep(sql, statement);
    };
    use(statement, bound, function answered(error, rows) {
      keep(error);
      done.call(this, error, rows);
    });
  }

  /** What cannot be prepared is told by this call alone: a use of it is never answered. */
  #prepare(sql: string, done: Done): Statement {
    return this.#handle.prepare(sql, (error: Error | null) => {
      if (error !== null) done.call(undefined, error);
    });
  }

  #keep(sql: string, statement: Statement): void {
    this.#kept.set(sql, statement);
    const [oldest] = this.#kept;
    if (this.#kept.size <= most || oldest === undefined) return;
    this.#kept.delete(oldest[0]);
    oldest[1].finalize();
  }
}
