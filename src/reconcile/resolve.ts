import type { Brokers } from '../broker/brokers.ts';
import type { Resolve } from '../broker/record-map.ts';
import { PlumblineError } from '../lib/errors.ts';
import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import { referencesOf } from '../manifest/references.ts';
import type { Query } from '../store/database.ts';
import { manifestOf, type Step } from './steps.ts';

interface Present {
  readonly id: number;
  readonly generation: number;
}

/** The records of these steps as they are inside the transaction, by key id. */
export async function presentRecords(
  query: Query,
  brokers: Brokers,
  steps: readonly Step[],
): Promise<Map<string, Present>> {
  return lookUp(
    query,
    brokers,
    steps.map((step) => step.key),
  );
}

/**
 * The ids that the references of these steps stand for: records that are there, and those that the
 * same transaction creates. The function it gives throws RECORD_REJECTED for a name that has neither.
 */
export async function referenceIds(
  query: Query,
  brokers: Brokers,
  steps: readonly Step[],
  created: ReadonlyMap<string, number>,
): Promise<(step: Step) => Resolve> {
  const wanted: ResourceKey[] = [];
  for (const step of steps) {
    const manifest = manifestOf(step);
    if (manifest === undefined) continue;
    for (const { space, name } of referencesOf(brokers.of(step.kind).kind, manifest))
      wanted.push({ account: step.key.account, space, name });
  }
  const present = await lookUp(query, brokers, wanted);
  return (step) => (space, name) => {
    const id = keyId({ account: step.key.account, space, name });
    const found = present.get(id)?.id ?? created.get(id);
    if (found !== undefined) return found;
    throw new PlumblineError(
      'RECORD_REJECTED',
      `${step.kind} ${step.key.name} refers to ${name}, and there is no such record any more`,
      { hint: 'nothing was written; plan again' },
    );
  };
}

async function lookUp(
  query: Query,
  brokers: Brokers,
  keys: readonly ResourceKey[],
): Promise<Map<string, Present>> {
  const found = new Map<string, Present>();
  const groups = new Map<string, { readonly first: ResourceKey; readonly names: Set<string> }>();
  for (const key of keys) {
    const group = `${key.account}/${key.space}`;
    const names = groups.get(group)?.names ?? new Set<string>();
    groups.set(group, { first: key, names: names.add(key.name) });
  }
  for (const { first, names } of groups.values()) {
    const rows = await query.rows<Present & { name: string }>(
      `SELECT id, generation, name FROM "${brokers.tableOf(first.space)}"
       WHERE account = ? AND name IN (SELECT value FROM json_each(?))`,
      [first.account, JSON.stringify([...names])],
    );
    for (const { name, ...present } of rows) found.set(keyId({ ...first, name }), present);
  }
  return found;
}
