import type { Cell, Row } from './value.ts';

/** For every member of a row's type the column that holds it: the one table for reading and writing it. */
export type Columns<T> = Readonly<Record<keyof T & string, string>>;

/** A value as the row that stores it. */
export function toRow<T extends Row>(columns: Columns<T>, value: T): Row {
  const row: Record<string, Cell> = {};
  for (const member of Object.keys(columns) as (keyof T & string)[])
    row[columns[member]] = value[member] as Cell;
  return row;
}
