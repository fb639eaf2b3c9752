import type { Brokers } from '../broker/brokers.ts';
import { uniqueValues } from '../manifest/kind-set.ts';
import { keyId, type LoadedManifest, type ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { referencesOf } from '../manifest/references.ts';
import { type Beyond, kindNamed } from '../plan/world.ts';
import type { Query } from '../store/database.ts';
import { type InventoryRow, inventoryOfKeys } from '../store/inventory.ts';
import { holders } from './holders.ts';
import { readRecords } from './live.ts';
import { referredTo } from './referred.ts';
import { dependents } from './scope.ts';

/** What is to be written, looked at and deleted by hand, all of one account. */
export interface Errand {
  readonly account: string;
  readonly manifests?: readonly Pick<LoadedManifest, 'key' | 'manifest'>[];
  readonly keys?: readonly ResourceKey[];
  readonly leaving?: readonly ResourceKey[];
}

/** What a plan by hand rests on, however many other records there are. */
export interface Surroundings {
  /** The records that it names, what refers to those that leave, and what has a value that it wants. */
  readonly live: readonly LiveRecord[];
  /** What the inventory says of them, by key id. */
  readonly rows: ReadonlyMap<string, InventoryRow>;
  readonly beyond: Beyond;
}

/** Reads what a plan by hand rests on. */
export async function readAround(
  query: Query,
  brokers: Brokers,
  { account, manifests = [], keys = [], leaving = [] }: Errand,
): Promise<Surroundings> {
  const claims = manifests.flatMap((it) => claimsOf(brokers, it));
  const near = new Map<string, ResourceKey>();
  for (const key of [
    ...manifests.map((it) => it.key),
    ...keys,
    ...leaving,
    ...(await dependents(query, brokers, account, leaving)),
    ...(await holders(query, brokers, account, claims)),
  ])
    near.set(keyId(key), key);
  const scope = [...near.values()];
  const references = manifests.flatMap(({ manifest }) => [
    ...referencesOf(kindNamed(brokers.kinds, manifest.kind), manifest),
  ]);
  return {
    live: await readRecords(query, brokers, account, scope),
    rows: new Map((await inventoryOfKeys(query, scope)).map((row) => [keyId(row), row])),
    beyond: {
      unchanged: 0,
      owned: 0,
      ...(await referredTo(query, brokers, { account, references, inScope: new Set(near.keys()) })),
    },
  };
}

/** The values that only one record of an account may have, as a kind makes them of a manifest. */
function claimsOf({ kinds }: Brokers, { key, manifest }: Pick<LoadedManifest, 'key' | 'manifest'>) {
  const kind = kindNamed(kinds, manifest.kind);
  return uniqueValues(kind, manifest, key).map(([column, value]) => ({
    what: `${kind.tables.main}.${column}`,
    value,
  }));
}
