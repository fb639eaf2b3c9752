import type { Brokers } from '../broker/brokers.ts';
import type { Manifest, ResourceKey } from '../manifest/manifest.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { OwnedRecord } from '../plan/change.ts';
import type { Query } from '../store/database.ts';
import { type InventoryRow, ownersOf } from '../store/inventory.ts';
import { inParts } from '../store/parts.ts';
import { namesBySpace } from './scope.ts';

/** The records with these keys of one account, those that there are. */
export async function readRecords(
  query: Query,
  brokers: Brokers,
  account: string,
  keys: Iterable<ResourceKey>,
): Promise<readonly LiveRecord[]> {
  const live: LiveRecord[] = [];
  const names = namesBySpace(keys);
  for (const broker of brokers.all) {
    const wanted = names.get(broker.kind.space) ?? [];
    for (const record of await broker.read(query, account, wanted)) live.push(record);
  }
  return live;
}

/** Which of these keys of one account have a record, by key id. */
export async function recordsThere(
  query: Query,
  brokers: Brokers,
  account: string,
  keys: Iterable<ResourceKey>,
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const [space, names] of namesBySpace(keys)) {
    const there = await inParts(names, (part) =>
      query.rows<{ name: string }>(
        `SELECT name FROM "${brokers.tableOf(space)}" WHERE account = ? AND name IN (SELECT value FROM json_each(?))`,
        [account, JSON.stringify(part)],
      ),
    );
    for (const { name } of there) present.add(keyId({ account, space, name }));
  }
  return present;
}

/** Which source owns which key, by key id. */
export async function readOwners(query: Query): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  for (const { account, space, name, source } of await ownersOf(query))
    owners.set(keyId({ account, space, name }), source);
  return owners;
}

/** A row of the inventory with the applied manifest parsed. */
export function ownedRecord(row: InventoryRow): OwnedRecord {
  const { account, space, name, applied, ...rest } = row;
  return { ...rest, key: { account, space, name }, applied: JSON.parse(applied) as Manifest };
}
