import type { Brokers } from '../broker/brokers.ts';
import type { Claim, ResourceKey } from '../manifest/manifest.ts';
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
  const columns = brokers.all.flatMap(({ kind, table }) =>
    (kind.tables.unique ?? []).map((column) => ({ space: kind.space, table, column })),
  );
  const wanted = new Map(columns.map((it) => [`${it.table}.${it.column}`, new Set<unknown>()]));
  for (const { what, value } of claims) wanted.get(what)?.add(value);
  const found: ResourceKey[] = [];
  for (const { space, table, column } of columns) {
    const sql = `SELECT name FROM "${table}" WHERE account = ?
      AND "${column}" IN (SELECT value FROM json_each(?))`;
    const rows = await inParts([...(wanted.get(`${table}.${column}`) ?? [])], (part) =>
      query.rows<{ name: string }>(sql, [account, JSON.stringify(part)]),
    );
    for (const { name } of rows) found.push({ account, space, name });
  }
  return found;
}
