import { digestOf } from '../lib/digest.ts';
import { keyId } from '../manifest/manifest.ts';
import type { Action, Change, Guard, Plan } from './change.ts';
import type { Control } from './control.ts';

/** What a person's approval does not lift, because it waits for something else. */
const unapprovable: readonly (Guard | undefined)[] = [
  'suspended',
  'fight',
  'retry',
  'reference',
  'neighbour',
];

/** Everything that decides what a change writes. */
export function factsOf({ action, key, desired, live, owned }: Change): readonly unknown[] {
  return [action, keyId(key), desired?.digest, live?.digest, live?.generation, owned?.digest];
}

/**
 * A digest of what decides what a change writes. As long as it stays the same, and the basis of its
 * plan too, the change is the very one that a person has seen.
 */
export function lineOf(change: Change): string {
  return digestOf(factsOf(change));
}

/** The held changes of a plan that an approval would let go. */
export function approvable({ changes }: Plan): Change[] {
  return changes.filter((it) => it.held === true && !unapprovable.includes(it.guard));
}

/** The digests of what a plan holds, in the form in which they are stored and compared. */
export function linesOf(plan: Plan): string {
  return JSON.stringify(approvable(plan).map(lineOf).sort());
}

/**
 * The command that lets the held changes of a plan go; undefined where there are none, or nobody could
 * approve them. `after` is what waits once all else of the plan is done: by then it is another plan.
 */
export function approveCommand(plan: Plan, after?: Held): string | undefined {
  // What is done by hand has no revision, and no run that would take it up again.
  if (plan.revision === '' || approvable(plan).length === 0) return undefined;
  const id = after === undefined ? plan.id : after.plan;
  return id === undefined ? undefined : `plumbline approve ${shortPlanId(id)}`;
}

/** As many digits of a plan's id as people type. */
export function shortPlanId(id: string): string {
  return id.replace('sha256:', '').slice(0, 12);
}

/**
 * The changes that a person has approved, by their lines: all that a plan on this basis would hold,
 * or none. One that nobody has seen, or that has moved since, voids the whole approval.
 */
export function approvedLines(control: Control, plan: Plan): ReadonlySet<string> {
  const lines = approvable(plan).map(lineOf);
  if (lines.length === 0) return new Set();
  const seen = control.approvals
    .filter((it) => it.basis === plan.basis)
    .map((it) => new Set(it.lines));
  return seen.find((it) => lines.every((line) => it.has(line))) ?? new Set();
}

/** What waits of a plan, for status, metrics and people. */
export interface Held {
  /** The id to approve; absent where nobody's word would let anything go. */
  readonly plan?: string;
  /** How many changes each guard holds. */
  readonly counts: Readonly<Partial<Record<Guard, number>>>;
  /** The first of them. */
  readonly changes: readonly HeldChange[];
}

export interface HeldChange {
  /** `follow` where a whole revision waits. */
  readonly action: Action | 'follow';
  readonly kind: string;
  readonly name: string;
  readonly guard: Guard;
  readonly reason: string;
  /** When it may go on although nobody does anything; ISO 8601. */
  readonly until?: string;
}

/** Changes that a status names; the plan has all of them. */
const mostNamed = 50;

/** Undefined where nothing waits. */
export function heldOf(plan: Plan): Held | undefined {
  const held = plan.changes.filter((it) => it.held === true);
  if (held.length === 0) return undefined;
  const counts: Partial<Record<Guard, number>> = {};
  const changes = held.map(({ action, kind, key, guard, reason = '', until }): HeldChange => {
    const by = guard as Guard;
    counts[by] = (counts[by] ?? 0) + 1;
    const { name } = key;
    return { action, kind, name, guard: by, reason, ...(until === undefined ? {} : { until }) };
  });
  return {
    ...(approvable(plan).length === 0 ? {} : { plan: plan.id }),
    counts,
    changes: changes.slice(0, mostNamed),
  };
}
