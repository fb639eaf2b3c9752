import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Database, Migration, Query } from './database.ts';
import { readSelf, type Self } from './self.ts';

/**
 * Applies what is missing, all of it in one transaction: a process killed half-way leaves the database
 * of one version or of the other, never something between, and a new one costs one wait for the disk.
 * Returns the ids of those applied.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const applied = await database.write(async (query) => {
    // Another process may have been faster since the look outside the transaction.
    const before = await readSelf(query);
    const missing = migrations.filter(({ id }) => !before.migrations.has(id));
    for (const { up } of missing) await up(query);
    if (!before.tables.has('migration')) await createMigrationTable(query);
    const now = new Date().toISOString();
    for (const { id } of missing) await query('migration').insert({ id, applied_at: now });
    failpoint('migrate.before-commit');
    return missing.map(({ id }) => id);
  });
  failpoint('migrate.after-commit');
  return applied;
}

/**
 * The migrations that a database has not had yet, in order. Throws STORE_NEWER for one that knows more than
 * we do; `location` is what it is called then.
 */
export function pending(
  { migrations: applied }: Self,
  migrations: readonly Migration[],
  location: string,
): readonly Migration[] {
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = [...applied].find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new PlumblineError(
      'STORE_NEWER',
      `the database ${escapeUntrusted(location)} was written by a newer plumbline (${escapeUntrusted(unknown)})`,
      { hint: 'install that version again, or put back a backup from before the upgrade' },
    );
  }
  return migrations.filter(({ id }) => !applied.has(id));
}

/** What a database that must not be changed is refused with where it lacks a migration. */
export function older(location: string): PlumblineError {
  return new PlumblineError(
    'STORE_OLDER',
    `the database ${escapeUntrusted(location)} was written by an older plumbline`,
    { hint: "run 'plumbline sync' or 'plumbline run' once, which brings it up to date" },
  );
}

async function createMigrationTable(query: Query): Promise<void> {
  await query.schema.createTable('migration', (table) => {
    table.text('id').primary();
    table.text('applied_at').notNullable();
  });
}
