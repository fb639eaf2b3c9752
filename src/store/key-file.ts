import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { PlumblineError } from '../lib/errors.ts';
import { newSealingKeyText, parseSealingKey, type SealingKey } from '../lib/seal.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { fileError } from './private-file.ts';

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
