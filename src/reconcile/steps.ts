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

/** The executable changes of a plan as steps, in the plan's order. Held and blocked ones are left out. */
export function stepsOf(plan: Plan): Step[] {
  const open = plan.changes.filter(isExecutable);
  const deleted = new Set(open.filter((it) => it.action === 'delete').map((it) => keyId(it.key)));
  const writes = new Map<string, Change[]>();
  const order: { readonly id: string; readonly remove?: Change }[] = [];
  for (const change of open) {
    const id = keyId(change.key);
    if (change.action === 'delete') {
      order.push({ id, remove: change });
      continue;
    }
    const together = writes.get(id);
    if (together !== undefined) together.push(change);
    else {
      writes.set(id, [change]);
      order.push({ id });
    }
  }
  return order.map(({ id, remove }) => {
    const changes = writes.get(id);
    const write = changes === undefined ? undefined : writeStep(changes, deleted.has(id));
    if (remove === undefined) return write as Step;
    return {
      ...common([remove]),
      verb: 'remove',
      write: undefined,
      deployed: undefined,
      desired: undefined,
      follows: write !== undefined && !isRetry(write),
    };
  });
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
