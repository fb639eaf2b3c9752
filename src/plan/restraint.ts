import type { Stoppable } from '../lib/turns.ts';
import { decoded, encoded, keyId } from '../manifest/manifest.ts';
import { lineOf } from './approval.ts';
import { budgets, budgetsOf, overspent } from './budget.ts';
import { type Bookkeeping, type Change, isSwitch } from './change.ts';
import { classHold } from './classes.ts';
import { revised } from './creation.ts';
import { bookOf } from './declared.ts';
import { fightHold, fightsOf } from './fight.ts';
import { exposureHold } from './guard.ts';
import { type Hold, hold } from './hold.ts';
import { recordHold } from './suspension.ts';
import { kindNamed, targetsOf, title, type World } from './world.ts';
import { keeping, settled, unswitched } from './written.ts';

/** Changes of which some wait, and the inventory rows to write nevertheless. */
export interface Restrained {
  readonly changes: readonly Change[];
  readonly books: readonly Bookkeeping[];
}

/** What is done to one declared record: its write, its switch of deployment, or both. */
export type Unit = readonly Change[];
/** Why a change waits; undefined where it may go on. */
export type Asks = (change: Change) => Hold | undefined;

/** Holds what a plan may not do to one declared record by itself, whatever it does to others. */
export function restrainAlone(world: World, changes: readonly Change[]): Unit {
  const unit = marked(world, changes);
  const wait = unit.map((it) => recordHold(world.control, it)).find((it) => it !== undefined);
  if (wait !== undefined) return unit.map((it) => hold(it, wait));
  const { reversals } = world.control;
  const quiet = reversals.size === 0 ? unit : unit.flatMap((it) => unfought(world, it));
  const asks: Asks = (it) => exposureHold(world.kinds, quiet, it) ?? classHold(world.policy, it);
  return holding(world, quiet, unlessApproved(asks));
}

/**
 * Holds of declared records, each restrained alone already, what is too much together, then what refers
 * to something that is held. What is referred to comes before what refers to it.
 */
export function* restrainTogether(
  world: World,
  alone: readonly Unit[],
  owned: number,
): Stoppable<Restrained> {
  const within = overspending(world, alone, owned);
  yield;
  const together = alone.map((unit) => holding(world, unit, unlessApproved(within)));
  yield;
  const units = holdDependents(world, together);
  yield;
  return { changes: units.flat(), books: units.flatMap((unit) => bookOfHeld(world, unit)) };
}

/**
 * Holds deletes: all of them where they are too many together, because what refers to others leaves
 * with them. `declared` counts the manifests that the source still has.
 */
export function restrainLeaving(
  world: World,
  changes: readonly Change[],
  count: { readonly declared: number; readonly owned: number },
): readonly Change[] {
  const leaving = marked(world, changes);
  const due = leaving.filter(
    (it) => it.action === 'delete' && it.held !== true && it.approved !== true,
  ).length;
  const { limits, allowEmpty } = world.policy;
  const { spent } = world.control;
  if (world.control.unread !== undefined) {
    const wait = neighbourHold(world.control.unread);
    return leaving.map((it) => hold(it, wait));
  }
  const isEmptied = due > 0 && count.declared === 0 && !allowEmpty;
  const reason = isEmptied ? emptied : overspent('deletes', limits, { ...count, due, spent });
  return reason === undefined ? leaving : leaving.map((it) => hold(it, reason));
}

/** What leaves here may have gone to a source that nobody has read since it moved. */
function neighbourHold({ sources, until }: NonNullable<World['control']['unread']>): Hold {
  const names = sources.join(', ');
  return {
    guard: 'neighbour',
    reason: `it may have gone to the source ${names}, which has moved and is read next; sync it first`,
    until,
  };
}

const emptied: Hold = {
  guard: 'empty',
  reason:
    'the source declares nothing any more, and nothing of it would be left; approve the plan, or set allowEmpty: true for this source',
};

/** The changes, those that a person has approved marked. */
function marked({ approved }: World, changes: readonly Change[]): readonly Change[] {
  if (approved.size === 0) return changes;
  return changes.map((it) => (approved.has(lineOf(it)) ? revised(it, { approved: true }) : it));
}

