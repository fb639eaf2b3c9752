import { type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { atOnce, type Stoppable } from '../lib/turns.ts';
import { decoded, keyId, type LoadedManifest } from '../manifest/manifest.ts';
import { accept } from './accepted.ts';
import { approvedLines } from './approval.ts';
import { type Bookkeeping, type Change, type Plan, type Summary, summaryKeys } from './change.ts';
import { holdClaimants } from './claims.ts';
import { judgeDeclared } from './declared.ts';
import { withKeptValues } from './kept.ts';
import { ordered } from './order.ts';
import { planId } from './plan-id.ts';
import { restrainAlone, restrainLeaving, restrainTogether, type Unit } from './restraint.ts';
import { findUndeclared, judgeLeaving, orphans } from './undeclared.ts';
import {
  isThere,
  kindNamed,
  type PlanInput,
  targetsOf,
  title,
  type World,
  worldOf,
} from './world.ts';

/**
 * What a run would do: desired state against live state, with what this source applied before as the
 * base. Pure, and linear in the number of resources; equal input in any order gives an equal plan.
 */
export function buildPlan(given: PlanInput): Plan {
  return atOnce(planning(given));
}

/** The same, so that whoever plans for thousands of resources can do something else between two of them. */
export function* planning(given: PlanInput): Stoppable<Plan> {
  const world = worldOf(withKeptValues(given));
  const plan = yield* planOf(world);
  const approved = approvedLines(world.control, plan);
  return approved.size === 0 ? plan : yield* planOf({ ...world, approved });
}

function* planOf(world: World): Stoppable<Plan> {
  const undeclared = findUndeclared(world);
  yield;
  const accepted = accept(world, new Set(undeclared.leaving.keys()));
  const judged = yield* judgeAll(world, accepted.manifests);
  const owned = ownedAfterwards(world, judged.changes);
  const declared = yield* restrainTogether(world, judged.units, owned);
  const leave = (staying: readonly Change[]) =>
    restrainLeaving(
      world,
      judgeLeaving(world, undeclared.leaving, dependentsOf(world, undeclared.leaving, staying)),
      {
        declared: accepted.manifests.length + (world.beyond?.unchanged ?? 0),
        owned: ownedAfterwards(world, staying),
      },
    );
  const { staying, removals } = withoutClaimants(world, declared.changes, leave);
  yield;
  const changes = ordered(world.kinds, staying, [...undeclared.blocked, ...removals]);
  yield;
  return {
    source: world.source,
    revision: world.revision,
    id: planId(world.basis, changes),
    basis: world.basis,
    summary: summaryOf(changes, {
      unchanged: judged.unchanged + (world.beyond?.unchanged ?? 0),
      invalid: accepted.excluded + world.invalid.size + new Set(world.unknownContent).size,
    }),
    changes,
    ...(world.control.source === undefined ? {} : { suspended: world.control.source }),
    ...(undeclared.released.length === 0 ? {} : { released: undeclared.released }),
    left: judged.left,
    problems: sortDiagnostics([...world.problems, ...accepted.problems, ...judged.problems]),
    bookkeeping: [...judged.books, ...declared.books, ...undeclared.books, ...orphans(removals)],
  };
}

/**
 * What waits for a value to be free may keep something else from leaving, and that another value from
 * being free: so both are decided again until nothing more has to wait.
 */
function withoutClaimants(
  world: World,
  changes: readonly Change[],
  leave: (staying: readonly Change[]) => readonly Change[],
): { readonly staying: readonly Change[]; readonly removals: readonly Change[] } {
  let staying = changes;
  for (;;) {
    const removals = leave(staying);
    const next = holdClaimants(world, staying, removals);
    if (next === staying) return { staying, removals };
    staying = next;
  }
}

interface Judged {
  readonly changes: readonly Change[];
  /** The changes of each record, restrained alone. */
  readonly units: readonly Unit[];
  readonly books: readonly Bookkeeping[];
  readonly problems: readonly Diagnostic[];
  readonly unchanged: number;
  readonly left: number;
}

/** The manifests come in apply order, so what one refers to is decided before it. */
function* judgeAll(world: World, manifests: readonly LoadedManifest[]): Stoppable<Judged> {
  const changes: Change[] = [];
  const units: Unit[] = [];
  const books: Bookkeeping[] = [];
  const problems: Diagnostic[] = [];
  const created = new Set<string>();
  const referred = new Set(
    world.kinds.all.flatMap((kind) => kind.fields.flatMap((it) => it.references ?? [])),
  );
  let unchanged = 0;
  let left = 0;
  for (const desired of manifests) {
    yield;
    const exists = (id: string) => isThere(world, id) || created.has(id);
    const verdict = judgeDeclared(world, desired, exists);
    changes.push(...verdict.changes);
    if (verdict.changes.length > 0) units.push(restrainAlone(world, verdict.changes));
    else if (isAsDeclared(world, desired)) unchanged += 1;
    else left += 1;
    if (verdict.changes[0]?.action === 'create' && referred.has(desired.key.space))
      created.add(keyId(desired.key));
    if (verdict.book !== undefined) books.push(verdict.book);
    if (verdict.problem !== undefined) problems.push(verdict.problem);
  }
  return { changes, units, books, problems, unchanged, left };
}

function isAsDeclared(world: World, desired: LoadedManifest): boolean {
  const live = world.records.get(keyId(desired.key));
  if (live === undefined || live.digest !== desired.digest) return false;
  return desired.deployed === undefined || desired.deployed === live.deployed;
}

/**
 * How many records the source owns once all but the deletes is done. The share of deletes is taken of
 * this number, because it is the same in the next run: deletes that wait never go on by themselves
 * only because the same run made other records or forgot some.
 */
function ownedAfterwards(world: World, changes: readonly Change[]): number {
  const there = world.owned.filter(({ key }) => world.records.has(keyId(key))).length;
  const fresh = changes.filter(
    ({ action, held }) => held !== true && (action === 'create' || action === 'adopt'),
  );
  return there + fresh.length + (world.beyond?.owned ?? 0);
}

/** Which of the leaving records are still referred to once this plan is executed, and by what. */
function dependentsOf(
  world: World,
  leaving: ReadonlyMap<string, unknown>,
  changes: readonly Change[],
): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  if (leaving.size === 0) return dependents;
  const after = new Map(
    [...world.records].map(([id, { kind, key, manifest }]) => [id, { kind, key, manifest }]),
  );
  for (const { key, kind, write, held } of changes)
    if (write !== undefined && held !== true)
      after.set(keyId(key), { kind, key, manifest: decoded(write) });
  for (const [id, { kind, key, manifest }] of after) {
    if (leaving.has(id)) continue;
    for (const target of targetsOf(kindNamed(world.kinds, kind), manifest, key.account)) {
      if (!leaving.has(target)) continue;
      const known = dependents.get(target);
      if (known === undefined) dependents.set(target, [title({ kind, key })]);
      else known.push(title({ kind, key }));
    }
  }
  return dependents;
}

/** Counts the changes per action; a held one counts as held. */
export function summaryOf(
  changes: readonly Change[],
  counts: { readonly unchanged: number; readonly invalid: number },
): Summary {
  const zero = Object.fromEntries(summaryKeys.map((key) => [key, 0]));
  const summary = zero as Record<keyof Summary, number>;
  for (const { action, held } of changes) summary[held === true ? 'held' : action] += 1;
  return { ...summary, ...counts };
}
