import type { Brokers } from '../broker/brokers.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { OwnedRecord } from '../plan/change.ts';
import type { Database, Query } from '../store/database.ts';
import { type OwedEffect, owedEffects } from '../store/effects.ts';
import { type InventoryRow, inventoryOf, ownersOf } from '../store/inventory.ts';
import { readLiveCounter } from '../store/live-counter.ts';

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
      live: withOwed(live, await owedEffects(query)),
      owned: await readOwned(query, source),
      owners: await readOwners(query),
      counter: await readLiveCounter(query),
    };
  });
}

function withOwed(live: readonly LiveRecord[], owed: readonly OwedEffect[]): readonly LiveRecord[] {
  if (owed.length === 0) return live;
  const byKey = new Map(owed.map((effect) => [keyId(effect), effect]));
  return live.map((record) => {
    const effect = byKey.get(keyId(record.key));
    return effect === undefined ? record : { ...record, owed: effect };
  });
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

function ownedRecord(row: InventoryRow): OwnedRecord {
  const { account, space, name, applied, ...rest } = row;
  return { ...rest, key: { account, space, name }, applied: JSON.parse(applied) as Manifest };
}
