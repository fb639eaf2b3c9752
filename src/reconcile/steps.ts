import {
  decoded,
  keyId,
  type LoadedManifest,
  type Manifest,
  type ResourceKey,
} from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Change, Deleted, Plan } from '../plan/change.ts';

/**
 * What is done to one record in one transaction. A plan tells a write and a switch of deployment as
 * two changes; they are one write of one record, except before a delete, where the undeploy must be
 * finished first.
 */
export interface Step {
  readonly verb: 'write' | 'remove';
  readonly key: ResourceKey;
  readonly kind: string;
  readonly changes: readonly Change[];
  /** For a write: what the record holds afterwards, encoded; undefined where that is what it holds before. */
  readonly write: string | undefined;
  readonly deployed: boolean | undefined;
  readonly before: LiveRecord | undefined;
  /** For a record that comes back from the trash. */
  readonly restores: Deleted | undefined;
  /** True for a delete that comes after the same record's undeploy, whose write it must expect. */
  readonly follows: boolean;
  /** Set when the inventory must follow. */
  readonly desired: LoadedManifest | undefined;
}

/**
 * The executable changes of a plan as steps, in the plan's order, each made when it is its turn: what
 * it writes is a text of its own. Held and blocked changes are left out.
 */
export function* stepsOf(plan: Plan): Generator<Step> {
  const leaving = new Set<string>();
  for (const { action, key, held } of plan.changes)
    if (action === 'delete' && held !== true) leaving.add(keyId(key));
  const left = new Map<string, Step>();
  for (const changes of together(plan.changes.filter(isExecutable))) {
    const [first] = changes as [Change];
    const id = keyId(first.key);
    if (first.action === 'delete') yield removal(first, left.get(id));
    else {
      const step = writeStep(changes, leaving.has(id));
      if (leaving.has(id)) left.set(id, step);
      yield step;
    }
  }
}

/** Changes of one record that a plan has one after the other; a delete is always on its own. */
function* together(changes: readonly Change[]): Generator<readonly Change[]> {
  let some: Change[] = [];
  for (const change of changes) {
    const [first] = some;
    const isSame = first !== undefined && keyId(first.key) === keyId(change.key);
    if (first !== undefined && (!isSame || change.action === 'delete')) {
      yield some;
      some = [];
    }
    some.push(change);
  }
  if (some.length > 0) yield some;
}

/** The delete of a record, after what was done to it before. */
function removal(change: Change, before: Step | undefined): Step {
  return {
    ...common([change]),
    verb: 'remove',
    write: undefined,
    deployed: undefined,
    desired: undefined,
    follows: before !== undefined && !isRetry(before),
  };
}

export function isExecutable(change: Change): boolean {
  return change.held !== true && change.action !== 'blocked';
}

/** What the record of a step holds afterwards; undefined where there is none any more. */
export function manifestOf({ verb, write, before }: Step): Manifest | undefined {
  if (verb === 'remove') return undefined;
  return write === undefined ? before?.manifest : decoded(write);
}

/** Whether a step writes nothing and only tries again what an endpoint owes. */
export function isRetry({ before, changes }: Step): boolean {
  return (
    before?.owed !== undefined &&
    changes.every(
      ({ action }) =>
        (action === 'deploy' && before.deployed === true) ||
        (action === 'undeploy' && before.deployed === false),
    )
  );
}

function common(changes: readonly Change[]) {
  const [first] = changes as [Change];
  const before = changes.find((it) => it.live !== undefined)?.live;
  const restores = changes.find((it) => it.restores !== undefined)?.restores;
  return { key: first.key, kind: first.kind, changes, before, restores };
}

function writeStep(changes: readonly Change[], leaving: boolean): Step {
  const shared = common(changes);
  const switched = changes.find((it) => it.action === 'deploy' || it.action === 'undeploy');
  return {
    ...shared,
    verb: 'write',
    follows: false,
    write: changes.find((it) => it.write !== undefined)?.write,
    deployed: switched === undefined ? shared.before?.deployed : switched.action === 'deploy',
    desired: leaving ? undefined : changes.find((it) => it.desired !== undefined)?.desired,
  };
}
