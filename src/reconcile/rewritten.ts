import { digestOf } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import { type Held, shortPlanId } from '../plan/approval.ts';
import { shortRevision } from '../plan/wording.ts';
import type { Snapshot } from '../source/source.ts';
import { approvals, type HeldPlanRow } from '../store/approvals.ts';
import { readSourceState } from '../store/source-state.ts';
import type { Ports, Target } from './ports.ts';

/**
 * Throws SOURCE_REWRITTEN where what was applied last is no part of the snapshot's history, and nobody
 * has approved to go from just that revision to just this one.
 */
export async function refuseRewritten(
  { database, clock }: Ports,
  { source: { name } }: Target,
  { revision, follows }: Pick<Snapshot, 'revision'> & { follows: Snapshot['follows'] },
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now().toISOString();
  const { last, approved } = await database.read(async (query) => ({
    last: await readSourceState(query, name),
    approved: await approvals(query, now, name),
  }));
  const before = last?.revision ?? '';
  if (before === '' || before === revision || follows === undefined) return;
  if (await follows(before, signal)) return;
  const plan = digestOf(['history', name, before, revision]);
  if (approved.some((it) => it.plan === plan)) return;
  throw new PlumblineError(
    'SOURCE_REWRITTEN',
    `the history was rewritten: ${shortRevision(before)}, which was applied last, is no part of ${shortRevision(revision)}`,
    {
      hint: `push a commit that follows it, or, if it is meant, type 'plumbline approve ${shortPlanId(plan)}'; what is applied stays meanwhile`,
      approvable: { plan, revision },
    },
  );
}

/** A revision that waits for a person, as what waits of a plan is told; undefined for any other failure. */
export function heldRevision(source: string, error: PlumblineError): Held | undefined {
  const { approvable, message: reason } = error;
  if (approvable === undefined) return undefined;
  const guard = 'history' as const;
  return {
    plan: approvable.plan,
    counts: { [guard]: 1 },
    changes: [{ action: 'follow', kind: 'Source', name: source, guard, reason }],
  };
}

/** The same, as `approve` finds it. It rests on nothing but the two revisions, which its id stands for. */
export function heldRevisionRow(
  source: string,
  error: PlumblineError,
  seenAt: string,
): HeldPlanRow | undefined {
  const held = heldRevision(source, error);
  if (error.approvable === undefined || held === undefined) return undefined;
  const { plan, revision } = error.approvable;
  const changes = JSON.stringify(held.changes);
  return { plan, source, revision, basis: plan, lines: '[]', changes, seenAt };
}
