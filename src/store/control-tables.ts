import type { Query } from './database.ts';

/**
 * What restrains runs: suspensions, what waits and what was approved, what was spent, what failed or is
 * fought over.
 */
export async function createControlTables(query: Query): Promise<void> {
  await query.schema.alterTable('source', (table) => {
    table.text('look_again_at');
  });

  await query.schema.createTable('suspension', (table) => {
    table.text('target').primary();
    table.text('source');
    table.text('account');
    table.text('space');
    table.text('name');
    table.text('reason').notNullable();
    table.text('actor').notNullable();
    table.text('since').notNullable();
    table.text('until');
  });

  await query.schema.createTable('held_plan', (table) => {
    table.text('plan').primary();
    table.text('source').notNullable().index();
    table.text('revision').notNullable();
    table.text('basis').notNullable();
    table.text('lines').notNullable();
    table.text('changes').notNullable();
    table.text('seen_at').notNullable();
  });

  await query.schema.createTable('approval', (table) => {
    table.text('plan').primary();
    table.text('source').notNullable().index();
    table.text('basis').notNullable();
    table.text('lines').notNullable();
    table.text('actor').notNullable();
    table.text('approved_at').notNullable();
    table.text('expires_at').notNullable();
  });

  await query.schema.createTable('spending', (table) => {
    table.increments('id');
    table.text('source').notNullable();
    table.text('at').notNullable();
    table.integer('deletes').notNullable();
    table.integer('updates').notNullable();
    table.integer('exposure').notNullable();
    table.index(['source', 'at']);
  });

  await query.schema.createTable('retry', (table) => {
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('source').notNullable().index();
    table.text('line').notNullable();
    table.integer('failures').notNullable();
    table.text('error').notNullable();
    table.text('due_at').notNullable();
    table.primary(['account', 'space', 'name']);
  });

  await query.schema.createTable('reversal', (table) => {
    table.increments('id');
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('source').notNullable().index();
    table.text('path').notNullable();
    table.text('at').notNullable();
    table.text('ours').notNullable();
    table.text('theirs').notNullable();
  });
}

/** Deleted records, whole, for as long as they can be restored. */
export async function createTrash(query: Query): Promise<void> {
  await query.schema.createTable('trash', (table) => {
    table.increments('id');
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('kind').notNullable();
    table.text('record').notNullable();
    table.text('source');
    table.text('revision');
    table.text('file');
    table.text('run').notNullable();
    table.text('actor').notNullable();
    table.text('deleted_at').notNullable();
    table.text('expires_at').notNullable().index();
    table.index(['account', 'space', 'name']);
  });
}

/** What a source holds, so that every process can tell. */
export async function addHeld(query: Query): Promise<void> {
  await query.schema.alterTable('source', (table) => {
    table.text('held');
  });
}

/** Content that processes have ended at. */
export async function createCrash(query: Query): Promise<void> {
  await query.schema.createTable('crash', (table) => {
    table.text('source').notNullable();
    table.text('blob').notNullable();
    table.text('version').notNullable();
    table.text('path').notNullable();
    table.integer('count').notNullable();
    table.text('at').notNullable();
    table.primary(['source', 'blob', 'version']);
  });
}
