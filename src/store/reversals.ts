import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Somebody else changed a field that a source enforces; the values are JSON, as plans show them. */
export type ReversalRow = {
  readonly account: string;
  readonly space: string;
  readonly name: string;
  readonly source: string;
  readonly path: string;
  /** When it was found; ISO 8601. */
  readonly at: string;
  readonly ours: string;
  readonly theirs: string;
};

const columns: Columns<ReversalRow> = {
  account: 'account',
  space: 'space',
  name: 'name',
  source: 'source',
  path: 'path',
  at: 'at',
  ours: 'ours',
  theirs: 'theirs',
};

/** The reversals that a source has met, the oldest first. */
export async function reversals(query: Query, source: string): Promise<ReversalRow[]> {
  const sql = `SELECT ${selected(columns)} FROM reversal WHERE source = ? ORDER BY id`;
  return query.rows(sql, [source]);
}

export function stageReversal(unit: UnitOfWork, row: ReversalRow): void {
  unit.insert('reversal', toRow(columns, row));
}

/** Forgets what a source met up to a moment (ISO 8601). */
export async function trimReversals(query: Query, source: string, upTo: string): Promise<void> {
  await query.rows('DELETE FROM reversal WHERE source = ? AND at <= ?', [source, upTo]);
}
