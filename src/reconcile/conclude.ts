import { asPlumblineError, type ErrorCode, PlumblineError } from '../lib/errors.ts';
import type { Change, ChangeResult, Plan } from '../plan/change.ts';
import { runStopped } from './run.ts';

/** Throws what is wrong with what a verb was given, all of it, before anything is written. */
export function refuseProblems({ problems }: Pick<Plan, 'problems'>): void {
  const errors = problems.filter((it) => it.severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const { code, message, hint } = first;
  throw new PlumblineError(code, message, {
    place: first,
    problems,
    hint: hint ?? 'nothing was written',
  });
}

/** Throws why a plan cannot be done as a whole: its problems, CHANGE_BLOCKED or CHANGE_HELD. */
export function refuseUnready(plan: Plan): void {
  refuseProblems(plan);
  const blocked = plan.changes.find((it) => it.action === 'blocked');
  if (blocked !== undefined) throw refused('CHANGE_BLOCKED', blocked);
  const held = plan.changes.find((it) => it.held === true);
  if (held !== undefined) throw refused('CHANGE_HELD', held);
}

/** Throws what a write or an endpoint failed with, and RUN_STOPPED where something was not come to. */
export function refuseUndone(results: readonly ChangeResult[]): void {
  const failed = results.find((it) => it.outcome === 'failed');
  if (failed !== undefined) throw asPlumblineError(failed.error);
  if (results.some((it) => it.outcome === 'skipped')) throw runStopped();
}

function refused(code: ErrorCode, { kind, key, reason = '' }: Change): PlumblineError {
  return new PlumblineError(code, `${kind} ${key.name}: ${reason}`, {
    hint: 'nothing was written',
  });
}
