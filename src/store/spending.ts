import type { Query } from './database.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** How much of what is limited was done at once. */
export interface Spending {
  readonly deletes: number;
  readonly updates: number;
  readonly exposure: number;
}

/** Stages what a source did without being asked, in the transaction that does it. */
export function stageSpending(unit: UnitOfWork, source: string, at: string, done: Spending): void {
  const { deletes, updates, exposure } = done;
  if (deletes + updates + exposure > 0)
    unit.insert('spending', { source, at, deletes, updates, exposure });
}

/** What a source did after a moment (ISO 8601), and when the first of it was. */
export async function spentSince(
  query: Query,
  source: string,
  after: string,
): Promise<Spending & { readonly since: string | undefined }> {
  type Sums = Record<keyof Spending, number | null> & { readonly since: string | null };
  const [row] = await query.rows<Sums>(
    `SELECT sum(deletes) AS deletes, sum(updates) AS updates, sum(exposure) AS exposure, min(at) AS since
     FROM spending WHERE source = ? AND at > ?`,
    [source, after],
  );
  return {
    deletes: row?.deletes ?? 0,
    updates: row?.updates ?? 0,
    exposure: row?.exposure ?? 0,
    since: row?.since ?? undefined,
  };
}

/** Forgets what a source did up to a moment. */
export async function trimSpending(query: Query, source: string, upTo: string): Promise<void> {
  await query.rows('DELETE FROM spending WHERE source = ? AND at <= ?', [source, upTo]);
}
