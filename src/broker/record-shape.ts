import type { ColumnType, Field, Kind, KindSet, OneTable } from '../manifest/kind.ts';

/** A field that is one column, of the main table or of a one-to-one table. */
export interface ColumnField {
  readonly field: Field;
  readonly column: string;
  readonly type: ColumnType;
  /** Main table of the name space referred to; the column holds its id. */
  readonly target: string | undefined;
}

/** A field that is the rows of a table, one per item, in order. */
export interface ListField {
  readonly field: Field;
  readonly table: string;
  readonly column: string;
  readonly target: string | undefined;
}

/** Columns of every main table that the broker keeps itself. */
export const keptColumns = [
  'id',
  'account',
  'name',
  'generation',
  'created_at',
  'updated_at',
] as const;

/** What is read of every record, whatever its kind: those, what its endpoint has to do, and what it said. */
export const commonCells = [...keptColumns, '.owed', '.endpoint'] as const;

/** A field as a record that was read has it. */
export interface ReadField {
  readonly field: Field;
  /** Which of the cells it is. */
  readonly at: number;
  readonly type: ColumnType | 'list';
  /** The cell of the one-to-one table without whose row the record says nothing of the field. */
  readonly within: number | undefined;
}

/**
 * A kind's table of fields sorted by where they are stored, so that both transforms and the schema read it
 * the same way.
 */
export interface RecordShape {
  readonly kind: Kind;
  readonly main: string;
  /** Column of every child table that holds the id of the main row. */
  readonly parent: string;
  readonly columns: readonly ColumnField[];
  readonly ones: readonly (OneTable & { readonly columns: readonly ColumnField[] })[];
  readonly lists: readonly ListField[];
  /**
   * Names of the cells of a record as it is read: those of every record, the server's columns, the
   * one-to-one tables, each of which is the id of its record or null, then all fields.
   */
  readonly cells: readonly string[];
  /** The cells, by name, that hold numbers with a fraction. */
  readonly fractions: ReadonlyMap<string, number>;
  /** All fields, in the order of the kind's table. */
  readonly read: readonly ReadField[];
}

/** Throws when a field is stored in a table that the kind does not list: a fault of the kind, not of a person. */
export function recordShape(kind: Kind, kinds: KindSet): RecordShape {
  const columns: ColumnField[] = [];
  const lists: ListField[] = [];
  const ones = new Map(kind.tables.ones.map((one) => [one.table, [] as ColumnField[]]));
  for (const field of kind.fields) {
    const { storage } = field;
    const target = field.references === undefined ? undefined : mainOf(kinds, field.references);
    if ('list' in storage) {
      lists.push({ field, table: storage.list, column: storage.column, target });
      continue;
    }
    const entry = { field, column: storage.column, type: storage.type, target };
    if (storage.table === undefined) columns.push(entry);
    else {
      const one = ones.get(storage.table);
      if (one === undefined) throw new Error(`${kind.name}: no table ${storage.table}`);
      one.push(entry);
    }
  }
  return {
    kind,
    main: kind.tables.main,
    parent: `${kind.tables.main}_id`,
    columns,
    ones: kind.tables.ones.map((one) => ({ ...one, columns: ones.get(one.table) ?? [] })),
    lists,
    ...readFields(kind),
  };
}

function readFields(kind: Kind): Pick<RecordShape, 'cells' | 'fractions' | 'read'> {
  const cells: string[] = [...commonCells];
  const fractions = new Map<string, number>();
  const add = (name: string, type: ReadField['type']) => {
    const at = cells.push(name) - 1;
    if (type === 'real') fractions.set(name, at);
    return at;
  };
  for (const [name, type] of Object.entries(kind.serverColumns ?? {})) add(name, type);
  const optional = new Map<string, number>();
  for (const { table, path } of kind.tables.ones)
    if (path !== undefined) optional.set(table, add(table, 'integer'));
  const read = kind.fields.map((field): ReadField => {
    const { storage } = field;
    if ('list' in storage)
      return { field, at: add(storage.list, 'list'), type: 'list', within: undefined };
    const { table, column } = storage;
    const type = field.references === undefined ? storage.type : 'text';
    return {
      field,
      at: add(table === undefined ? column : `${table}.${column}`, type),
      type,
      within: table === undefined ? undefined : optional.get(table),
    };
  });
  return { cells, fractions, read };
}

/** Main table of the kinds of a name space. */
export function mainOf(kinds: KindSet, space: string): string {
  const kind = kinds.all.find((it) => it.space === space);
  if (kind === undefined) throw new Error(`no kind has the name space ${space}`);
  return kind.tables.main;
}
