import { ahead } from '../lib/ahead.ts';
import { valueAt } from '../lib/json.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest } from '../manifest/manifest.ts';
import type { EndpointSaid, LiveRecord, Owed } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { toManifest } from './record-map.ts';
import { commonCells, type RecordShape } from './record-shape.ts';
import { recordSql } from './record-sql.ts';

/** A row of `recordSql`. */
interface FoundRow {
  readonly cells: string;
  readonly [fraction: string]: unknown;
}

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
  async function* found() {
    for (let start = 0; start < names.length; start += pageSize) {
      const wanted = JSON.stringify(names.slice(start, start + pageSize));
      yield await query.rows<FoundRow>(sql, [account, wanted]);
    }
  }
  const records: LiveRecord[] = [];
  for await (const rows of ahead(found()))
    for (const row of rows) records.push(liveRecord(shape, row));
  return records;
}

function liveRecord(shape: RecordShape, row: FoundRow): LiveRecord {
  const { kind } = shape;
  const cells = JSON.parse(row.cells) as unknown[];
  for (const [name, at] of shape.fractions) cells[at] = row[name];
  const [id, account, name, generation, createdAt, updatedAt, owed, endpoint] = cells;
  const manifest = toManifest(shape, cells);
  const columns: Record<string, unknown> = {};
  let at = commonCells.length;
  for (const column of Object.keys(kind.serverColumns ?? {})) {
    columns[column] = cells[at];
    at += 1;
  }
  // Half of those who read records have no use for it.
  let digest: string | undefined;
  return {
    key: { account: String(account), space: kind.space, name: String(name) },
    kind: kind.name,
    id: id as number,
    manifest,
    get digest() {
      digest ??= contentDigest(manifest, comparableOf(kind));
      return digest;
    },
    deployed:
      kind.deployment === undefined ? undefined : valueAt(manifest, kind.deployment) === true,
    generation: generation as number,
    createdAt: String(createdAt),
    updatedAt: String(updatedAt),
    columns,
    ...(owed === null ? {} : { owed: owed as Owed }),
    ...(endpoint === null ? {} : { endpoint: endpoint as EndpointSaid }),
  };
}
