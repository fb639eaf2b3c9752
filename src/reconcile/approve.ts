import { type Approvable, asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { approvable, type HeldChange, linesOf, shortPlanId } from '../plan/approval.ts';
import type { Plan } from '../plan/change.ts';
import { later } from '../plan/hold.ts';
import { shortRevision } from '../plan/wording.ts';
import { type ApprovalRow, approvals, heldPlans, stageApproval } from '../store/approvals.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageAct } from './acts.ts';
import { plural } from './outcome.ts';
import type { Ports } from './ports.ts';

/** What a person's word was given for. */
export interface Approved {
  readonly source: string;
  readonly plan: string;
  readonly changes: readonly Pick<HeldChange, 'action' | 'kind' | 'name'>[];
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** A source of which can be told what a run would do now. */
export interface Plannable {
  readonly name: string;
  plan(): Promise<Plan>;
}

/** Milliseconds in which a run must take up what was approved; later nobody remembers what they saw. */
const lifetime = 86_400_000;
/** Digits of a plan's id that are enough to mean it. */
const fewestDigits = 8;

/**
 * Approves the held changes of a plan, named by its id or the beginning of it: the plan of a run, or
 * one that was only looked at; or a revision that is held as a whole. Both sides are looked at again
 * first; the next run over the source does what was approved, if nothing it rests on has moved until
 * then. Throws USAGE, PLAN_UNKNOWN, PLAN_STALE and what looking at a source throws.
 */
export async function approve(
  ports: Ports,
  targets: readonly Plannable[],
  id: string,
  actor: string,
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
    (it) => known.length === 0 || known.some((row) => row.source === it.name),
  );
  const plans = await plansOf(candidates);
  const found = plans.made.filter((plan) => {
    const lines = linesOf(plan);
    return meant(plan.id) || known.some((row) => row.basis === plan.basis && row.lines === lines);
  });
  const [plan, another] = found;
  const held = plans.held.find((it) => meant(it.approvable.plan));
  if (plan === undefined && held !== undefined)
    return approveRevision(ports, held, { actor, now, expiresAt: later(now, lifetime) });
  if (plan === undefined) {
    const moved = known.length > 0 && plans.held.length > 0;
    throw (moved ? undefined : plans.failure) ?? notFound(digits, known.length > 0);
  }
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
  const told = changes.map(({ action, kind, key: { name } }) => ({ action, kind, name }));
  return { source, plan: plan.id, changes: told, expiresAt };
}

/** Approves that a source goes on at a revision that is held as a whole, and at no other. */
async function approveRevision(
  { database }: Ports,
  { source, approvable: { plan, revision } }: HeldRevision,
  { actor, now, expiresAt }: { readonly actor: string; readonly now: string; expiresAt: string },
): Promise<Approved> {
  await database.write(async (query) => {
    const unit = new UnitOfWork();
    const row = { plan, source, basis: plan, lines: '[]', actor, approvedAt: now, expiresAt };
    stageApproval(unit, row);
    const message = `the rewritten history up to ${shortRevision(revision)}`;
    stageAct(unit, { verb: 'approve', actor, at: now, source, revision, message });
    await unit.flush(query);
  });
  return { source, plan, changes: [{ action: 'follow', kind: 'Source', name: source }], expiresAt };
}

/** A plan with held changes, as it waits for somebody's word or already has it. */
export interface WaitingPlan {
  readonly plan: string;
  readonly source: string;
  readonly revision: string;
  /** ISO 8601, like the times of the approval. */
  readonly since: string;
  readonly changes: readonly { readonly reason: string }[];
  readonly approved?: { readonly by: string; readonly at: string; readonly until: string };
}

/** What waits for approval, and what is approved and not done yet: of each source its newest plan. */
export async function waitingPlans({ database, clock }: Ports): Promise<readonly WaitingPlan[]> {
  const now = clock.now().toISOString();
  const { waiting, approved } = await database.read(async (query) => ({
    waiting: await heldPlans(query),
    approved: await approvals(query, now),
  }));
  // Plans of a source that hold the same differ in what a run has done already; the newest stands for them.
  const newest = waiting.filter((row, at) => row.source !== waiting[at - 1]?.source);
  return newest.map(({ plan, source, revision, basis, lines, changes, seenAt }) => {
    const given = approved.find((it) => it.basis === basis && it.lines === lines);
    return {
      plan,
      source,
      revision,
      since: waiting.findLast((it) => it.source === source)?.seenAt ?? seenAt,
      changes: JSON.parse(changes) as { readonly reason: string }[],
      ...(given === undefined
        ? {}
        : { approved: { by: given.actor, at: given.approvedAt, until: given.expiresAt } }),
    };
  });
}

function digitsOf(id: string): string {
  const digits = id.toLowerCase().replace(/^sha256:/, '');
  if (/^[0-9a-f]{8,64}$/.test(digits)) return digits;
  throw new PlumblineError('USAGE', 'a plan is named by its id, or the beginning of it', {
    hint: `write at least ${fewestDigits} of its digits, as 'plumbline plan' and 'plumbline approve --list' print them`,
  });
}

/** A source that stays where it is until a person says that it is to go on. */
interface HeldRevision {
  readonly source: string;
  readonly approvable: Approvable;
}

interface Looks {
  readonly made: readonly Plan[];
  readonly held: readonly HeldRevision[];
  readonly failure: PlumblineError | undefined;
}

/** A source that cannot be read must not keep people from approving a plan of another. */
async function plansOf(targets: readonly Plannable[]): Promise<Looks> {
  const made: Plan[] = [];
  const held: HeldRevision[] = [];
  let failure: PlumblineError | undefined;
  for (const target of targets) {
    try {
      made.push(await target.plan());
    } catch (error) {
      failure = asPlumblineError(error);
      const { approvable } = failure;
      if (approvable !== undefined) held.push({ source: target.name, approvable });
      if (!failure.code.startsWith('SOURCE_')) throw error;
    }
  }
  return { made, held, failure };
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
