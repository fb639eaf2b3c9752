import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { RecordKey } from './record-key.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A source or a record that somebody told Plumbline to leave alone. */
export type SuspensionRow = {
  /** The source, where it is one; else the three parts of a record's key. */
  readonly source: string | null;
  readonly account: string | null;
  readonly space: string | null;
  readonly name: string | null;
  readonly reason: string;
  readonly actor: string;
  /** ISO 8601. */
  readonly since: string;
  /** When it ends by itself. */
  readonly until: string | null;
};

const columns: Columns<SuspensionRow> = {
  source: 'source',
  account: 'account',
  space: 'space',
  name: 'name',
  reason: 'reason',
  actor: 'actor',
  since: 'since',
  until: 'until',
};

/** What a suspension is of: a source by its name, or a record by its key. */
export type Suspended = string | RecordKey;

/** Every suspension that has not ended by now (ISO 8601), the oldest first. */
export async function suspensions(query: Query, now: string): Promise<SuspensionRow[]> {
  return query.rows(
    `SELECT ${selected(columns)} FROM suspension WHERE until IS NULL OR until > ? ORDER BY since, target`,
    [now],
  );
}

/** Stages a suspension; it takes the place of an earlier one of the same. */
export function stageSuspension(
  unit: UnitOfWork,
  of: Suspended,
  terms: Pick<SuspensionRow, 'reason' | 'actor' | 'since' | 'until'>,
): void {
  const none = { source: null, account: null, space: null, name: null };
  const target = typeof of === 'string' ? { ...none, source: of } : { ...none, ...keyOf(of) };
  unit.upsert('suspension', { target: targetOf(of), ...toRow(columns, { ...target, ...terms }) }, [
    'target',
  ]);
}

/** Stages that nothing is suspended there any more. */
export function stageResumption(unit: UnitOfWork, of: Suspended): void {
  unit.removeMatching('suspension', { target: targetOf(of) });
}

function keyOf({ account, space, name }: RecordKey) {
  return { account, space, name };
}

function targetOf(of: Suspended): string {
  return typeof of === 'string' ? of : `${of.account}/${of.space}/${of.name}`;
}
