import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Database, Query } from './database.ts';

/**
 * Reads every page of the database and says in one line what it is. It takes a second for every few
 * hundred megabytes, too long for every start. Throws STORE_DAMAGED with the first fault.
 */
export async function inspectStore(database: Database): Promise<string> {
  return database.read(async (query) => {
    const [fault] = await query.raw<{ integrity_check: string }[]>('PRAGMA integrity_check(1)');
    if (fault?.integrity_check !== 'ok') throw damaged(database, fault?.integrity_check ?? '');
    const [orphan] = await query.raw<{ table: string; parent: string }[]>(
      'PRAGMA foreign_key_check',
    );
    if (orphan !== undefined)
      throw damaged(database, `a row of ${orphan.table} refers to no row of ${orphan.parent}`);
    return describe(database, query);
  });
}

async function describe(database: Database, query: Query): Promise<string> {
  const [sqlite] = await query.raw<{ version: string }[]>('SELECT sqlite_version() AS version');
  const [size] = await query.raw<{ bytes: number }[]>(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  );
  const megabytes = ((size?.bytes ?? 0) / 1e6).toFixed(1);
  return `${database.location}, ${megabytes} MB, sound, SQLite ${sqlite?.version}`;
}

function damaged(database: Database, fault: string): PlumblineError {
  const place = escapeUntrusted(database.location);
  return new PlumblineError(
    'STORE_DAMAGED',
    `the database ${place} is damaged: ${escapeUntrusted(fault)}`,
    { hint: `stop plumbline, then put a backup in its place: cp BACKUP ${place}` },
  );
}
