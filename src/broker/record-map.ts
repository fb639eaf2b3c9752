import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonObject, type JsonValue, putAt, valueAt } from '../lib/json.ts';
import type { ColumnType } from '../manifest/kind.ts';
import { apiVersion, type Manifest, type ResourceKey } from '../manifest/manifest.ts';
import {
  type ColumnField,
  commonCells,
  type ListField,
  type ReadField,
  type RecordShape,
} from './record-shape.ts';

export type Cell = string | number | null;
export type Row = Record<string, Cell>;

/** Rows of one record, without the columns that the broker keeps for every kind. */
export interface RecordRows {
  readonly main: Row;
  readonly ones: ReadonlyMap<string, Row>;
  readonly lists: ReadonlyMap<string, readonly Row[]>;
}

/** Finds the id of the record a reference names. */
export type Resolve = (space: string, name: string) => number;

/** From a manifest in normal form to the rows of its record. `resolve` throws for a name that has no record. */
export function toRows(
  shape: RecordShape,
  key: ResourceKey,
  manifest: Manifest,
  id: number,
  resolve: Resolve,
): RecordRows {
  const main: Row = { id, account: key.account, name: key.name };
  fill(main, shape.columns, manifest, resolve);
  Object.assign(main, shape.kind.derive?.(manifest, key));
  const ones = new Map<string, Row>();
  for (const one of shape.ones) {
    if (one.path !== undefined && at(manifest, one.path) === undefined) continue;
    const row: Row = { [shape.parent]: id };
    fill(row, one.columns, manifest, resolve);
    ones.set(one.table, row);
  }
  const lists = new Map<string, readonly Row[]>();
  for (const list of shape.lists)
    lists.set(list.table, listRows(list, shape.parent, manifest, id, resolve));
  return { main, ones, lists };
}

function fill(
  row: Row,
  columns: readonly ColumnField[],
  manifest: Manifest,
  resolve: Resolve,
): void {
  for (const { field, column, type } of columns) {
    const value = at(manifest, field.path) ?? field.default;
    row[column] =
      field.references !== undefined && typeof value === 'string'
        ? resolve(field.references, value)
        : toCell(value, type);
  }
}

function listRows(
  list: ListField,
  parent: string,
  manifest: Manifest,
  id: number,
  resolve: Resolve,
): readonly Row[] {
  const items = at(manifest, list.field.path);
  if (!Array.isArray(items)) return [];
  const space = list.field.references;
  return items.map((item: JsonValue, position) => ({
    [parent]: id,
    position,
    [list.column]: space === undefined ? toCell(item, 'text') : resolve(space, String(item)),
  }));
}

/**
 * The child tables that hold something else for one manifest than for another of the same record. Of a
 * table without a path no manifest tells whether its row is there, so it always counts.
 */
export function differingTables(
  shape: RecordShape,
  before: Manifest | undefined,
  after: Manifest,
): ReadonlySet<string> {
  const differs = (path: string) =>
    before === undefined ||
    canonicalJson(valueAt(before, path)) !== canonicalJson(valueAt(after, path));
  const tables = new Set<string>();
  for (const { table, field } of shape.lists) if (differs(field.path)) tables.add(table);
  for (const { table, path, columns } of shape.ones)
    if (path === undefined || differs(path) || columns.some(({ field }) => differs(field.path)))
      tables.add(table);
  return tables;
}

const nameAt = commonCells.indexOf('name');

/**
 * From what was read, as `RecordShape.cells` names it, to the manifest in normal form: the one transform
 * that export, plan, drift and describe read through. Keys come in the order of the kind's table of
 * fields, so that every print of a record reads alike.
 */
export function toManifest(shape: RecordShape, cells: readonly unknown[]): Manifest {
  const out: Record<string, unknown> = {
    apiVersion,
    kind: shape.kind.name,
    metadata: { name: String(cells[nameAt]) },
    spec: {},
  };
  for (const { field, at, type, within } of shape.read) {
    if (within !== undefined && cells[within] === null) continue;
    const value = fromCell(cells[at], type) ?? field.default;
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    putAt(out, field.path, value);
  }
  return out as unknown as Manifest;
}

function at(manifest: Manifest, path: string): JsonValue | undefined {
  return valueAt(manifest, path);
}

function toCell(value: JsonValue | undefined, type: ColumnType): Cell {
  if (value === undefined || value === null) return null;
  if (type === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string') return value;
  throw new TypeError(`a ${type} column cannot hold ${typeof value}`);
}

/**
 * What a cell means. An application beside us may write to the tables too, so a cell that does not
 * hold what its column promises is passed on as it is: it then shows as drift instead of failing.
 */
function fromCell(cell: unknown, type: ReadField['type']): JsonValue | undefined {
  if (cell === null || cell === undefined) return undefined;
  if (type === 'boolean') return cell === 0 || cell === 1 ? cell === 1 : (cell as JsonValue);
  if (type !== 'json' || typeof cell !== 'string') return cell as JsonValue;
  try {
    return jsonSafe(JSON.parse(cell));
  } catch {
    return cell;
  }
}

/** JSON.parse can make a key named __proto__ an own key; such a value never came from a manifest. */
function jsonSafe(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(jsonSafe);
  if (!isObject(value)) return value as JsonValue;
  const out: Record<string, JsonValue> = {};
  for (const [key, child] of Object.entries(value))
    if (key !== '__proto__') out[key] = jsonSafe(child);
  return out as JsonObject;
}
