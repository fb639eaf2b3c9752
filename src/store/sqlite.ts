import { existsSync } from 'node:fs';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { systemClock } from '../lib/time.ts';
import { refuseLost } from './birth.ts';
import { Connection } from './connection.ts';
import type { Database, Query } from './database.ts';
import { createDatabaseFile, isForeign, isNew } from './database-file.ts';
import { closeHandle, openHandle, perform } from './driver.ts';
import { asStoreError, driverCode } from './driver-error.ts';

/** How long a statement waits for a lock of another process before it is STORE_BUSY, in milliseconds. */
const patience = 5000;

/** Temporary tables stay in memory: a container may have no other writable folder than the database's. */
const common = [`busy_timeout = ${patience}`, 'temp_store = MEMORY', 'trusted_schema = OFF'];

const pragmas = {
  read: [...common, 'query_only = ON'],
  write: [
    ...common,
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    // In pages; a commit empties the log only where it has grown so large, see connection.ts.
    'wal_autocheckpoint = 8000',
    // A log that a large transaction blew up is cut back to this many bytes.
    'journal_size_limit = 4194304',
  ],
};

export const memory = ':memory:';

/**
 * Opens the database in a file, or an empty one in memory for `:memory:`.
 *
 * `write` makes the file, and its folder, when there is none. `read` changes no byte of it and makes
 * nothing: not after a writer was killed, and where there is no file it gives an empty database in
 * memory. Beside a file opened for reading SQLite may leave an empty log and its index.
 *
 * Throws STORE_DAMAGED where a certificate says that there was a database, STORE_FOREIGN for a
 * database of another program, and the other STORE_ errors.
 */
export async function openSqlite(
  path: string,
  { mode }: { readonly mode: 'write' | 'read' },
): Promise<Database> {
  if (path === memory) return openMemory(path);
  if (isNew(path)) {
    refuseLost(path, 'is missing or empty');
    if (mode === 'read') return openMemory(path);
    await createDatabaseFile(path);
  }
  if (await isForeign(path)) throw foreign(path);
  if (mode === 'read') {
    const only = await openConnection(path, path, 'read');
    return new SqliteDatabase(path, only, only);
  }
  const writer = await openConnection(path, path, 'write');
  try {
    return new SqliteDatabase(path, await openConnection(path, path, 'read'), writer);
  } catch (error) {
    await writer.close();
    throw error;
  }
}

function foreign(path: string): PlumblineError {
  refuseLost(path, 'is not the one that was here before');
  return new PlumblineError(
    'STORE_FOREIGN',
    `${escapeUntrusted(path)} is a database of another program`,
    { hint: 'name another file with --database; nothing in this one was touched' },
  );
}

async function openMemory(location: string): Promise<Database> {
  const only = await openConnection(memory, location, 'write');
  return new SqliteDatabase(location, only, only);
}

/**
 * Opens a connection, patiently: where several turn a new database to its log at once, SQLite refuses
 * all but one of them on the spot, whatever its own patience is.
 */
async function openConnection(
  path: string,
  location: string,
  access: 'read' | 'write',
): Promise<Connection> {
  const end = systemClock.monotonic() + patience;
  for (;;) {
    try {
      return await tryConnection(path, location, access);
    } catch (error) {
      const reason =
        access === 'read' && isCutShort(error, path)
          ? cutShort(location)
          : asStoreError(error, location);
      const busy = reason instanceof PlumblineError && reason.code === 'STORE_BUSY';
      if (!busy || systemClock.monotonic() > end) throw reason;
      await systemClock.sleep(20);
    }
  }
}

/** True where a write that was cut short has to be undone first, which a connection for reading may not do. */
function isCutShort(error: unknown, path: string): boolean {
  return driverCode(error) === 'SQLITE_READONLY' && existsSync(`${path}-journal`);
}

function cutShort(location: string): PlumblineError {
  return new PlumblineError(
    'STORE_UNREACHABLE',
    `a write to the database ${escapeUntrusted(location)} was cut short, and reading alone cannot undo it`,
    { hint: 'run what writes once, and it is mended: plumbline sync, or plumbline run' },
  );
}

async function tryConnection(
  path: string,
  location: string,
  access: 'read' | 'write',
): Promise<Connection> {
  const handle = await openHandle(path, access);
  try {
    // The first page is read here, so that a file that is no database is told when it is opened.
    const first = 'SELECT count(*) FROM sqlite_schema';
    await perform(handle, [...pragmas[access].map((it) => `PRAGMA ${it}`), first]);
    return new Connection(handle, location);
  } catch (error) {
    await closeHandle(handle);
    throw error;
  }
}

/** Two connections to a file, so that reads never wait for writes; one to a database in memory or only read. */
class SqliteDatabase implements Database {
  readonly dialect = 'sqlite';
  readonly location: string;
  readonly #reader: Connection;
  readonly #writer: Connection;

  constructor(location: string, reader: Connection, writer: Connection) {
    this.location = location;
    this.#reader = reader;
    this.#writer = writer;
  }

  read<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#reader.transaction('BEGIN', work);
  }

  write<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#writer.transaction('BEGIN IMMEDIATE', work);
  }

  async close(): Promise<void> {
    failpoint('store.before-checkpoint');
    await this.#reader.close();
    if (this.#writer !== this.#reader) await this.#writer.close();
    failpoint('store.closed');
  }
}
