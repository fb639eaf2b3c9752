import { valueAt } from '../lib/json.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { toManifest } from './record-map.ts';
import type { RecordShape } from './record-shape.ts';
import { recordSql } from './record-sql.ts';

type Found = Record<string, unknown>;

/** Records read in one go: enough to make the query worth its cost, few enough to bound memory. */
const pageSize = 300;

/** All records of a kind in an account, by name, a page at a time: one query for each page. */
export async function* readPages(
  query: Query,
  shape: RecordShape,
  account: string,
): AsyncGenerator<readonly LiveRecord[]> {
  let after = '';
  for (;;) {
    const page = await readPage(query, shape, account, after);
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    after = (page.at(-1) as LiveRecord).key.name;
  }
}

/** The next records by name after this one; an empty page is the end. */
export async function readPage(
  query: Query,
  shape: RecordShape,
  account: string,
  after: string,
): Promise<readonly LiveRecord[]> {
  const sql = `${recordSql(shape)} AND main.name > ? ORDER BY main.name LIMIT ${pageSize}`;
  return assembled(shape, await query.rows<Found>(sql, [account, after]));
}

/** The records with these names, those that there are, in no promised order. */
export async function readNamed(
  query: Query,
  shape: RecordShape,
  account: string,
  names: readonly string[],
): Promise<readonly LiveRecord[]> {
  const sql = `${recordSql(shape)} AND main.name IN (SELECT value FROM json_each(?))`;
  const records: LiveRecord[] = [];
  for (let start = 0; start < names.length; start += pageSize) {
    const wanted = JSON.stringify(names.slice(start, start + pageSize));
    records.push(...assembled(shape, await query.rows<Found>(sql, [account, wanted])));
  }
  return records;
}

function assembled(shape: RecordShape, rows: readonly Found[]): readonly LiveRecord[] {
  return rows.map((main) => {
    const ones = new Map<string, Found>();
    for (const { table, columns } of shape.ones) {
      if (main[table] === null) continue;
      const row: Found = {};
      for (const { column } of columns) row[column] = main[`${table}.${column}`];
      ones.set(table, row);
    }
    const lists = new Map<string, readonly unknown[]>();
    for (const { table } of shape.lists)
      if (main[table] !== '[]') lists.set(table, JSON.parse(String(main[table])) as unknown[]);
    return liveRecord(shape, { main, ones, lists });
  });
}

function liveRecord(shape: RecordShape, rows: Parameters<typeof toManifest>[1]): LiveRecord {
  const { kind } = shape;
  const manifest = toManifest(shape, rows);
  const columns: Record<string, unknown> = {};
  for (const name of Object.keys(kind.serverColumns ?? {})) columns[name] = rows.main[name];
  // Half of those who read records have no use for it.
  let digest: string | undefined;
  return {
    key: {
      account: String(rows.main['account']),
      space: kind.space,
      name: String(rows.main['name']),
    },
    kind: kind.name,
    id: rows.main['id'] as number,
    manifest,
    get digest() {
      digest ??= contentDigest(manifest, comparableOf(kind));
      return digest;
    },
    deployed:
      kind.deployment === undefined ? undefined : valueAt(manifest, kind.deployment) === true,
    generation: rows.main['generation'] as number,
    createdAt: String(rows.main['created_at']),
    updatedAt: String(rows.main['updated_at']),
    columns,
    ...known('owed', rows.main['.owed']),
    ...known('endpoint', rows.main['.endpoint']),
  };
}

/** A member of a record that there is only where something is known. */
function known<K extends 'owed' | 'endpoint'>(
  member: K,
  json: unknown,
): Pick<LiveRecord, K> | object {
  return typeof json === 'string' ? { [member]: JSON.parse(json) } : {};
}
