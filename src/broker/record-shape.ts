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

/** A field as the row that `recordSql` asks for has it. */
export interface ReadField {
  readonly field: Field;
  /** Column of that row. */
  readonly column: string;
  readonly type: ColumnType | 'list';
  /** One-to-one table without whose row the record says nothing of the field; a column of that row too. */
  readonly within: string | undefined;
}

/** A kind's table of fields sorted by where they are stored, so that both transforms and the schema read it the same way. */
export interface RecordShape {
  readonly kind: Kind;
  readonly main: string;
  /** Column of every child table that holds the id of the main row. */
  readonly parent: string;
  readonly columns: readonly ColumnField[];
  readonly ones: readonly (OneTable & { readonly columns: readonly ColumnField[] })[];
  readonly lists: readonly ListField[];
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
    read: kind.fields.map((field) => readField(kind, field)),
  };
}

function readField(kind: Kind, field: Field): ReadField {
  const { storage } = field;
  if ('list' in storage) return { field, column: storage.list, type: 'list', within: undefined };
  const type = field.references === undefined ? storage.type : 'text';
  const { table, column } = storage;
  if (table === undefined) return { field, column, type, within: undefined };
  const isOptional = kind.tables.ones.some((one) => one.table === table && one.path !== undefined);
  return { field, column: `${table}.${column}`, type, within: isOptional ? table : undefined };
}

/** Main table of the kinds of a name space. */
export function mainOf(kinds: KindSet, space: string): string {
  const kind = kinds.all.find((it) => it.space === space);
  if (kind === undefined) throw new Error(`no kind has the name space ${space}`);
  return kind.tables.main;
}
