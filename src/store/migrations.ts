import { recordBirth } from './birth.ts';
import { createControlTables, createTrash } from './control-tables.ts';
import type { Migration, Query } from './database.ts';

/** The tables of Plumbline itself; every kind adds its own. */
export const storeMigrations: readonly Migration[] = [
  { id: 'store_1', up: createStoreTables },
  { id: 'store_2', up: createEffect },
  { id: 'control_1', up: createControlTables },
  { id: 'journal_1', up: createCommit },
  { id: 'control_2', up: createTrash },
];

async function createStoreTables(query: Query): Promise<void> {
  await query.schema.createTable('meta', (table) => {
    table.text('key').primary();
    table.text('value').notNullable();
  });
  await recordBirth(query);

  await query.schema.createTable('sequence', (table) => {
    table.text('name').primary();
    table.integer('next').notNullable();
  });

  await query.schema.createTable('live_counter', (table) => {
    table.integer('value').notNullable();
  });
  await query('live_counter').insert({ value: 0 });

  await query.schema.createTable('source', (table) => {
    table.text('name').primary();
    table.text('revision').notNullable();
    table.text('policy_digest').notNullable();
    table.integer('live_counter').notNullable();
    table.text('outcome').notNullable();
    table.text('message').notNullable();
    table.text('since').notNullable();
    table.integer('records').notNullable();
    table.text('updated_at').notNullable();
  });

  await query.schema.createTable('inventory', (table) => {
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('source').notNullable();
    table.text('kind').notNullable();
    table.text('file').notNullable();
    table.integer('document').notNullable();
    table.integer('line').notNullable();
    table.text('blob').notNullable();
    table.text('digest').notNullable();
    table.text('applied').notNullable();
    table.text('revision').notNullable();
    table.boolean('orphaned').notNullable().defaultTo(false);
    table.text('applied_at').notNullable();
    table.primary(['account', 'space', 'name']);
    // In the order in which the inventory of a source is read, page by page.
    table.index(['source', 'account', 'space', 'name']);
  });

  // Whoever waits for a record to be let go must hear of it, though the record itself does not change.
  await query.raw(
    `CREATE TRIGGER inventory_delete_counts AFTER DELETE ON inventory
     BEGIN UPDATE live_counter SET value = value + 1; END`,
  );
  await createJournal(query);
}

/** Endpoints that have yet to follow their records. */
async function createEffect(query: Query): Promise<void> {
  await query.schema.createTable('effect', (table) => {
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('verb').notNullable();
    table.text('idempotency_key').notNullable();
    table.primary(['account', 'space', 'name']);
  });
}

/** Who made the revisions that the journal names. */
async function createCommit(query: Query): Promise<void> {
  await query.schema.createTable('revision_commit', (table) => {
    table.text('revision').primary();
    table.text('id').notNullable();
    table.text('author').notNullable();
    table.text('time').notNullable();
    table.text('subject').notNullable();
  });
}

/** The account of every operation. Rows can be deleted when they are old, and never changed. */
async function createJournal(query: Query): Promise<void> {
  await query.schema.createTable('journal', (table) => {
    table.increments('id');
    table.text('run').notNullable().index();
    table.text('at').notNullable();
    table.text('actor').notNullable();
    table.text('trigger').notNullable();
    table.text('source');
    table.text('revision');
    table.text('file');
    table.integer('line');
    table.text('account');
    table.text('space');
    table.text('kind');
    table.text('name').index();
    table.text('verb').notNullable();
    table.text('outcome').notNullable();
    table.text('before');
    table.text('after');
    table.text('before_digest');
    table.text('after_digest');
    table.text('message');
    table.integer('duration_ms').notNullable();
  });
  await query.raw(
    `CREATE TRIGGER journal_is_append_only BEFORE UPDATE ON journal
     BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END`,
  );
}
