import type { Query } from './database.ts';
import { type Cell, cellJson, type Row } from './value.ts';

export type { Cell, Row };

/** Of one statement: enough rows to make it worth its cost, few enough to bound memory. */
const rowsAtOnce = 1000;
const charactersAtOnce = 4_000_000;

/**
 * Row changes, staged one by one and written in few statements: the rows of a table travel as one
 * JSON text that SQLite unpacks itself, so ten thousand records cost little more than ten. Within a
 * transaction only, because the rows may refer to each other in any order until it commits.
 */
export class UnitOfWork {
  // Removals first, so that what comes may have the names of what goes; updates before inserts
  // likewise. By statement, with the rows as JSON.
  #removals = new Map<string, string[]>();
  #updates = new Map<string, string[]>();
  #inserts = new Map<string, string[]>();

  /** Stages a new row; it must not be there yet. */
  insert(table: string, row: Row): void {
    stage(this.#inserts, insertSql(table, Object.keys(row)), row);
  }

  /** Stages a row that replaces the one with the same values in the conflict columns, if there is one. */
  upsert(table: string, row: Row, conflictColumns: readonly string[]): void {
    const columns = Object.keys(row);
    const sql = `${insertSql(table, columns)} WHERE true ON CONFLICT (${list(conflictColumns)}) DO UPDATE SET ${columns
      .filter((column) => !conflictColumns.includes(column))
      .map((column) => `${quoted(column)} = excluded.${quoted(column)}`)
      .join(', ')}`;
    stage(this.#inserts, sql, row);
  }

  /** Stages new values for the columns given, in the row that has the same values in the key columns. */
  update(table: string, row: Row, keyColumns: readonly string[] = ['id']): void {
    const columns = Object.keys(row);
    const changed = columns.filter((column) => !keyColumns.includes(column));
    const sql = `UPDATE ${quoted(table)} SET ${changed
      .map((column) => `${quoted(column)} = new.${quoted(column)}`)
      .join(', ')} FROM (SELECT ${columns
      .map((column, at) => `value->>${at} AS ${quoted(column)}`)
      .join(', ')} FROM jsonb_each(?)) AS new WHERE ${keyColumns
      .map((column) => `${quoted(table)}.${quoted(column)} = new.${quoted(column)}`)
      .join(' AND ')}`;
    stage(this.#updates, sql, row);
  }

  /** Stages the removal of every row with this value in this column. */
  remove(table: string, column: string, value: Cell): void {
    this.removeMatching(table, { [column]: value });
  }

  /** Stages the removal of every row with all these values. */
  removeMatching(table: string, match: Row): void {
    const columns = Object.keys(match);
    const sql = `DELETE FROM ${quoted(table)} WHERE (${list(columns)}) IN (SELECT ${values(columns)} FROM jsonb_each(?))`;
    stage(this.#removals, sql, match);
  }

  /**
   * Writes everything staged and forgets it. A broken foreign key is told when the transaction
   * commits, every other broken rule here.
   */
  async flush(query: Query): Promise<void> {
    const phases = [this.#removals, this.#updates, this.#inserts];
    [this.#removals, this.#updates, this.#inserts] = [new Map(), new Map(), new Map()];
    await query.raw('PRAGMA defer_foreign_keys = ON');
    for (const phase of phases) {
      for (const [sql, rows] of phase) {
        for (const batch of batches(rows)) await query.raw(sql, [batch]);
      }
    }
  }

  /**
   * Hands out the first of `count` consecutive ids for a table. An id is never handed out twice, also
   * after its record is gone, and never one that somebody has used without asking.
   */
  async allocate(query: Query, table: string, count: number): Promise<number> {
    const [row] = await query.raw<{ first: number }[]>(
      `INSERT INTO sequence (name, next)
       VALUES (?, (SELECT coalesce(max(id), 0) + 1 FROM ${quoted(table)}) + ?)
       ON CONFLICT (name) DO UPDATE SET next = max(next + ?, excluded.next)
       RETURNING next - ? AS first`,
      [table, count, count, count],
    );
    return (row as { first: number }).first;
  }
}

function stage(phase: Map<string, string[]>, sql: string, row: Row): void {
  const json = `[${Object.values(row).map(cellJson).join(',')}]`;
  const rows = phase.get(sql);
  if (rows === undefined) phase.set(sql, [json]);
  else rows.push(json);
}

function* batches(rows: readonly string[]): Generator<string> {
  let start = 0;
  let characters = 0;
  for (let at = 0; at < rows.length; at++) {
    characters += (rows[at] as string).length;
    if (at + 1 - start === rowsAtOnce || characters >= charactersAtOnce || at + 1 === rows.length) {
      yield `[${rows.slice(start, at + 1).join(',')}]`;
      start = at + 1;
      characters = 0;
    }
  }
}

function insertSql(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${quoted(table)} (${list(columns)}) SELECT ${values(columns)} FROM jsonb_each(?)`;
}

/** The cells of a row in the JSON text, in the order of the columns. */
function values(columns: readonly string[]): string {
  return columns.map((_, at) => `value->>${at}`).join(', ');
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(', ');
}

/** Names come from our own tables; one that would need escaping is a fault of the program. */
function quoted(name: string): string {
  if (!/^\w+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a column`);
  return `"${name}"`;
}
