import type { Brokers } from '../../src/broker/brokers.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import type { OwnedRecord } from '../../src/plan/change.ts';
import { ownedRecord } from '../../src/reconcile/live.ts';
import type { Database, Query } from '../../src/store/database.ts';
import { type InventoryRow, inventoryPages } from '../../src/store/inventory.ts';

/** Every record of an account, and what a source owns, of one committed moment. */
export function readLive(
  database: Database,
  brokers: Brokers,
  account: string,
  source: string,
): Promise<{ readonly live: readonly LiveRecord[]; readonly owned: readonly OwnedRecord[] }> {
  return database.read(async (query) => {
    const live: LiveRecord[] = [];
    for (const broker of brokers.all)
      for await (const page of broker.pages(query, account)) live.push(...page);
    return { live, owned: (await inventoryOf(query, source)).map(ownedRecord) };
  });
}

/** Everything a source owns, by key. */
export async function inventoryOf(query: Query, source: string): Promise<InventoryRow[]> {
  const all: InventoryRow[] = [];
  for await (const page of inventoryPages(query, source)) all.push(...page);
  return all;
}
