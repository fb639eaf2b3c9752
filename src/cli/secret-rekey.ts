import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { storedKeyId } from '../broker/sealed.ts';
import type { Config } from '../config/config.ts';
import { keyVariable, nextKeyVariable } from '../config/settings.ts';
import { kinds } from '../kinds/kinds.ts';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { newSealingKeyText, parseSealingKey, type SealingKey } from '../lib/seal.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { plural } from '../reconcile/outcome.ts';
import { rekeySecrets } from '../reconcile/rekey.ts';
import { keyFileOf, settleNextKey, writeNextKey } from '../store/key-file.ts';
import { actor, withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { keyRing } from './key-ring.ts';

/** A longer file holds no key. */
const longestKeyFile = 1024;

/** Seals every stored secret with a new key, which then is the key. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'exclusive', async ({ ports, config }) => {
    const { database } = ports;
    const stored = await database.read((query) => storedKeyId(query, kinds));
    if (stored === undefined) {
      terminal.err('no secret is stored, so there is nothing to seal anew\n');
      return 0;
    }
    const oldKey = keyRing(config, 'exclusive', stored)();
    const next = await nextKey(invocation, config, oldKey);
    const file = config.secrets.key === undefined ? keyFileOf(fileOf(config)) : undefined;
    if (file !== undefined) await writeNextKey(file, next.text);
    failpoint('rekey.key-written');
    const count = await rekeySecrets(ports, oldKey, next.key, actor());
    failpoint('rekey.sealed');
    if (file !== undefined) settleNextKey(file, next.key.id);
    terminal.out(`${plural(count, 'secret')} sealed with the new key ${next.key.id}\n`);
    terminal.err(`${whatNow(file)}\n`);
    return 0;
  });
}

/** Backups are of the old key; who may have seen it must not find it, and only a person knows which weighs more. */
function whatNow(file: string | undefined): string {
  return file === undefined
    ? `set ${keyVariable} to the new key before anything else is run`
    : `the old key is kept for backups as ${escapeUntrusted(file)}.old; remove it when no backup needs it`;
}

interface NextKey {
  readonly key: SealingKey;
  readonly text: string;
}

async function nextKey(invocation: Invocation, config: Config, old: SealingKey): Promise<NextKey> {
  const given = await givenText(invocation);
  if (given === undefined && config.secrets.key !== undefined)
    throw new PlumblineError('USAGE', `the key is in ${keyVariable}, and there is no new one`, {
      hint: `give it as ${nextKeyVariable} or with --new-key-file FILE; make it with: openssl rand -base64 32`,
    });
  const text = given ?? newSealingKeyText();
  const key = parseSealingKey(text);
  if (key === undefined)
    throw new PlumblineError('USAGE', 'the new key must be 32 bytes in base64 or hex', {
      hint: 'make a key with: openssl rand -base64 32',
    });
  if (key.id !== old.id) return { key, text };
  throw new PlumblineError('USAGE', 'the new key is the one that is in use', {
    hint: 'make another with: openssl rand -base64 32',
  });
}

async function givenText(invocation: Invocation): Promise<string | undefined> {
  const { terminal } = invocation;
  const file = textOption(invocation, 'newKeyFile');
  if (file === undefined) return terminal.environment[nextKeyVariable] || undefined;
  try {
    const path = resolve(terminal.workingFolder, file);
    return (await stat(path)).size > longestKeyFile ? '' : await readFile(path, 'utf8');
  } catch (cause) {
    throw new PlumblineError('USAGE', `the key file ${escapeUntrusted(file)} cannot be read`, {
      hint: 'name a file that this user may read',
      cause,
    });
  }
}

function fileOf({ database }: Config): string {
  return database.replace(/^sqlite:/, '');
}
