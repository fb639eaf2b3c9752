import type { Knex } from 'knex';
import type { ColumnType, KindSet } from '../manifest/kind.ts';
import type { Migration, Query } from '../store/database.ts';
import { watchTable } from '../store/live-counter.ts';
import { type ColumnField, type RecordShape, recordShape } from './record-shape.ts';

/**
 * The migrations that create the tables of every kind, straight from its table of fields: real
 * columns, so that an application beside us can read them with plain SQL. Kinds that share a main
 * table create it once, whichever comes first.
 */
export function recordMigrations(kinds: KindSet): readonly Migration[] {
  return [
    ...kinds.all.map((kind) => ({
      id: `record_${kind.name}_1`,
      up: (query: Query) => createTables(query, recordShape(kind, kinds)),
    })),
    ...['token_1', 'provider_1'].map((id) => ({
      id,
      up: (query: Query) => addServerColumns(query, kinds),
    })),
  ];
}

/** Columns that kinds have got since the tables were made; an older database has them after this. */
async function addServerColumns(query: Query, kinds: KindSet): Promise<void> {
  for (const { tables, serverColumns = {} } of kinds.all) {
    const present = await query(tables.main).columnInfo();
    const missing = Object.entries(serverColumns).filter(([name]) => !(name in present));
    if (missing.length === 0) continue;
    await query.schema.alterTable(tables.main, (table) => {
      for (const [name, type] of missing) typed(table, name, type);
    });
  }
}

async function createTables(query: Query, shape: RecordShape): Promise<void> {
  await create(query, shape.main, (table) => mainTable(table, shape));
  for (const one of shape.ones) {
    await createChild(query, shape, one.table, (table) => {
      table
        .integer(shape.parent)
        .primary()
        .references('id')
        .inTable(shape.main)
        .onDelete('CASCADE');
      for (const column of one.columns) addColumn(table, column);
    });
  }
  for (const list of shape.lists) {
    await createChild(query, shape, list.table, (table) => {
      table
        .integer(shape.parent)
        .notNullable()
        .references('id')
        .inTable(shape.main)
        .onDelete('CASCADE');
      table.integer('position').notNullable();
      if (list.target === undefined) table.text(list.column).notNullable();
      else table.integer(list.column).notNullable().references('id').inTable(list.target).index();
      table.primary([shape.parent, 'position']);
      if (list.field.compare === 'set') table.unique([shape.parent, list.column]);
    });
  }
}

async function create(
  query: Query,
  name: string,
  build: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (await query.schema.hasTable(name)) return;
  await query.schema.createTable(name, build);
  await watchTable(query, name);
}

/**
 * The rows of a child table go with their record also where the foreign keys of a connection are off,
 * as they are in the command line of SQLite: what is deleted there by hand can be made again whole.
 */
async function createChild(
  query: Query,
  { main, parent }: RecordShape,
  name: string,
  build: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (await query.schema.hasTable(name)) return;
  await create(query, name, build);
  await query.raw(
    `CREATE TRIGGER ?? AFTER DELETE ON ?? BEGIN DELETE FROM ?? WHERE ?? = old.id; END`,
    [`${name}_goes_along`, main, name, parent],
  );
}

function mainTable(table: Knex.CreateTableBuilder, shape: RecordShape): void {
  table.integer('id').primary();
  table.text('account').notNullable();
  table.text('name').notNullable();
  for (const column of shape.columns) addColumn(table, column);
  for (const [name, type] of Object.entries(shape.kind.serverColumns ?? {}))
    typed(table, name, type);
  table.integer('generation').notNullable().defaultTo(1);
  table.text('created_at').notNullable();
  table.text('updated_at').notNullable();
  table.unique(['account', 'name']);
  for (const column of shape.kind.tables.unique ?? []) table.unique(['account', column]);
}

function addColumn(table: Knex.CreateTableBuilder, { column, type, target }: ColumnField): void {
  if (target === undefined) typed(table, column, type);
  else table.integer(column).references('id').inTable(target).index();
}

/** JSON and times are declared as text: SQLite would read a column declared `json` or `datetime` as numeric. */
function typed(table: Knex.CreateTableBuilder, name: string, type: ColumnType): void {
  if (type === 'integer') table.integer(name);
  else if (type === 'real') table.double(name);
  else if (type === 'boolean') table.boolean(name);
  else table.text(name);
}
