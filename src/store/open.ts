import { hostname } from 'node:os';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { certify, checkBirth } from './birth.ts';
import type { Database, Migration } from './database.ts';
import { isNew } from './database-file.ts';
import { acquireLease } from './lease.ts';
import { migrate, older, pending } from './migrate.ts';
import { storeMigrations } from './migrations.ts';
import { readSelf } from './self.ts';
import { memory, openSqlite } from './sqlite.ts';

export interface StoreOptions {
  readonly mode: 'write' | 'read';
  /** Of the records; those of the store itself come before them. */
  readonly migrations: readonly Migration[];
  /** The command that wants to be the only one to converge this database; without it no lease is taken. */
  readonly holder?: string;
}

/** A database that is ready for use, and everything that must be let go with it. */
export interface Store {
  readonly database: Database;
  close(): Promise<void>;
}

/**
 * Opens the database of a URL such as `sqlite:data/plumbline.db` or `sqlite::memory:`: takes the
 * lease if one is wanted, compares the birth certificate, and brings the tables up to date; for
 * reading it only checks that they are. Throws the STORE_ errors and CONFIG_INVALID.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const path = pathOf(url);
  const migrations = [...storeMigrations, ...options.migrations];
  const open: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of open.splice(0).reverse()) await end();
  };
  try {
    if (path !== memory && options.holder !== undefined) {
      const lease = await acquireLease(path, holderNamed(options.holder));
      open.push(() => lease.release());
      failpoint('lease.taken');
    }
    const nothing = path === memory || (options.mode === 'read' && isNew(path));
    const database = await openSqlite(path, { mode: options.mode });
    open.push(() => database.close());
    failpoint('store.opened');
    const self = await database.read(readSelf);
    const certified = nothing || checkBirth(self, path);
    const isMissing = pending(self, migrations, database.location).length > 0;
    if (isMissing && !nothing && options.mode === 'read') throw older(database.location);
    if (isMissing) await migrate(database, migrations);
    if (!certified && options.mode === 'write') await certify(database, path);
    failpoint('birth.certified');
    return { database, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function pathOf(url: string): string {
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length)
    return url.slice('sqlite:'.length);
  throw new PlumblineError('CONFIG_INVALID', `${escapeUntrusted(url)} names no database`, {
    hint: 'write it like sqlite:data/plumbline.db',
  });
}

function holderNamed(command: string) {
  return { command, host: hostname(), pid: process.pid, since: new Date().toISOString() };
}
