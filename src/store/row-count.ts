import type { Query } from './database.ts';

/**
 * How many rows a source has of a table that is counted, see `countRows` in migrations.ts; of one account or
 * of all.
 */
export async function countRowsOf(
  query: Query,
  table: 'inventory' | 'declaration',
  source: string,
  account?: string,
): Promise<number> {
  const sql = `SELECT coalesce(sum(count), 0) AS count FROM row_count
    WHERE "table" = ? AND source = ? AND account = coalesce(?, account)`;
  const [row] = await query.rows<{ count: number }>(sql, [table, source, account ?? null]);
  return row?.count ?? 0;
}
