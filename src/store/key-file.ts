import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { PlumblineError } from '../lib/errors.ts';
import { newSealingKeyText, parseSealingKey, type SealingKey } from '../lib/seal.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { fileError, writeByRename } from './private-file.ts';

/** The file of the sealing key beside a database file. */
export function keyFileOf(path: string): string {
  return `${path}.key`;
}

/** The key in a file; undefined where there is none. Throws SECRET_KEY for a file that holds no key. */
export function readKeyFile(file: string): SealingKey | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(file, error);
  }
  const key = parseSealingKey(text);
  if (key !== undefined) return key;
  throw new PlumblineError('SECRET_KEY', `${escapeUntrusted(file)} holds no key`, {
    hint: 'put back the key file of this database; without it the stored secrets cannot be opened',
  });
}

/**
 * The key file beside a database, while another key takes its place. The next key is written first,
 * then the database is sealed with it, then it becomes the key file, and the one before is kept as
 * `.old`: so whenever the process ends, one of these files holds the key that the database has.
 */
export function keyBeside(file: string, stored: string | undefined): SealingKey | undefined {
  const own = readKeyFile(file);
  if (stored === undefined || own?.id === stored) return own;
  const others = [nextKeyFile(file), `${file}.old`];
  return others.map(readKeyFile).find((key) => key?.id === stored) ?? own;
}

/** Writes the key that is to be the next one. */
export async function writeNextKey(file: string, text: string): Promise<void> {
  await writeByRename(nextKeyFile(file), `${text.trim()}\n`);
}

/** Makes the next key the key file, where the database has it already; otherwise all stays as it is. */
export function settleNextKey(file: string, stored: string | undefined): void {
  if (stored === undefined || readKeyFile(nextKeyFile(file))?.id !== stored) return;
  try {
    rmSync(`${file}.old`, { force: true });
    if (existsSync(file)) linkSync(file, `${file}.old`);
    renameSync(nextKeyFile(file), file);
  } catch (error) {
    throw fileError(file, error);
  }
}

function nextKeyFile(file: string): string {
  return `${file}.next`;
}

/**
 * A new key in a file that only its owner may read, whole or not at all; where another process was
 * faster, its key.
 */
export function createKeyFile(file: string): SealingKey {
  const draft = `${file}.${randomUUID()}`;
  try {
    const handle = openSync(draft, 'wx', 0o600);
    try {
      writeSync(handle, `${newSealingKeyText()}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // Unlike a rename, a link never takes the place of a key that somebody has sealed with.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
  return readKeyFile(file) as SealingKey;
}