/** The changes of each record together, in their order. */
export function unitsOf(changes: readonly Change[]): Unit[] {
  const units = new Map<string, Change[]>();
  for (const change of changes) {
    const unit = units.get(keyId(change.key));
    if (unit === undefined) units.set(keyId(change.key), [change]);
    else unit.push(change);
  }
  return [...units.values()];
}

function unlessApproved(asks: Asks): Asks {
  return (change) => (change.approved === true ? undefined : asks(change));
}

/**
 * The unit with what must wait held. A switch waits on its own, and what is written then leaves
 * deployment as it is; with a write the switch waits too, because it would publish something else.
 */
export function holding(world: World, unit: Unit, asks: Asks): Unit {
  const due = unit.filter((it) => it.held !== true);
  for (const change of due) {
    const reason = asks(change);
    if (reason === undefined) continue;
    if (!isSwitch(change)) return unit.map((it) => hold(it, reason));
    return unit.map((it) => (isSwitch(it) ? hold(it, reason) : unswitchedWrite(world, it)));
  }
  return unit;
}

function unswitchedWrite(world: World, change: Change): Change {
  const { desired, write, live, owned } = change;
  const kind = kindNamed(world.kinds, change.kind);
  return revised(change, {
    ...(write === undefined
      ? {}
      : { write: encoded(settled(kind, decoded(write), live?.deployed ?? false)) }),
    ...(desired === undefined ? {} : { desired: unswitched(kind, desired, owned?.applied) }),
  });
}

/** A change without the fields that somebody fights over, and those apart, held. */
function unfought(world: World, change: Change): Change[] {
  const { fightWindow } = world.policy;
  const fights = fightsOf(world.control, change, fightWindow);
  if (fights.length === 0) return [change];
  const fields = fights.map((it) => it.field);
  const fought = hold(revised(change, { fields }), fightHold(fights, fightWindow));
  const rest = change.fields.filter((it) => !fields.includes(it));
  const { write, live } = change;
  if (rest.length === 0 || write === undefined || live === undefined) return [fought];
  const paths = fields.map((it) => it.path);
  const kept = keeping(decoded(write), live.manifest, paths);
  return [revised(change, { fields: rest, write: encoded(kept) }), fought];
}

/** Says of a change which of its budgets the plan overspends. */
function overspending(world: World, units: readonly Unit[], owned: number): Asks {
  const { policy, control } = world;
  const open = units.flat().filter((it) => it.held !== true && it.approved !== true);
  const due = (budget: string) => open.filter((it) => budgetsOf(it).some((one) => one === budget));
  const holds = new Map(
    budgets.map((budget) => {
      const count = { due: due(budget).length, owned, spent: control.spent };
      return [budget, overspent(budget, policy.limits, count)];
    }),
  );
  return (change) => {
    const [first] = budgetsOf(change).flatMap((budget) => holds.get(budget) ?? []);
    return first;
  };
}

/** A manifest that refers to a record which is not made now cannot be written either. */
function holdDependents(world: World, units: readonly Unit[]): Unit[] {
  const absent = new Map<string, string>();
  return units.map((unit) => {
    const after = absent.size === 0 ? unit : holding(world, unit, needing(world, absent));
    const made = after.find((it) => it.action === 'create' && it.held === true);
    if (made !== undefined) absent.set(keyId(made.key), title(made));
    return after;
  });
}

function needing(world: World, absent: ReadonlyMap<string, string>): Asks {
  return ({ write, kind, key }) => {
    if (write === undefined) return undefined;
    const needed = [...targetsOf(kindNamed(world.kinds, kind), decoded(write), key.account)];
    const [first] = needed.flatMap((id) => absent.get(id) ?? []);
    if (first === undefined) return undefined;
    return { guard: 'reference', reason: `it refers to ${first}, which is held` };
  };
}

/** While nothing but a switch waits, the inventory still follows what else the manifest says. */
function bookOfHeld(world: World, unit: Unit): Bookkeeping[] {
  const [only, ...more] = unit;
  if (only?.held !== true || more.length > 0 || !isSwitch(only)) return [];
  const { desired, live, owned, kind: name } = only;
  if (desired === undefined || live === undefined) return [];
  const kind = kindNamed(world.kinds, name);
  const book = bookOf(kind, unswitched(kind, desired, owned?.applied), live, owned);
  return book === undefined ? [] : [book];
}
