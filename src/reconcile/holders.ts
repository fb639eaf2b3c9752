import type { Brokers } from '../broker/brokers.ts';
import type { Claim } from '../manifest/load-document.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { Query } from '../store/database.ts';
import { inParts } from '../store/parts.ts';

/**
 * The records that have a value which only one of an account may have, such as a host label, and which
 * is claimed here. A plan has to see them: who is to have the value waits until they have left it.
 */
export async function holders(
  query: Query,
  brokers: Brokers,
  account: string,
  claims: Iterable<Pick<Claim, 'what' | 'value'>>,
): Promise<ResourceKey[]> {
  const wanted = new Map<string, Set<unknown>>();
  for (const { what, value } of claims) {
    const values = wanted.get(what);
    if (values === undefined) wanted.set(what, new Set([value]));
    else values.add(value);
  }
  const found: ResourceKey[] = [];
  for (const { kind, table } of brokers.all)
    for (const column of kind.tables.unique ?? []) {
      const sql = `SELECT name FROM "${table}" WHERE account = ?
        AND "${column}" IN (SELECT value FROM json_each(?))`;
      const rows = await inParts([...(wanted.get(`${table}.${column}`) ?? [])], (part) =>
        query.rows<{ name: string }>(sql, [account, JSON.stringify(part)]),
      );
      for (const { name } of rows) found.push({ account, space: kind.space, name });
    }
  return found;
}
