import { backoff } from '../lib/time.ts';
import { keyId } from '../manifest/manifest.ts';
import { approvable, lineOf, linesOf } from '../plan/approval.ts';
import { budgetsOf } from '../plan/budget.ts';
import { type Change, type ChangeResult, isSwitch, type Plan } from '../plan/change.ts';
import { fightsOf } from '../plan/fight.ts';
import { later } from '../plan/hold.ts';
import { dropApprovals, type HeldPlanRow, keepHeldPlan } from '../store/approvals.ts';
import type { Query } from '../store/database.ts';
import { stageRetry, stageRetryDone } from '../store/retries.ts';
import { stageReversal, trimReversals } from '../store/reversals.ts';
import { stageSpending, trimSpending } from '../store/spending.ts';
import { purgeTrash } from '../store/trash.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { type ControlState, ordersDigest } from './control.ts';
import { isBehind } from './outcome.ts';
import type { Target } from './ports.ts';
import type { Run, SourceRun } from './run.ts';
import { isExecutable, type Step } from './steps.ts';

/** How a run ended, for what restrains the next one. */
export interface Ending {
  readonly state: ControlState;
  /** The plan that was executed, and the one that was made of what it left. */
  readonly plan: Plan;
  readonly again: Plan;
  readonly outcomes: readonly ChangeResult[];
  readonly stopped: boolean;
  /** ISO 8601. */
  readonly now: string;
}

/**
 * Stages what was done of itself with steps of a source, in their transaction: what draws on its
 * budgets, and every field that somebody else had changed.
 */
export function stageDone(unit: UnitOfWork, steps: readonly Step[], run: Run, now: string): void {
  const { source } = run;
  if (source === undefined) return;
  const done = { deletes: 0, updates: 0, exposure: 0 };
  for (const change of steps.flatMap((it) => it.changes)) {
    if (change.approved !== true) for (const budget of budgetsOf(change)) done[budget] += 1;
    if (change.action !== 'update' && !isSwitch(change)) continue;
    for (const { path, cause, from, to } of change.fields)
      if (cause === 'drift') stageReversed(unit, source, change, { path, at: now, from, to });
  }
  stageSpending(unit, source, now, done);
}

function stageReversed(
  unit: UnitOfWork,
  source: string,
  { key }: Change,
  { path, at, from, to }: { path: string; at: string; from: unknown; to: unknown },
): void {
  const values = { ours: JSON.stringify(to), theirs: JSON.stringify(from) };
  stageReversal(unit, { ...key, source, path, at, ...values });
}

/** What must move, or come due, before a source is looked at again. */
export interface Resting {
  readonly digest: string;
  /** ISO 8601. */
  readonly lookAgainAt: string | null;
}

/** Records what waits now and why, what a person's approval was used for, and which records failed. */
export async function recordControl(
  query: Query,
  unit: UnitOfWork,
  target: Target,
  run: SourceRun,
  ending: Ending,
): Promise<Resting> {
  const { plan, again, state, now } = ending;
  const { fightWindow, limits } = target.policy;
  for (const held of heldRows(run, ending)) await keepHeldPlan(query, run.source, held);
  // What somebody approves while the run goes on is for the next one.
  const used = isUnfinished(ending) ? [] : state.approved.map((it) => it.plan);
  await dropApprovals(query, used);
  for (const change of plan.changes.filter((it) => it.guard === 'fight'))
    for (const { field, isNew } of fightsOf(state.control, change, fightWindow))
      if (isNew) stageReversed(unit, run.source, change, { ...field, at: now });
  await trimSpending(query, run.source, later(now, -limits.window));
  // A field counts back from its last reversal, so two windows are looked at.
  await trimReversals(query, run.source, later(now, -2 * fightWindow));
  const due = stageRetries(unit, run, ending);
  const untils = again.changes.flatMap((it) => it.until ?? []);
  const expiry = await purgeTrash(query, now);
  const approved = state.approved.filter((it) => !used.includes(it.plan));
  return {
    digest: ordersDigest({ ...state, approved }),
    lookAgainAt: [...due, ...untils, ...(expiry === undefined ? [] : [expiry])].sort()[0] ?? null,
  };
}

/** One row for each plan that a person may have on the screen: the one executed, and what it left. */
function heldRows(run: SourceRun, { plan, again, now }: Ending): (HeldPlanRow | undefined)[] {
  const rows = [plan, again].map((it): HeldPlanRow | undefined => {
    const held = approvable(it);
    if (held.length === 0) return undefined;
    return {
      plan: it.id,
      source: run.source,
      revision: it.revision,
      basis: it.basis,
      lines: linesOf(it),
      changes: JSON.stringify(
        held.map(({ action, kind, key, guard, reason }) => ({
          action,
          kind,
          name: key.name,
          guard,
          reason,
        })),
      ),
      seenAt: now,
    };
  });
  const last = rows.at(-1);
  return last === undefined ? [undefined] : rows.filter((it) => it?.lines === last.lines);
}

/** Whether something that a person approved has yet to be done. */
function isUnfinished({ outcomes, stopped }: Ending): boolean {
  return stopped || outcomes.some((it) => it.change.approved === true && it.outcome === 'failed');
}

/** Stages when each record whose write failed is tried again, and returns these moments. */
function stageRetries(unit: UnitOfWork, run: SourceRun, ending: Ending): string[] {
  const { state, outcomes, again, now } = ending;
  const known = new Map(state.waiting.map((row) => [keyId(row), row]));
  const due = new Map<string, string>();
  for (const result of outcomes) {
    const { change, outcome, error } = result;
    const id = keyId(change.key);
    // An endpoint that did not follow is owed, and looked after by that.
    if (outcome !== 'failed' || isSwitch(change) || isBehind(result) || due.has(id)) continue;
    const before = known.get(id);
    const line = lineOf(change);
    const failures = (before?.line === line ? before.failures : 0) + 1;
    const dueAt = later(now, backoff(failures));
    due.set(id, dueAt);
    const told = error === undefined ? '' : `${error.code}: ${error.message}`;
    stageRetry(unit, { ...change.key, source: run.source, line, failures, error: told, dueAt });
  }
  const waits = new Set(
    again.changes.filter((it) => it.guard === 'retry').map((it) => keyId(it.key)),
  );
  for (const [id, row] of known) if (!due.has(id) && !waits.has(id)) stageRetryDone(unit, row);
  // What did not take for any other reason is looked at again at once.
  const open = again.changes.filter(isExecutable);
  return open.every((it) => due.has(keyId(it.key))) ? [...due.values()] : [now];
}
