import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Database, Query } from './database.ts';
import { fileError, writeByRename } from './private-file.ts';
import { readSelf, type Self } from './self.ts';

/*
 * SQLite opens a missing or emptied file as a new database without a word, and everything in Git
 * would be created again over records that a backup still holds. So every database has a birth
 * certificate: a random id inside it and in a file beside it. A certificate without its database
 * stops the start.
 */

function certificateOf(path: string): string {
  return `${path}.birth`;
}

/** Puts the id into a new database. */
export async function recordBirth(query: Query): Promise<void> {
  await query('meta').insert({ key: 'birth', value: randomUUID() });
}

/** Where there is no database of ours: throws STORE_DAMAGED if there has been one; `what` says what is there. */
export function refuseLost(path: string, what: string): void {
  if (readCertificate(path) !== undefined) throw lost(path, what, true);
}

/**
 * Compares the database at a path with its certificate, and tells whether it has one. Throws STORE_DAMAGED
 * where they are not of one birth.
 */
export function checkBirth({ birth, tables }: Self, path: string): boolean {
  const certificate = readCertificate(path);
  if (birth === undefined && tables.size > 0) throw lost(path, 'has lost its own id', false);
  if (certificate === undefined || certificate === birth) return certificate !== undefined;
  throw lost(path, birth === undefined ? 'is empty' : 'is another one than was here before', true);
}

/** Writes the certificate of a database that has none: a new one, or a backup put in a new place. */
export async function certify(database: Database, path: string): Promise<void> {
  const { birth } = await database.read(readSelf);
  await writeByRename(certificateOf(path), `${birth}\n`);
}

function readCertificate(path: string): string | undefined {
  try {
    return readFileSync(certificateOf(path), 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError(certificateOf(path), error);
  }
}

/** `anew` where the certificate alone stands in the way of an empty or another database. */
function lost(path: string, what: string, anew: boolean): PlumblineError {
  const place = escapeUntrusted(path);
  const restore = `stop plumbline and put the backup in its place: cp BACKUP ${place}`;
  return new PlumblineError('STORE_DAMAGED', `the database ${place} ${what}`, {
    hint: anew
      ? `${restore}; or go on without the old records: rm ${certificateOf(place)}`
      : restore,
  });
}
