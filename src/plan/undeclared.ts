import type { Kind } from '../manifest/kind.ts';
import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import type { Action, Bookkeeping, Change, LiveRecord, OwnedRecord, Release } from './change.ts';
import { switchedFields } from './diff.ts';
import { isProtected, protect } from './guard.ts';
import { hold } from './hold.ts';
import { inApplyOrder, inDeleteOrder } from './order.ts';
import { recordHold } from './suspension.ts';
import { kindNamed, targetsOf, title, type World } from './world.ts';

/** A record of this source that no manifest declares any more. */
interface Leaver {
  readonly key: ResourceKey;
  readonly owned: OwnedRecord;
  readonly live: LiveRecord;
}

/** What becomes of the records that a source owns and no longer declares. */
export interface Undeclared {
  /** Those to delete, if nothing that stays refers to them. */
  readonly leaving: ReadonlyMap<string, Leaver>;
  /** Those that must stay although they are gone from the source. */
  readonly blocked: readonly Change[];
  /** Those that another source declares now. */
  readonly released: readonly Release[];
  readonly books: readonly Bookkeeping[];
}

/** Looks at every owned record that no manifest declares, valid or not. */
export function findUndeclared(world: World): Undeclared {
  const leaving = new Map<string, Leaver>();
  const blocked: Change[] = [];
  const released: Release[] = [];
  const books: Bookkeeping[] = [];
  const unread = new Set(world.unknownContent);
  const unknown = [...unread].sort();
  // A file that cannot be read is still there, and so, for all anybody knows, is what it declared.
  const gone = world.owned.filter(({ key, file }) => {
    const id = keyId(key);
    return !world.declared.has(id) && !world.invalid.has(id) && !unread.has(file);
  });
  for (const owned of gone.sort(inApplyOrder(world.kinds))) {
    const id = keyId(owned.key);
    const live = world.records.get(id);
    const { prune } = world.policy;
    const [to] = world.rivals?.get(id) ?? [];
    const reason = live === undefined ? undefined : refusal(owned, live);
    if (unknown.length > 0) {
      const blind = `nothing is deleted while ${listed(unknown)} cannot be read`;
      if (live !== undefined && prune) blocked.push(kept(owned, live, blind));
    } else if (live === undefined) books.push({ kind: 'forget', owned });
    else if (to !== undefined) {
      released.push({ key: owned.key, kind: live.kind, to });
      books.push(...orphan(owned));
    } else if (!prune) books.push(...orphan(owned));
    else if (reason === undefined) leaving.set(id, { key: owned.key, owned, live });
    else {
      blocked.push(kept(owned, live, reason));
      books.push(...orphan(owned));
    }
  }
  return { leaving, blocked, released, books };
}

function refusal(owned: OwnedRecord, live: LiveRecord): string | undefined {
  if (live.kind !== owned.kind)
    return `the record is now of kind ${live.kind}, so it is not the one that this source made`;
  if (isProtected(live.manifest) || isProtected(owned.applied))
    return `it is protected by the annotation ${protect}; declare it again without the annotation, sync, and remove it then`;
  return undefined;
}

/**
 * The deletes, each with its undeploy before it, what must wait of them for a reason of its own, and what
 * may not be deleted because a record that stays refers to it. What refers to others is looked at before
 * them, so that a record that must stay keeps what it needs.
 */
export function judgeLeaving(
  world: World,
  leaving: Undeclared['leaving'],
  dependents: ReadonlyMap<string, readonly string[]>,
): Change[] {
  const needed = new Map<string, string[]>();
  for (const [id, names] of dependents) needed.set(id, [...names]);
  const changes: Change[] = [];
  for (const { owned, live } of [...leaving.values()].sort(inDeleteOrder(world.kinds))) {
    const kind = kindNamed(world.kinds, live.kind);
    const leave = leaveChanges(kind, owned, live);
    const wait = leave.map((it) => recordHold(world.control, it)).find((it) => it !== undefined);
    const by = needed.get(keyId(owned.key));
    if (by !== undefined)
      changes.push(
        kept(
          owned,
          live,
          `${listed([...new Set(by)].sort())} still refers to it; remove the reference first`,
        ),
      );
    else changes.push(...(wait === undefined ? leave : leave.map((it) => hold(it, wait))));
    if (by === undefined && wait === undefined) continue;
    for (const id of targetsOf(kind, live.manifest, live.key.account))
      needed.set(id, [...(needed.get(id) ?? []), title(live)]);
  }
  return changes;
}

function leaveChanges(kind: Kind, owned: OwnedRecord, live: LiveRecord): Change[] {
  const leave = entry(owned, live, 'delete');
  if (live.deployed !== true && live.owed === undefined) return [leave];
  const fields = switchedFields(kind, true, false, undefined);
  return [{ ...entry(owned, live, 'undeploy'), fields }, leave];
}

/** The inventory marks of records that are gone from the source but stay, because their delete is held or blocked. */
export function orphans(removals: readonly Change[]): Bookkeeping[] {
  return removals.flatMap(({ action, held, owned }) => {
    const stays = action === 'blocked' || (action === 'delete' && held === true);
    return stays && owned !== undefined ? orphan(owned) : [];
  });
}

/** Marked once; later plans say nothing of it. */
function orphan(owned: OwnedRecord): Bookkeeping[] {
  return owned.orphaned ? [] : [{ kind: 'orphan', owned }];
}

function kept(owned: OwnedRecord, live: LiveRecord, reason: string): Change {
  return { ...entry(owned, live, 'blocked'), reason };
}

function entry(owned: OwnedRecord, live: LiveRecord, action: Action): Change {
  const { key, file, line } = owned;
  return { action, key, kind: live.kind, file, line, fields: [], live, owned };
}

/** The first few of a list, and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
