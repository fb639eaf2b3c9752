import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A plan of which a run has held something. Several have the same lines where only the rest of them differs. */
export type HeldPlanRow = {
  /** Its id. */
  readonly plan: string;
  readonly source: string;
  readonly revision: string;
  readonly basis: string;
  /** The digests of the held changes, as JSON. */
  readonly lines: string;
  /** What is held, for people, as JSON. */
  readonly changes: string;
  /** When a run saw it first; ISO 8601. */
  readonly seenAt: string;
};

/** A person's word that the held changes of a plan may go. */
export type ApprovalRow = {
  readonly plan: string;
  readonly source: string;
  readonly basis: string;
  readonly lines: string;
  readonly actor: string;
  /** ISO 8601. */
  readonly approvedAt: string;
  readonly expiresAt: string;
};

const heldColumns: Columns<HeldPlanRow> = {
  plan: 'plan',
  source: 'source',
  revision: 'revision',
  basis: 'basis',
  lines: 'lines',
  changes: 'changes',
  seenAt: 'seen_at',
};

const approvalColumns: Columns<ApprovalRow> = {
  plan: 'plan',
  source: 'source',
  basis: 'basis',
  lines: 'lines',
  actor: 'actor',
  approvedAt: 'approved_at',
  expiresAt: 'expires_at',
};

/** Plans that are remembered of one source: those that people may have on their screens. */
const plansKept = 20;

/** The plans that wait, of all sources, the newest first. */
export async function heldPlans(query: Query): Promise<HeldPlanRow[]> {
  return query('held_plan')
    .select<HeldPlanRow[]>(heldColumns)
    .orderBy([{ column: 'source' }, { column: 'seen_at', order: 'desc' }, { column: 'plan' }]);
}

/**
 * Remembers what the last run over a source holds, and forgets plans that hold something else. Undefined
 * where it holds nothing.
 */
export async function keepHeldPlan(
  query: Query,
  source: string,
  held: HeldPlanRow | undefined,
): Promise<void> {
  if (held === undefined) {
    await query.rows('DELETE FROM held_plan WHERE source = ?', [source]);
    return;
  }
  const { basis, lines } = held;
  const other = 'DELETE FROM held_plan WHERE source = ? AND (basis <> ? OR lines <> ?)';
  await query.rows(other, [source, basis, lines]);
  await query('held_plan').insert(toRow(heldColumns, held)).onConflict('plan').ignore();
  const kept = query('held_plan')
    .where({ source })
    .orderBy('seen_at', 'desc')
    .limit(plansKept)
    .select('plan');
  await query('held_plan').where({ source }).whereNotIn('plan', kept).delete();
}

/** What is approved and has neither been used nor expired by now (ISO 8601); of one source, or of all. */
export async function approvals(
  query: Query,
  now: string,
  source?: string,
): Promise<ApprovalRow[]> {
  const one = source === undefined ? '' : 'AND source = ?';
  return query.rows(
    `SELECT ${selected(approvalColumns)} FROM approval WHERE expires_at > ? ${one} ORDER BY plan`,
    source === undefined ? [now] : [now, source],
  );
}

export function stageApproval(unit: UnitOfWork, approval: ApprovalRow): void {
  unit.upsert('approval', toRow(approvalColumns, approval), ['plan']);
}

/** Forgets these approvals: a run has used them, or they hold no longer. */
export async function dropApprovals(query: Query, plans: readonly string[]): Promise<void> {
  const sql = 'DELETE FROM approval WHERE plan IN (SELECT value FROM json_each(?))';
  if (plans.length > 0) await query.rows(sql, [JSON.stringify(plans)]);
}
