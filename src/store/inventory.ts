import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import { inParts } from './parts.ts';
import { amongKeys, keyColumns, keyOf, type RecordKey } from './record-key.ts';
import { countRowsOf } from './row-count.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Which source put a record there, from where, and what it said: the licence to prune it. */
export type InventoryRow = {
  readonly account: string;
  readonly space: string;
  readonly name: string;
  readonly source: string;
  readonly kind: string;
  readonly file: string;
  readonly document: number;
  readonly line: number;
  /** Content id of the file. */
  readonly blob: string;
  /** Of the manifest last applied. */
  readonly digest: string;
  /** The manifest last applied, as JSON. */
  readonly applied: string;
  readonly revision: string;
  /** The file is gone and the record was kept. */
  readonly orphaned: boolean;
  /** ISO 8601. */
  readonly appliedAt: string;
};

const columns: Columns<InventoryRow> = {
  account: 'account',
  space: 'space',
  name: 'name',
  source: 'source',
  kind: 'kind',
  file: 'file',
  document: 'document',
  line: 'line',
  blob: 'blob',
  digest: 'digest',
  applied: 'applied',
  revision: 'revision',
  orphaned: 'orphaned',
  appliedAt: 'applied_at',
};

const pageSize = 300;

/** What a source owns, by key, a page at a time. */
export async function* inventoryPages(
  query: Query,
  source: string,
): AsyncGenerator<readonly InventoryRow[]> {
  const sql = `SELECT ${selected(columns)} FROM inventory
    WHERE source = ? AND (account, space, name) > (?, ?, ?)
    ORDER BY ${keyColumns.join()} LIMIT ${pageSize}`;
  let after = ['', '', ''];
  for (;;) {
    const rows = await query.rows<InventoryRow>(sql, [source, ...after]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({ ...row, orphaned: Boolean(row.orphaned) }));
    after = [last.account, last.space, last.name];
  }
}

/** What a source owns of one name space, by key. It costs as much as there is, whatever else there is. */
export async function inventoryOfSpace(
  query: Query,
  { source, account, space }: Pick<InventoryRow, 'source' | 'account' | 'space'>,
): Promise<readonly InventoryRow[]> {
  const sql = `SELECT ${selected(columns)} FROM inventory
    WHERE source = ? AND account = ? AND space = ? ORDER BY ${keyColumns.join()}`;
  const rows = await query.rows<InventoryRow>(sql, [source, account, space]);
  return rows.map((row) => ({ ...row, orphaned: Boolean(row.orphaned) }));
}

/** Which source owns which record; what nobody owns is left out. */
export async function ownersOf(query: Query): Promise<(RecordKey & { readonly source: string })[]> {
  return query('inventory').select('account', 'space', 'name', 'source');
}

/** Where a record comes from. */
export interface RecordOrigin {
  readonly name: string;
  readonly source: string;
  readonly file: string;
  readonly document: number;
  /** Whether what was applied has a value at the path asked for. */
  readonly says: boolean;
}

/** Where the records of a name space come from whose names lie after one name and up to another. */
export async function recordOrigins(
  query: Query,
  { account, space }: Omit<RecordKey, 'name'>,
  names: { readonly after: string; readonly upTo: string },
  path: string,
): Promise<readonly RecordOrigin[]> {
  const rows = await query.rows<RecordOrigin>(
    `SELECT name, source, file, document, json_type(applied, ?) IS NOT NULL AS says FROM inventory
     WHERE account = ? AND space = ? AND name > ? AND name <= ?`,
    [`$.${path}`, account, space, names.after, names.upTo],
  );
  return rows.map((row) => ({ ...row, says: Boolean(row.says) }));
}

/** What the inventory says of these records, whoever owns them. */
export async function inventoryOfKeys(
  query: Query,
  keys: readonly RecordKey[],
): Promise<InventoryRow[]> {
  const rows = await inParts(keys, (part) => {
    const [condition, values] = amongKeys(part);
    const sql = `SELECT ${selected(columns)} FROM inventory WHERE ${condition}`;
    return query.rows<InventoryRow>(sql, values);
  });
  return rows.map((row) => ({ ...row, orphaned: Boolean(row.orphaned) }));
}

/** The records that these files of a source put there. */
export async function ownedByFiles(
  query: Query,
  source: string,
  files: readonly string[],
): Promise<RecordKey[]> {
  const sql = `SELECT ${keyColumns.join()} FROM inventory
    WHERE source = ? AND file IN (SELECT value FROM json_each(?))`;
  return inParts(files, (part) => query.rows(sql, [source, JSON.stringify(part)]));
}

/** How many records a source owns in an account and still declares, as far as it was applied. */
export async function countEnforced(
  query: Query,
  source: string,
  account: string,
): Promise<number> {
  const rows = await query.rows<{ count: number }>(
    'SELECT count(*) AS count FROM inventory WHERE source = ? AND account = ? AND NOT orphaned',
    [source, account],
  );
  return rows[0]?.count ?? 0;
}

/** How many records a source owns in an account. */
export function countOwned(query: Query, source: string, account: string): Promise<number> {
  return countRowsOf(query, 'inventory', source, account);
}

/** What the inventory says of one record; undefined for a record that nobody owns. */
export function inventoryRow(query: Query, key: RecordKey): Promise<InventoryRow | undefined> {
  return query('inventory').select(columns).where(keyOf(key)).first<InventoryRow | undefined>();
}

/** The records that are kept although their files are gone, each with the source that still owns it. */
export async function orphansOf(
  query: Query,
): Promise<(RecordKey & { readonly source: string })[]> {
  return query('inventory').select('account', 'space', 'name', 'source').where({ orphaned: true });
}

/** How many records each source owns, those apart that are kept only because nobody has deleted them. */
export function countBySource(
  query: Query,
): Promise<{ readonly name: string; readonly records: number }[]> {
  return query.rows(
    `SELECT source AS name, count(*) AS records FROM inventory WHERE orphaned = 0
     GROUP BY source ORDER BY source`,
    [],
  );
}

/** Marks all that a source owns as left, and says how many records that were. */
export async function orphanAllOf(query: Query, source: string): Promise<number> {
  return query('inventory').where({ source, orphaned: false }).update({ orphaned: true });
}

/**
 * Stages that a source owns a record; a row that was there for the key is replaced. Of a row that says
 * already that the source has it from that file only the rest is written, so that no index is: should
 * somebody else own the record by then, it stays theirs.
 */
export function stageInventory(
  unit: UnitOfWork,
  row: InventoryRow,
  before?: Pick<InventoryRow, 'source' | 'file'>,
): void {
  if (before?.source === row.source && before.file === row.file)
    unit.update('inventory', toRow(columns, row), [...keyColumns, 'source', 'file']);
  else unit.upsert('inventory', toRow(columns, row), keyColumns);
}

/** Stages that the file of a record is gone and the record is kept. */
export function markOrphaned(unit: UnitOfWork, key: RecordKey): void {
  unit.update('inventory', { ...keyOf(key), orphaned: true }, keyColumns);
}

/** Stages that nobody owns a record any more. */
export function removeInventory(unit: UnitOfWork, key: RecordKey): void {
  unit.removeMatching('inventory', keyOf(key));
}
