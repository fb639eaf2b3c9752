import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { hasTable } from './columns.ts';
import type { Database, Migration, Query } from './database.ts';

/**
 * Applies what is missing, all of it in one transaction: a process killed half-way leaves the database
 * of one version or of the other, never something between, and a new one costs one wait for the disk.
 * Returns the ids of those applied. Throws STORE_NEWER.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  if ((await pending(database, migrations)).length === 0) return [];
  const applied = await database.write(async (query) => {
    // Another process may have been faster since the look outside the transaction.
    const known = await appliedIds(query);
    const missing = migrations.filter(({ id }) => !known.has(id));
    for (const { up } of missing) await up(query);
    if (!(await hasTable(query, 'migration'))) await createMigrationTable(query);
    const now = new Date().toISOString();
    for (const { id } of missing) await query('migration').insert({ id, applied_at: now });
    failpoint('migrate.before-commit');
    return missing.map(({ id }) => id);
  });
  failpoint('migrate.after-commit');
  return applied;
}

/**
 * The migrations that are not applied yet, in order. Throws STORE_NEWER for a database that knows more than
 * we do.
 */
export async function pending(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const applied = await database.read(appliedIds);
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = [...applied].find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new PlumblineError(
      'STORE_NEWER',
      `the database ${escapeUntrusted(database.location)} was written by a newer plumbline (${escapeUntrusted(unknown)})`,
      { hint: 'install that version again, or put back a backup from before the upgrade' },
    );
  }
  return migrations.filter(({ id }) => !applied.has(id));
}

/** For a database that must not be changed: throws STORE_OLDER where a migration is missing, and STORE_NEWER. */
export async function refuseOlder(
  database: Database,
  migrations: readonly Migration[],
): Promise<void> {
  const [first] = await pending(database, migrations);
  if (first === undefined) return;
  throw new PlumblineError(
    'STORE_OLDER',
    `the database ${escapeUntrusted(database.location)} was written by an older plumbline`,
    { hint: "run 'plumbline sync' or 'plumbline run' once, which brings it up to date" },
  );
}

async function appliedIds(query: Query): Promise<Set<string>> {
  if (!(await hasTable(query, 'migration'))) return new Set();
  const rows = await query.rows<{ id: string }>('SELECT id FROM migration');
  return new Set(rows.map(({ id }) => id));
}

async function createMigrationTable(query: Query): Promise<void> {
  await query.schema.createTable('migration', (table) => {
    table.text('id').primary();
    table.text('applied_at').notNullable();
  });
}
