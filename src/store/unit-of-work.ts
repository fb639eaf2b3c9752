import { failpoint } from '../lib/failpoint.ts';
import { pauseEvery } from '../lib/turns.ts';
import type { Query } from './database.ts';
import { type Cell, cellJson, type Row } from './value.ts';

export type { Cell, Row };

/** Of one statement: enough rows to make it worth its cost, few enough to bound memory. */
const rowsAtOnce = 1000;
const charactersAtOnce = 1_000_000;

/** Milliseconds of staging after which the next statement may start: most take a few. */
const betweenStatements = 0.3;

/** The rows that one statement writes, each as the cells of a JSON list. */
interface Batch {
  readonly table: string;
  readonly columns: readonly string[];
  readonly keyColumns: readonly string[];
  readonly sql: string;
  readonly rows: string[];
}
type Phase = Batch[];

/**
 * Row changes, staged one by one and written in few statements: the rows of a table travel as one
 * JSON text that SQLite unpacks itself, so ten thousand records cost little more than ten. Within a
 * transaction only, because the rows may refer to each other in any order until it commits.
 */
export class UnitOfWork {
  // Removals come first, so that what comes may have the unique values of what goes; values that are
  // given up come next, because SQLite looks at unique values row by row and two rows could not
  // exchange theirs; updates come before inserts for the same reason.
  #removals: Phase = [];
  #givenUp: Phase = [];
  #updates: Phase = [];
  #inserts: Phase = [];

