import type { Kind } from '../manifest/kind.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import type { Brokers } from './brokers.ts';

/** What a list can be sorted by; records that are equal in it follow by kind and name. */
export const sortKeys = ['kind', 'name', 'created', 'modified'] as const;
export type SortKey = (typeof sortKeys)[number];

/** Which records are wanted, and in which order. */
export interface RecordFilter {
  readonly account: string;
  readonly kinds: readonly Kind[];
  /** Exactly this name, or names that begin so where it ends in a star. */
  readonly name?: string | undefined;
  /** Owned by this source; null for those that nobody owns. */
  readonly source?: string | null | undefined;
  readonly tag?: string | undefined;
  readonly deployed?: boolean | undefined;
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly limit: number;
  /** Where to go on. */
  readonly after?: Position | undefined;
}

/** Where a record stands in a list: its sort key, kind and name. */
export type Position = readonly [key: string, kind: string, name: string];

interface Row {
  readonly sort: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * A page of the records that match, and the position of its last one where more follow. Names are
 * found first, over all kinds in one query; only the records of the page are read.
 */
export async function listRecords(
  query: Query,
  brokers: Brokers,
  filter: RecordFilter,
): Promise<{ readonly records: readonly LiveRecord[]; readonly next: Position | undefined }> {
  const { kinds, account, limit } = filter;
  if (kinds.length === 0) return { records: [], next: undefined };
  const rows = await rowsOf(query, filter);
  const page = rows.slice(0, limit);
  const found = new Map<string, LiveRecord>();
  for (const kind of kinds) {
    const names = page.filter((row) => row.kind === kind.name).map((row) => row.name);
    if (names.length === 0) continue;
    for (const record of await brokers.of(kind).read(query, account, names))
      found.set(`${kind.name}/${record.key.name}`, record);
  }
  const last = page.at(-1);
  return {
    records: page.flatMap(({ kind, name }) => found.get(`${kind}/${name}`) ?? []),
    next: rows.length > limit && last !== undefined ? [last.sort, last.kind, last.name] : undefined,
  };
}

/** One row more than the page, to know whether there is more. */
async function rowsOf(query: Query, filter: RecordFilter): Promise<Row[]> {
  const { kinds, descending, after, limit } = filter;
  const [first, ...others] = kinds.map((kind) => rowsOfKind(query, kind, filter));
  if (first === undefined) return [];
  const all = others.length === 0 ? first : first.unionAll(others);
  const order = descending ? 'desc' : 'asc';
  const rows = query
    .from(all.as('listed'))
    .select<Row[]>('sort', 'kind', 'name')
    .orderBy(['sort', 'kind', 'name'].map((column) => ({ column, order })))
    .limit(limit + 1);
  if (after !== undefined)
    rows.whereRaw(`(sort, kind, name) ${descending ? '<' : '>'} (?, ?, ?)`, [...after]);
  return rows;
}

const columns = { name: 'name', created: 'created_at', modified: 'updated_at' } as const;

function rowsOfKind(query: Query, kind: Kind, filter: RecordFilter) {
  const { account, name, source, tag, deployed, sort } = filter;
  const { main, discriminator } = kind.tables;
  const rows = query(main)
    .select({ name: `${main}.name` })
    .select(query.raw('? as kind', [kind.name]))
    .where(`${main}.account`, account);
  if (sort === 'kind') rows.select(query.raw('? as sort', [kind.name]));
  else rows.select({ sort: `${main}.${columns[sort]}` });
  if (discriminator !== undefined)
    rows.where(`${main}.${discriminator.column}`, discriminator.value);
  if (name?.endsWith('*') === true)
    rows.whereRaw('instr(??, ?) = 1', [`${main}.name`, name.slice(0, -1)]);
  else if (name !== undefined) rows.where(`${main}.name`, name);
  if (tag !== undefined) whereTagged(query, rows, kind, tag);
  if (deployed !== undefined) whereDeployed(rows, kind, deployed);
  if (source !== undefined) {
    const owned = query('inventory')
      .select('source')
      .where('inventory.account', account)
      .where('inventory.space', kind.space)
      .where('inventory.name', query.ref(`${main}.name`));
    if (source === null) rows.whereNotExists(owned);
    else rows.whereExists(owned.where({ source }));
  }
  return rows;
}

function whereTagged(query: Query, rows: ReturnType<Query>, kind: Kind, tag: string): void {
  const { main } = kind.tables;
  const storage = kind.fields.find((it) => it.path === 'metadata.tags')?.storage;
  if (storage === undefined || !('list' in storage)) rows.whereRaw('1 = 0');
  else
    rows.whereExists(
      query(storage.list)
        .select(storage.column)
        .where(`${storage.list}.${main}_id`, query.ref(`${main}.id`))
        .where(`${storage.list}.${storage.column}`, tag),
    );
}

/** Records of a kind without an endpoint are neither deployed nor undeployed. */
function whereDeployed(rows: ReturnType<Query>, kind: Kind, deployed: boolean): void {
  const field = kind.fields.find((it) => it.path === kind.deployment);
  if (field !== undefined && 'column' in field.storage)
    rows.where(`${kind.tables.main}.${field.storage.column}`, deployed);
  else rows.whereRaw('1 = 0');
}

/** The deployed records of a kind, of all accounts, of which an endpoint has said nothing and owes nothing. */
export async function deployedBeyond(
  query: Query,
  kind: Kind,
  endpoint: string,
): Promise<ResourceKey[]> {
  const { main } = kind.tables;
  const { space } = kind;
  const rows = query(main).select<{ account: string; name: string }[]>(
    `${main}.account`,
    `${main}.name`,
  );
  whereDeployed(rows, kind, true);
  const known = (table: string) =>
    query(table)
      .where({ [`${table}.space`]: space })
      .where(`${table}.account`, query.ref(`${main}.account`))
      .where(`${table}.name`, query.ref(`${main}.name`));
  rows.whereNotExists(known('endpoint_state').where({ endpoint })).whereNotExists(known('effect'));
  return (await rows).map(({ account, name }) => ({ account, space, name }));
}
