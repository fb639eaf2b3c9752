import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { RecordKey } from './record-key.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A record whose last write failed, and when it is tried again. */
export type RetryRow = {
  readonly account: string;
  readonly space: string;
  readonly name: string;
  readonly source: string;
  /** What was tried; another change does not wait. */
  readonly line: string;
  readonly failures: number;
  readonly error: string;
  /** ISO 8601. */
  readonly dueAt: string;
};

const columns: Columns<RetryRow> = {
  account: 'account',
  space: 'space',
  name: 'name',
  source: 'source',
  line: 'line',
  failures: 'failures',
  error: 'error',
  dueAt: 'due_at',
};
const keyColumns = ['account', 'space', 'name'];

/** The records whose last write failed; of one source, or of all. */
export async function retries(query: Query, source?: string): Promise<RetryRow[]> {
  const one = source === undefined ? '' : 'WHERE source = ?';
  return query.rows(
    `SELECT ${selected(columns)} FROM retry ${one} ORDER BY ${keyColumns.join()}`,
    source === undefined ? [] : [source],
  );
}

export function stageRetry(unit: UnitOfWork, row: RetryRow): void {
  unit.upsert('retry', toRow(columns, row), keyColumns);
}

/** Stages that a record waits for no further try. */
export function stageRetryDone(unit: UnitOfWork, { account, space, name }: RecordKey): void {
  unit.removeMatching('retry', { account, space, name });
}