  /** Stages a new row; it must not be there yet. */
  insert(table: string, row: Row): void {
    stage(this.#inserts, table, row, [], insertSql);
  }

  /** Stages a row that replaces the one with the same values in the key columns, if there is one. */
  upsert(table: string, row: Row, keyColumns: readonly string[]): void {
    stage(this.#inserts, table, row, keyColumns, upsertSql);
  }

  /** Stages new values for the columns given, in the row that has the same values in the key columns. */
  update(table: string, row: Row, keyColumns: readonly string[] = ['id']): void {
    stage(this.#updates, table, row, keyColumns, updateSql);
  }

  /** Stages that the row with this id gives up a unique value, before any other row may take it. */
  giveUp(table: string, id: number, column: string): void {
    stage(this.#givenUp, table, { id, [column]: null }, ['id'], updateSql);
  }

  /** Stages the removal of every row with this value in this column. */
  remove(table: string, column: string, value: Cell): void {
    this.removeMatching(table, { [column]: value });
  }

  /** Stages the removal of every row with all these values. */
  removeMatching(table: string, match: Row): void {
    stage(this.#removals, table, match, [], deleteSql);
  }

  /**
   * Stages something for each item, and writes what is staged for so many of them while the next are
   * staged; what is staged for the last ones is left to `flush`. Only for items that take no unique value
   * from one another, because of the order above each part has its own.
   */
  async stageInParts<T>(
    query: Query,
    items: Iterable<T>,
    size: number,
    stageFor: (item: T) => void,
  ): Promise<void> {
    const pause = pauseEvery(betweenStatements);
    let written = Promise.resolve();
    let staged = 0;
    try {
      for (const item of items) {
        if (staged === size) {
          await written;
          written = this.flush(query);
          // Told where it is waited for.
          written.catch(() => undefined);
          staged = 0;
        }
        stageFor(item);
        staged += 1;
        await pause();
      }
    } finally {
      // Whatever has failed: nothing may be written any more once the transaction is rolled back.
      await written;
    }
  }

  /**
   * Writes everything staged and forgets it. A broken foreign key is told when the transaction
   * commits, every other broken rule here.
   */
  async flush(query: Query): Promise<void> {
    const phases = [
      ['rows.removed', this.#removals],
      ['rows.given-up', this.#givenUp],
      ['rows.updated', this.#updates],
      ['rows.inserted', this.#inserts],
    ] as const;
    this.#removals = [];
    this.#givenUp = [];
    this.#updates = [];
    this.#inserts = [];
    await query.rows('PRAGMA defer_foreign_keys = ON');
    for (const [written, phase] of phases) {
      for (const { sql, rows } of phase) {
        for (const part of parts(rows)) await query.rows(sql, [part]);
        failpoint('rows.statement');
      }
      failpoint(written);
    }
  }

  /**
   * Hands out the first of `count` consecutive ids for a table. An id is never handed out twice, also
   * after its record is gone, and never one that somebody has used without asking.
   */
  async allocate(query: Query, table: string, count: number): Promise<number> {
    const [row] = await query.rows<{ first: number }>(
      `INSERT INTO sequence (name, next)
       VALUES (?, (SELECT coalesce(max(id), 0) + 1 FROM ${quoted(table)}) + ?)
       ON CONFLICT (name) DO UPDATE SET next = max(next + ?, excluded.next)
       RETURNING next - ? AS first`,
      [table, count, count, count],
    );
    return (row as { first: number }).first;
  }
}

function stage(
  phase: Phase,
  table: string,
  row: Row,
  keyColumns: readonly string[],
  statement: (table: string, columns: readonly string[], keyColumns: readonly string[]) => string,
): void {
  const columns = Object.keys(row);
  let batch = phase.find(
    (it) => it.table === table && same(it.columns, columns) && same(it.keyColumns, keyColumns),
  );
  if (batch === undefined) {
    const sql = statement(table, columns, keyColumns);
    batch = { table, columns, keyColumns, sql, rows: [] };
    phase.push(batch);
  }
  // Joined at once: a text that grows by pieces keeps a node for each of them until it is read.
  batch.rows.push(columns.map((column) => cellJson(row[column])).join());
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((it, at) => it === others[at]);
}

/** Rows as JSON lists of a size that one statement takes. */
function* parts(rows: readonly string[]): Generator<string> {
  let start = 0;
  let characters = 0;
  for (let at = 0; at < rows.length; at++) {
    characters += (rows[at] as string).length;
    if (at + 1 - start === rowsAtOnce || characters >= charactersAtOnce || at + 1 === rows.length) {
      const part = rows.slice(start, at + 1);
      // Put on before all of it is joined, the brackets cost no second copy of a long text.
      part[0] = `[[${part[0]}`;
      part.push(`${part.pop()}]]`);
      yield part.join('],[');
      start = at + 1;
      characters = 0;
    }
  }
}

function insertSql(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${quoted(table)} (${list(columns)}) SELECT ${cells(columns)} FROM jsonb_each(?)`;
}

function upsertSql(
  table: string,
  columns: readonly string[],
  keyColumns: readonly string[],
): string {
  const changed = columns.filter((column) => !keyColumns.includes(column));
  const sets = changed.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
  // Without a WHERE, ON CONFLICT would read as a join condition.
  return `${insertSql(table, columns)} WHERE true ON CONFLICT (${list(keyColumns)}) DO UPDATE SET ${sets.join()}`;
}

function updateSql(
  table: string,
  columns: readonly string[],
  keyColumns: readonly string[],
): string {
  const changed = columns.filter((column) => !keyColumns.includes(column));
  const sets = changed.map((column) => `${quoted(column)} = new.${quoted(column)}`);
  const row = columns.map((column, at) => `value->>${at} AS ${quoted(column)}`);
  const same = keyColumns.map((it) => `${quoted(table)}.${quoted(it)} = new.${quoted(it)}`);
  return `UPDATE ${quoted(table)} SET ${sets.join()} FROM (SELECT ${row.join()} FROM jsonb_each(?)) AS new WHERE ${same.join(' AND ')}`;
}

function deleteSql(table: string, columns: readonly string[]): string {
  return `DELETE FROM ${quoted(table)} WHERE (${list(columns)}) IN (SELECT ${cells(columns)} FROM jsonb_each(?))`;
}

/** The cells of a row in the JSON text, in the order of the columns. */
function cells(columns: readonly string[]): string {
  return columns.map((_, at) => `value->>${at}`).join();
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join();
}

/** Names come from our own tables; one that would need escaping is a fault of the program. */
function quoted(name: string): string {
  if (!/^\w+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a column`);
  return `"${name}"`;
}
