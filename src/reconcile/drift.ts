import type { ResourceKey } from '../manifest/manifest.ts';
import type { Plan } from '../plan/change.ts';
import { buildDrift } from '../plan/drift.ts';
import { countEnforced, inventoryOfKeys } from '../store/inventory.ts';
import { readSourceState } from '../store/source-state.ts';
import { drifted } from './differing.ts';
import { ownedRecord, readRecords } from './live.ts';
import type { Ports } from './ports.ts';

/**
 * How the records differ from what a source last applied. It asks no source: pending changes never
 * show, and a source that cannot be reached keeps nothing from being told. Records go by page by page
 * and are told by their digests; only what differs is kept and compared field by field.
 */
export function driftOf(ports: Ports, account: string, source: string): Promise<Plan> {
  const { brokers } = ports;
  return ports.database.read(async (query) => {
    const keys: ResourceKey[] = [];
    for await (const page of drifted(query, brokers, { source, account }))
      for (const key of page) keys.push(key);
    const rows = await inventoryOfKeys(query, keys);
    const owned = rows.filter((row) => row.source === source && !row.orphaned).map(ownedRecord);
    const last = await readSourceState(query, source);
    return buildDrift({
      source,
      revision: last?.revision ?? '',
      live: await readRecords(query, brokers, account, keys),
      owned,
      unchanged: (await countEnforced(query, source, account)) - owned.length,
      kinds: brokers.kinds,
    });
  });
}
