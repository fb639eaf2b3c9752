import type { Config } from '../config/config.ts';
import { keyVariable } from '../config/settings.ts';
import { PlumblineError } from '../lib/errors.ts';
import { SealingKey } from '../lib/seal.ts';
import { createKeyFile, keyBeside, keyFileOf, settleNextKey } from '../store/key-file.ts';
import type { Opening } from './assemble.ts';

/**
 * Gives the key that secrets are sealed with, looked for when it is first wanted: from the
 * environment, else from the file beside the database. Where nothing is sealed yet, a command that
 * may write makes a new one, and any other takes one that lasts as long as it does itself.
 *
 * `stored` is the id of the key that what is stored was sealed with. With any other key every secret
 * would seem changed, so it throws SECRET_KEY then.
 */
export function keyRing(
  config: Config,
  opening: Opening,
  stored: string | undefined,
): () => SealingKey {
  let known: SealingKey | undefined;
  return () => {
    known ??= find(config, opening, stored);
    return known;
  };
}

function find(config: Config, opening: Opening, stored: string | undefined): SealingKey {
  const path = config.database.replace(/^sqlite:/, '');
  const file = path === ':memory:' ? undefined : keyFileOf(path);
  // Only who is alone with the database may move key files about.
  if (file !== undefined && opening === 'exclusive') settleNextKey(file, stored);
  const found = config.secrets.key ?? (file === undefined ? undefined : keyBeside(file, stored));
  if (stored !== undefined && found?.id !== stored)
    throw new PlumblineError(
      'SECRET_KEY',
      found === undefined
        ? 'the key that the stored secrets were sealed with is not here'
        : 'the stored secrets were sealed with another key',
      { hint: `put back its file, ${file ?? 'the key file'}, or give it as ${keyVariable}` },
    );
  if (found !== undefined) return found;
  return file === undefined || opening === 'read' ? SealingKey.random() : createKeyFile(file);
}
