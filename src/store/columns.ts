import type { Query } from './database.ts';
import type { Cell, Row } from './value.ts';

/** For every member of a row's type the column that holds it: the one table for reading and writing it. */
export type Columns<T> = Readonly<Record<keyof T & string, string>>;

/** The columns as a SELECT names them, each under the name of its member. */
export function selected<T>(columns: Columns<T>): string {
  return Object.entries<string>(columns)
    .map(([member, column]) => `${column} AS "${member}"`)
    .join();
}

/** A value as the row that stores it. */
export function toRow<T extends Row>(columns: Columns<T>, value: T): Row {
  const row: Record<string, Cell> = {};
  for (const member of Object.keys(columns) as (keyof T & string)[])
    row[columns[member]] = value[member] as Cell;
  return row;
}

export async function hasTable(query: Query, name: string): Promise<boolean> {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
  return (await query.rows(sql, [name])).length > 0;
}
