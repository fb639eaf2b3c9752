import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { approvable, linesOf, shortPlanId } from '../plan/approval.ts';
import type { Change, Plan } from '../plan/change.ts';
import { later } from '../plan/hold.ts';
import { type ApprovalRow, approvals, heldPlans, stageApproval } from '../store/approvals.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageAct } from './acts.ts';
import { planTarget } from './judge.ts';
import { plural } from './outcome.ts';
import type { Ports, Target } from './ports.ts';

/** What a person's word was given for. */
export interface Approved {
  readonly source: string;
  readonly plan: string;
  readonly changes: readonly Pick<Change, 'action' | 'kind' | 'key'>[];
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** Milliseconds in which a run must take up what was approved; later nobody remembers what they saw. */
const lifetime = 86_400_000;
/** Digits of a plan's id that are enough to mean it. */
const fewestDigits = 8;

/**
 * Approves the held changes of a plan, named by its id or the beginning of it: the plan of a run, or
 * one that was only looked at. Both sides are looked at again first; the next run over the source does
 * what was approved, if nothing it rests on has moved until then. Throws USAGE, PLAN_UNKNOWN, PLAN_STALE
 * and what looking at a source throws.
 */
export async function approve(
  ports: Ports,
  targets: readonly Target[],
  id: string,
  actor: string,
  signal: AbortSignal,
): Promise<Approved> {
  const digits = digitsOf(id);
  const meant = (plan: string) => plan.startsWith(`sha256:${digits}`);
  const now = ports.clock.now().toISOString();
  const { known, given } = await ports.database.read(async (query) => {
    const known = (await heldPlans(query)).filter((it) => meant(it.plan));
    const isSame = (it: ApprovalRow) =>
      meant(it.plan) || known.some((row) => row.basis === it.basis && row.lines === it.lines);
    return { known, given: (await approvals(query, now)).find(isSame) };
  });
  if (given !== undefined)
    throw new PlumblineError(
      'PLAN_UNKNOWN',
      `the plan ${digits} is approved already by ${given.actor}`,
      {
        hint: 'the next run over its source does what was approved',
      },
    );
  const candidates = targets.filter(
    (it) => known.length === 0 || known.some((row) => row.source === it.source.name),
  );
  const plans = await plansOf(ports, candidates, signal);
  const found = plans.made.filter((plan) => {
    const lines = linesOf(plan);
    return meant(plan.id) || known.some((row) => row.basis === plan.basis && row.lines === lines);
  });
  const [plan, another] = found;
  if (plan === undefined) throw plans.failure ?? notFound(digits, known.length > 0);
  if (another !== undefined)
    throw new PlumblineError('USAGE', `${digits} is the beginning of more than one plan`, {
      hint: 'type more of its digits',
    });
  const changes = approvable(plan);
  if (changes.length === 0)
    throw new PlumblineError('PLAN_UNKNOWN', `nothing of the plan ${digits} waits for approval`);
  const expiresAt = later(now, lifetime);
  const message = `${plural(changes.length, 'held change')} of the plan ${shortPlanId(plan.id)}`;
  const { source, revision, basis } = plan;
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    const lines = linesOf(plan);
    stageApproval(unit, { plan: plan.id, source, basis, lines, actor, approvedAt: now, expiresAt });
    stageAct(unit, { verb: 'approve', actor, at: now, source, revision, message });
    await unit.flush(query);
  });
  return { source, plan: plan.id, changes, expiresAt };
}

function digitsOf(id: string): string {
  const digits = id.toLowerCase().replace(/^sha256:/, '');
  if (/^[0-9a-f]{8,64}$/.test(digits)) return digits;
  throw new PlumblineError('USAGE', 'a plan is named by its id, or the beginning of it', {
    hint: `write at least ${fewestDigits} of its digits, as 'plumbline plan' and 'plumbline approve --list' print them`,
  });
}

/** A source that cannot be read must not keep people from approving a plan of another. */
async function plansOf(
  ports: Ports,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<{ readonly made: readonly Plan[]; readonly failure: PlumblineError | undefined }> {
  const made: Plan[] = [];
  let failure: PlumblineError | undefined;
  for (const target of targets) {
    try {
      made.push((await planTarget(ports, target, signal)).plan);
    } catch (error) {
      failure = asPlumblineError(error);
      if (signal.aborted || !failure.code.startsWith('SOURCE_')) throw error;
    }
  }
  return { made, failure };
}

function notFound(digits: string, isKnown: boolean): PlumblineError {
  return isKnown
    ? new PlumblineError(
        'PLAN_STALE',
        `the plan ${digits} no longer stands: the source or a record has moved since`,
        {
          hint: "look at what waits now with 'plumbline plan', and approve that",
        },
      )
    : new PlumblineError('PLAN_UNKNOWN', `there is no plan ${digits} now`, {
        hint: "it may have moved since; look again with 'plumbline plan', and approve what that prints",
      });
}
