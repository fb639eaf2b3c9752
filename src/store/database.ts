import type { Knex } from 'knex';

/**
 * A place to ask SQL of: knex's query builder, bound to one connection. Inside `read` and `write` use
 * only the one handed to the work; another would wait for the very transaction it is in.
 */
export interface Query extends Knex {
  /** How many statements its connection was asked so far, those around transactions left out. */
  readonly statements: number;
  /** How many rows these gave. */
  readonly rowsGiven: number;
  /**
   * The rows of one statement, with a value for each `?`. It needs no builder, which takes longer to
   * load than all else that a sync with nothing to do needs: that path asks in no other way.
   */
  rows<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
}

/**
 * The database port. Reads see one committed moment and never wait for writes; writes go one at a
 * time through one queue, each in its own transaction that is taken for writing from its first
 * statement. A work that throws is rolled back. Every driver error leaves as a PlumblineError with a
 * STORE_ code.
 */
export interface Database {
  readonly dialect: 'sqlite';
  /** For people: the path or URL, without credentials. */
  readonly location: string;
  read<T>(work: (query: Query) => Promise<T>): Promise<T>;
  write<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** One step of the schema, applied once, in the order of the list, and never changed after a release. */
export interface Migration {
  /** Such as `0001_store`; unique, and remembered in the database. */
  readonly id: string;
  up(query: Query): Promise<void>;
}
