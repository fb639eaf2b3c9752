import type { Brokers } from '../broker/brokers.ts';
import type { Manifest, ResourceKey } from '../manifest/manifest.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { OwnedRecord } from '../plan/change.ts';
import type { Database, Query } from '../store/database.ts';
import { type InventoryRow, inventoryOf, ownersOf } from '../store/inventory.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { inParts } from '../store/parts.ts';
import { namesBySpace } from './scope.ts';

/** The live state and who owns what, all of one committed moment. */
export interface LiveState {
  readonly live: readonly LiveRecord[];
  readonly owned: readonly OwnedRecord[];
  /** Source that owns a key, by key id; records that are in no inventory have none. */
  readonly owners: ReadonlyMap<string, string>;
  /** Moves with every write to any record, by anybody. */
  readonly counter: number;
}

/** Reads every record of an account through the brokers, with the inventory of a source. */
export function readLive(
  database: Database,
  brokers: Brokers,
  account: string,
  source: string,
): Promise<LiveState> {
  return database.read(async (query) => {
    const live: LiveRecord[] = [];
    for (const broker of brokers.all)
      for await (const page of broker.pages(query, account)) live.push(...page);
    return {
      live,
      owned: await readOwned(query, source),
      owners: await readOwners(query),
      counter: await readLiveCounter(query),
    };
  });
}

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
      query(brokers.tableOf(space))
        .where({ account })
        .whereIn('name', [...part])
        .pluck<string[]>('name'),
    );
    for (const name of there) present.add(keyId({ account, space, name }));
  }
  return present;
}

/** The inventory of a source, with the applied manifests parsed. */
export async function readOwned(query: Query, source: string): Promise<OwnedRecord[]> {
  return (await inventoryOf(query, source)).map(ownedRecord);
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
