import { ahead } from '../lib/ahead.ts';
import { valueAt } from '../lib/json.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { type FoundRow, toManifest } from './record-map.ts';
import type { RecordShape } from './record-shape.ts';
import { recordSql } from './record-sql.ts';

/** Records read in one go: enough to make the query worth its cost, few enough to bound memory. */
const pageSize = 300;

/**
 * All records of a kind in an account, by name, a page at a time: one query for each page, asked while
 * the page before is looked at.
 */
export function readPages(
  query: Query,
  shape: RecordShape,
  account: string,
): AsyncGenerator<readonly LiveRecord[]> {
  return ahead(pagesOf(query, shape, account));
}

async function* pagesOf(
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
  const rows = await query.rows<FoundRow>(sql, [account, after]);
  return rows.map((row) => liveRecord(shape, row));
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
    for (const row of await query.rows<FoundRow>(sql, [account, wanted]))
      records.push(liveRecord(shape, row));
  }
  return records;
}

function liveRecord(shape: RecordShape, row: FoundRow): LiveRecord {
  const { kind } = shape;
  const manifest = toManifest(shape, row);
  const columns: Record<string, unknown> = {};
  for (const name of Object.keys(kind.serverColumns ?? {})) columns[name] = row[name];
  // Half of those who read records have no use for it.
  let digest: string | undefined;
  return {
    key: {
      account: String(row['account']),
      space: kind.space,
      name: String(row['name']),
    },
    kind: kind.name,
    id: row['id'] as number,
    manifest,
    get digest() {
      digest ??= contentDigest(manifest, comparableOf(kind));
      return digest;
    },
    deployed:
      kind.deployment === undefined ? undefined : valueAt(manifest, kind.deployment) === true,
    generation: row['generation'] as number,
    createdAt: String(row['created_at']),
    updatedAt: String(row['updated_at']),
    columns,
    ...known('owed', row['.owed']),
    ...known('endpoint', row['.endpoint']),
  };
}

/** A member of a record that there is only where something is known. */
function known<K extends 'owed' | 'endpoint'>(
  member: K,
  json: unknown,
): Pick<LiveRecord, K> | object {
  return typeof json === 'string' ? { [member]: JSON.parse(json) } : {};
}
