import { type JsonObject, valueAt } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';
import { valueFrom } from '../manifest/secret-value.ts';
import type { Query } from '../store/database.ts';
import { inventoryOfSpace } from '../store/inventory.ts';
import type { Ports, Target } from './ports.ts';

/**
 * True when a secret of a source has another value now than was applied, or one at last: rotating a
 * mounted file moves neither the source nor a record, and still is a change. One that cannot be read
 * any more is told once.
 */
export async function secretsMoved(
  query: Query,
  { brokers, vault }: Ports,
  { source, account }: Target,
): Promise<boolean> {
  if (vault.hasAppeared(account)) return true;
  for (const { space, secret } of brokers.kinds.all) {
    if (secret === undefined) continue;
    const owned = { source: source.name, account, space };
    for (const row of await inventoryOfSpace(query, owned)) {
      const key = { account: row.account, space: row.space, name: row.name };
      const applied = JSON.parse(row.applied) as JsonObject;
      const from = valueFrom(valueAt(applied, secret.from));
      if (from === undefined || row.orphaned || vault.isMissing(key)) continue;
      const value = vault.read(from, key);
      if (!(value instanceof Secret)) return true;
      if (vault.seal(value, key).hash !== valueAt(applied, secret.value)) return true;
    }
  }
  return false;
}
