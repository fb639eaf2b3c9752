import { recordBirth } from './birth.ts';
import { addHeld, createControlTables, createCrash, createTrash } from './control-tables.ts';
import type { Migration, Query } from './database.ts';

/** The tables of Plumbline itself; every kind adds its own. */
export const storeMigrations: readonly Migration[] = [
  { id: 'store_1', up: createStoreTables },
  { id: 'store_2', up: createEffect },
  { id: 'control_1', up: createControlTables },
  { id: 'journal_1', up: createCommit },
  { id: 'control_2', up: createTrash },
  { id: 'index_1', up: createFileIndex },
  { id: 'control_3', up: addHeld },
  { id: 'control_4', up: createCrash },
  { id: 'endpoint_1', up: createEndpointState },
  { id: 'ownership_1', up: createContested },
  { id: 'journal_2', up: indexJournalTime },
  { id: 'count_1', up: countRows },
  { id: 'unchanged_1', up: keepUnchanged },
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

/**
 * What the files of every source were found to say. The rows are small, and found by two paths, so they lie
 * in their index.
 */
async function createFileIndex(query: Query): Promise<void> {
  await query.raw(
    `CREATE TABLE file (
       source text NOT NULL, path text NOT NULL, blob text NOT NULL, size integer NOT NULL,
       secret boolean NOT NULL, unknown boolean NOT NULL, problems text,
       PRIMARY KEY (source, path)
     ) WITHOUT ROWID`,
  );
  await query.raw('CREATE INDEX file_faulty ON file (source) WHERE problems IS NOT NULL');
  await query.raw(
    `CREATE TABLE declaration (
       source text NOT NULL, path text NOT NULL, position integer NOT NULL,
       account text NOT NULL, space text NOT NULL, name text NOT NULL, kind text NOT NULL,
       written text NOT NULL, line integer NOT NULL, "column" integer NOT NULL,
       document integer NOT NULL, start integer NOT NULL,
       digest text, deployed boolean, refers text NOT NULL, claims text NOT NULL,
       spoiled boolean NOT NULL,
       PRIMARY KEY (source, path, position)
     ) WITHOUT ROWID`,
  );
  await query.raw('CREATE INDEX declaration_key ON declaration (source, account, space, name)');
  await query.raw(
    'CREATE INDEX declaration_faulty ON declaration (source) WHERE (digest IS NULL OR spoiled)',
  );
  await query.raw(
    `CREATE TABLE claim (
       source text NOT NULL, claim text NOT NULL, path text NOT NULL, position integer NOT NULL,
       PRIMARY KEY (source, claim, path, position)
     ) WITHOUT ROWID`,
  );
  await query.raw('CREATE INDEX claim_path ON claim (source, path)');
  // What a changed file put there is looked up by its path.
  await query.raw('CREATE INDEX inventory_file ON inventory (source, file)');
  await query.raw("ALTER TABLE source ADD COLUMN loader text NOT NULL DEFAULT ''");
}

/** How the tries of an effect stand, and what endpoints have said. */
async function createEndpointState(query: Query): Promise<void> {
  await query.schema.alterTable('effect', (table) => {
    table.text('kind').notNullable().defaultTo('LLMClient');
    table.text('since').notNullable().defaultTo('');
    table.integer('attempts').notNullable().defaultTo(0);
    table.text('next_try_at').notNullable().defaultTo('');
    table.text('last_error');
    table.index('next_try_at');
  });
  await query.schema.createTable('endpoint_state', (table) => {
    table.text('account').notNullable();
    table.text('space').notNullable();
    table.text('name').notNullable();
    table.text('endpoint').notNullable();
    table.text('state').notNullable();
    table.text('url');
    table.text('message');
    table.text('answered_at').notNullable();
    table.integer('generation').notNullable();
    table.primary(['account', 'space', 'name']);
  });
}

/** Resources that more than one source declares. */
async function createContested(query: Query): Promise<void> {
  await query.raw(
    `CREATE TABLE contested (
       account text NOT NULL, space text NOT NULL, name text NOT NULL,
       PRIMARY KEY (account, space, name)
     ) WITHOUT ROWID`,
  );
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

/** `history --since` and the trimming of old entries go by time, and a journal may be kept for ever. */
async function indexJournalTime(query: Query): Promise<void> {
  await query.raw('CREATE INDEX journal_at ON journal (at)');
}

/**
 * How many rows of two tables each source has, counted as they come and go, whoever makes them: to
 * look through all of them for a number that a run needs would cost more than its one changed file.
 */
async function countRows(query: Query): Promise<void> {
  await query.raw(
    `CREATE TABLE row_count (
       "table" text NOT NULL, source text NOT NULL, account text NOT NULL, count integer NOT NULL,
       PRIMARY KEY ("table", source, account)
     ) WITHOUT ROWID`,
  );
  for (const table of ['inventory', 'declaration']) {
    const [addSql, takeSql] = [countSql(table, 'new', 1), countSql(table, 'old', -1)];
    await query.raw(
      `INSERT INTO row_count SELECT '${table}', source, account, count(*) FROM ${table} GROUP BY source, account`,
    );
    await query.raw(`CREATE TRIGGER ${table}_added AFTER INSERT ON ${table} BEGIN ${addSql} END`);
    await query.raw(`CREATE TRIGGER ${table}_gone AFTER DELETE ON ${table} BEGIN ${takeSql} END`);
    await query.raw(
      `CREATE TRIGGER ${table}_moved AFTER UPDATE OF source, account ON ${table}
       WHEN new.source <> old.source OR new.account <> old.account
       BEGIN ${takeSql} ${addSql} END`,
    );
  }
}

/**
 * A look that finds nothing moved says how much is as declared, and what a source owns may be more: it keeps
 * records whose manifest is gone.
 */
async function keepUnchanged(query: Query): Promise<void> {
  await query.raw('ALTER TABLE source ADD COLUMN unchanged integer NOT NULL DEFAULT 0');
  await query.raw('UPDATE source SET unchanged = records');
}

/** What a trigger does to the count of its row's source; all three come from here. */
function countSql(table: string, row: 'new' | 'old', by: 1 | -1): string {
  return `INSERT INTO row_count VALUES ('${table}', ${row}.source, ${row}.account, ${by})
    ON CONFLICT DO UPDATE SET count = count + ${by};`;
}
