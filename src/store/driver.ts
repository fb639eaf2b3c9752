import type { Database as Handle } from 'sqlite3';
import { PlumblineError } from '../lib/errors.ts';

export type { Handle };

/** `probe` reads the main file alone, takes no lock and leaves nothing beside it. */
export type Access = 'read' | 'write' | 'probe';

/** First version in which two connections cannot damage a write-ahead log by resetting it at once. */
const oldestSafe = 3_051_003;

/** Throws STORE_UNREACHABLE for a SQLite, such as 3051003 for 3.51.3, whose write-ahead log is not to be trusted. */
export function refuseOldSqlite(version: number): void {
  if (version >= oldestSafe) return;
  throw new PlumblineError('STORE_UNREACHABLE', `SQLite ${version} can damage its own log`, {
    hint: 'install the sqlite3 package in the version that package-lock.json names',
  });
}

/** Opens a connection; the driver is loaded when the first one is. Throws what the driver throws. */
export async function openHandle(path: string, access: Access): Promise<Handle> {
  const { default: sqlite3 } = await import('sqlite3');
  refuseOldSqlite(sqlite3.VERSION_NUMBER);
  const flags = {
    read: sqlite3.OPEN_READONLY,
    write: sqlite3.OPEN_READWRITE,
    probe: sqlite3.OPEN_READONLY | sqlite3.OPEN_URI,
  };
  const name = access === 'probe' ? `file:${encodePath(path)}?immutable=1` : path;
  const handle = await new Promise<Handle>((resolve, reject) => {
    const opened: Handle = new sqlite3.Database(
      name,
      flags[access] | sqlite3.OPEN_FULLMUTEX,
      (error) => (error === null ? resolve(opened) : reject(error)),
    );
  });
  // In the order given, so that a rollback never overtakes a statement of the work it ends.
  handle.serialize();
  return handle;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Runs one statement and gives its rows. */
export function ask<T = Record<string, unknown>>(handle: Handle, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) => {
    handle.all<T>(sql, (error, rows) => (error === null ? resolve(rows) : reject(error)));
  });
}

/** Runs statements one after the other, of which no rows are wanted; together they cost one turn of a thread. */
export function perform(handle: Handle, statements: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    handle.exec(statements.join(';'), (error) => (error === null ? resolve() : reject(error)));
  });
}

export function closeHandle(handle: Handle): Promise<void> {
  return new Promise((resolve, reject) => {
    handle.close((error) => (error === null ? resolve() : reject(error)));
  });
}
