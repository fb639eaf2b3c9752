import { type Columns, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { RecordKey } from './record-key.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A deleted record, whole, and how it came to be deleted. */
export type TrashRow = {
  readonly account: string;
  readonly space: string;
  readonly name: string;
  readonly kind: string;
  /** All of it, as JSON; a secret value is sealed, as it was in the record. */
  readonly record: string;
  /** Which source owned it, what was applied last, and the file that said so; null for one that nobody owned. */
  readonly source: string | null;
  readonly revision: string | null;
  readonly file: string | null;
  readonly run: string;
  readonly actor: string;
  /** ISO 8601. */
  readonly deletedAt: string;
  readonly expiresAt: string;
};

/** A row as it was written; a higher id was deleted later. */
export type Trashed = TrashRow & { readonly id: number };

const columns: Columns<TrashRow> = {
  account: 'account',
  space: 'space',
  name: 'name',
  kind: 'kind',
  record: 'record',
  source: 'source',
  revision: 'revision',
  file: 'file',
  run: 'run',
  actor: 'actor',
  deletedAt: 'deleted_at',
  expiresAt: 'expires_at',
};

/** Rows that one listing shows. */
const mostListed = 1000;

/** What can still be restored now (ISO 8601), the last deleted first. */
export async function trash(query: Query, now: string): Promise<Trashed[]> {
  return query('trash')
    .select<Trashed[]>({ id: 'id', ...columns })
    .where('expires_at', '>', now)
    .orderBy('id', 'desc')
    .limit(mostListed);
}

/** The last deleted record of a kind and name that can still be restored. */
export async function lastTrashed(
  query: Query,
  { account, space, name }: RecordKey,
  kind: string,
  now: string,
): Promise<Trashed | undefined> {
  return query('trash')
    .select({ id: 'id', ...columns })
    .where({ account, space, name, kind })
    .andWhere('expires_at', '>', now)
    .orderBy('id', 'desc')
    .first<Trashed | undefined>();
}

export function stageTrash(unit: UnitOfWork, row: TrashRow): void {
  unit.insert('trash', toRow(columns, row));
}

/** Stages that a record has left the trash. */
export function stageRestored(unit: UnitOfWork, id: number): void {
  unit.remove('trash', 'id', id);
}

/** Forgets for good what is over its time, and gives back when the next will be. */
export async function purgeTrash(query: Query, now: string): Promise<string | undefined> {
  await query.rows('DELETE FROM trash WHERE expires_at <= ?', [now]);
  const sql = 'SELECT min(expires_at) AS at FROM trash';
  return (await query.rows<{ at: string | null }>(sql))[0]?.at ?? undefined;
}
