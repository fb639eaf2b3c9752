import { digestOf } from '../lib/digest.ts';
import { valueAt } from '../lib/json.ts';
import type { KindSet } from '../manifest/kind.ts';
import { keyId } from '../manifest/manifest.ts';
import { summaryOf } from './build.ts';
import type { Change, LiveRecord, OwnedRecord, Plan } from './change.ts';
import { diffFields, switchedFields } from './diff.ts';
import { ordered } from './order.ts';
import { planId } from './plan-id.ts';
import { kindNamed } from './world.ts';

export interface DriftInput {
  readonly source: string;
  /** The revision last applied. */
  readonly revision: string;
  readonly live: readonly LiveRecord[];
  /** What the source owns, as far as it may differ. */
  readonly owned: readonly OwnedRecord[];
  /** How many more it owns that are known to be as they were applied. */
  readonly unchanged?: number;
  readonly kinds: KindSet;
}

/**
 * How the records differ from what the source last applied, as the plan that would put them right.
 * The source itself is not asked, so changes that wait in it never show. Orphaned records are passed
 * over, because nothing says any more what they should be.
 */
export function buildDrift(input: DriftInput): Plan {
  const { source, revision, live, owned, kinds } = input;
  const records = new Map(live.map((record) => [keyId(record.key), record]));
  const enforced = owned.filter((it) => !it.orphaned);
  const found: Change[] = [];
  let unchanged = input.unchanged ?? 0;
  for (const item of enforced) {
    const changes = driftOf(kinds, item, records.get(keyId(item.key)));
    if (changes.length === 0) unchanged += 1;
    found.push(...changes);
  }
  const changes = ordered(kinds, found, []);
  const basis = digestOf([source, revision]);
  return {
    source,
    revision,
    id: planId(basis, changes),
    basis,
    summary: summaryOf(changes, { unchanged, invalid: 0 }),
    changes,
    problems: [],
    left: 0,
    bookkeeping: [],
  };
}

function driftOf(kinds: KindSet, owned: OwnedRecord, live: LiveRecord | undefined): Change[] {
  const { key, applied, file, line } = owned;
  const kind = kindNamed(kinds, owned.kind);
  const base = { key, kind: kind.name, file, line, owned, ...(live === undefined ? {} : { live }) };
  if (live !== undefined && live.kind !== kind.name)
    return [
      { ...base, action: 'blocked', fields: [], reason: `the record is now of kind ${live.kind}` },
    ];
  const changes: Change[] = [];
  const fields =
    live?.digest === owned.digest ? [] : diffFields(kind, live?.manifest, applied, applied);
  if (live === undefined) changes.push({ ...base, action: 'create', fields });
  else if (fields.length > 0) changes.push({ ...base, action: 'update', fields });
  const from = live?.deployed ?? false;
  const to = kind.deployment === undefined ? undefined : valueAt(applied, kind.deployment);
  if (typeof to === 'boolean' && to !== from)
    changes.push({
      ...base,
      action: to ? 'deploy' : 'undeploy',
      fields: switchedFields(kind, from, to, applied),
    });
  return changes;
}
