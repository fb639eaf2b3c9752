import { valueAt } from '../lib/json.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { toManifest } from './record-map.ts';
import type { ColumnField, RecordShape } from './record-shape.ts';

type Found = Record<string, unknown>;

/** Records read in one go: enough to make the query worth its cost, few enough to bound memory. */
const pageSize = 1000;

/** All records of a kind in an account, by name, a page at a time: a handful of queries per page, however many records. */
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
  const rows = await mainRows(query, shape, account)
    .where(`${shape.main}.name`, '>', after)
    .orderBy(`${shape.main}.name`)
    .limit(pageSize);
  return assembleRecords(query, shape, rows);
}

/** The records with these names, those that there are, in no promised order. */
export async function readNamed(
  query: Query,
  shape: RecordShape,
  account: string,
  names: readonly string[],
): Promise<readonly LiveRecord[]> {
  const records: LiveRecord[] = [];
  for (let start = 0; start < names.length; start += pageSize) {
    const rows = await mainRows(query, shape, account).whereIn(
      `${shape.main}.name`,
      names.slice(start, start + pageSize),
    );
    records.push(...(await assembleRecords(query, shape, rows)));
  }
  return records;
}

function mainRows(query: Query, shape: RecordShape, account: string) {
  const rows = query(shape.main)
    .select<Found[]>(`${shape.main}.*`)
    .where(`${shape.main}.account`, account);
  const { discriminator } = shape.kind.tables;
  if (discriminator !== undefined)
    rows.where(`${shape.main}.${discriminator.column}`, discriminator.value);
  withNames(rows, shape.main, shape.columns);
  return rows;
}

/** Replaces the id in a reference column by the name it stands for. */
function withNames(rows: ReturnType<Query>, table: string, columns: readonly ColumnField[]): void {
  for (const { column, target } of columns) {
    if (target === undefined) continue;
    const alias = `to_${column}`;
    rows
      .leftJoin(`${target} as ${alias}`, `${alias}.id`, `${table}.${column}`)
      .select(`${alias}.name as ${column}`);
  }
}

async function assembleRecords(
  query: Query,
  shape: RecordShape,
  rows: readonly Found[],
): Promise<readonly LiveRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row['id'] as number);
  const ones = new Map<string, Map<number, Found>>();
  for (const one of shape.ones) {
    const children = query(one.table)
      .select<Found[]>(`${one.table}.*`)
      .whereIn(`${one.table}.${shape.parent}`, ids);
    withNames(children, one.table, one.columns);
    ones.set(
      one.table,
      new Map((await children).map((row: Found) => [row[shape.parent] as number, row])),
    );
  }
  const lists = new Map<string, Map<number, unknown[]>>();
  for (const list of shape.lists) {
    const value = list.target === undefined ? `${list.table}.${list.column}` : 'target.name';
    const children = query(list.table)
      .select<Found[]>(`${list.table}.${shape.parent} as parent`, `${value} as item`)
      .whereIn(`${list.table}.${shape.parent}`, ids)
      .orderBy([`${list.table}.${shape.parent}`, `${list.table}.position`]);
    if (list.target !== undefined)
      children.join(`${list.target} as target`, 'target.id', `${list.table}.${list.column}`);
    lists.set(list.table, grouped(await children));
  }
  return rows.map((main) => {
    const id = main['id'] as number;
    const pick = <T>(tables: Map<string, Map<number, T>>) =>
      new Map(
        [...tables].flatMap(([table, byId]) => {
          const found = byId.get(id);
          return found === undefined ? [] : [[table, found] as const];
        }),
      );
    return liveRecord(shape, { main, ones: pick(ones), lists: pick(lists) });
  });
}

function grouped(rows: readonly Found[]): Map<number, unknown[]> {
  const byParent = new Map<number, unknown[]>();
  for (const row of rows) {
    const items = byParent.get(row['parent'] as number);
    if (items === undefined) byParent.set(row['parent'] as number, [row['item']]);
    else items.push(row['item']);
  }
  return byParent;
}

function liveRecord(shape: RecordShape, rows: Parameters<typeof toManifest>[1]): LiveRecord {
  const { kind } = shape;
  const manifest = toManifest(shape, rows);
  const columns: Record<string, unknown> = {};
  for (const name of Object.keys(kind.serverColumns ?? {})) columns[name] = rows.main[name];
  return {
    key: {
      account: String(rows.main['account']),
      space: kind.space,
      name: String(rows.main['name']),
    },
    kind: kind.name,
    id: rows.main['id'] as number,
    manifest,
    digest: contentDigest(manifest, comparableOf(kind)),
    deployed:
      kind.deployment === undefined ? undefined : valueAt(manifest, kind.deployment) === true,
    generation: rows.main['generation'] as number,
    createdAt: String(rows.main['created_at']),
    updatedAt: String(rows.main['updated_at']),
    columns,
  };
}
