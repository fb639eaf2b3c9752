import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { SealingKey } from '../../lib/seal.ts';
import { Secret } from '../../lib/secret.ts';
import { looksSecret } from '../../lib/yaml-frame.ts';
import { keyId, type ResourceKey } from '../../manifest/manifest.ts';
import type { Sealed, Unavailable, ValueFrom, Vault } from '../../manifest/secret-value.ts';

/** A larger file is no secret. */
const longestValue = 64 * 1024;

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute; files outside of it are never read, and without it none is. */
  readonly directory: string | undefined;
  /** Throws SECRET_KEY. */
  readonly key: () => SealingKey;
}

/** The secrets of the machine that Plumbline runs on: its environment, one folder, and its sealing key. */
export class LocalVault implements Vault {
  readonly #around: Surroundings;
  readonly #missing = new Map<string, { readonly from: ValueFrom; readonly key: ResourceKey }>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  read(from: ValueFrom, key: ResourceKey): Secret | Unavailable {
    const value =
      'env' in from ? readVariable(from.env, this.#around) : readFile(from.file, this.#around);
    if (value instanceof Secret) this.#missing.delete(keyId(key));
    else this.#missing.set(keyId(key), { from, key });
    return value;
  }

  seal(value: Secret, key: ResourceKey): Sealed {
    const sealing = this.#around.key();
    const context = keyId(key);
    return { hash: sealing.hash(value, context), sealed: sealing.seal(value, context) };
  }

  /** True for a resource whose value could not be read when it was last asked for. */
  isMissing(key: ResourceKey): boolean {
    return this.#missing.has(keyId(key));
  }

  /** True when a value of an account that could not be read before is there now. */
  hasAppeared(account: string): boolean {
    return [...this.#missing.values()].some(
      ({ from, key }) => key.account === account && this.read(from, key) instanceof Secret,
    );
  }
}

/** Committers choose the name, so what Plumbline itself is configured with must be out of their reach. */
function readVariable(name: string, { environment }: Surroundings): Secret | Unavailable {
  if (name.startsWith('PLUMBLINE_'))
    return {
      message: 'the variables of Plumbline itself are no source of secret values',
      hint: 'give the value in a variable of its own',
    };
  const value = environment[name] ?? '';
  if (value !== '') return new Secret(value);
  const isName = /^[A-Z][A-Z0-9_]*$/.test(name) && !looksSecret(name);
  return {
    message: isName
      ? `the environment variable ${name} is not set where plumbline runs`
      : 'there is no environment variable of that name where plumbline runs',
    hint: isName ? `set ${name}, or correct the name` : 'set it, or correct the name',
  };
}

/**
 * The content of a file below the folder, without the line feed at its end that editors leave. Links
 * may be followed, as mounted secrets are made of them, but not to the outside.
 */
function readFile(path: string, { directory }: Surroundings): Secret | Unavailable {
  if (directory === undefined)
    return {
      message: 'files are no source of secret values here',
      hint: 'name a folder as secrets.directory in the configuration, or write env: NAME',
    };
  try {
    const root = realpathSync(directory);
    const full = realpathSync(resolve(root, path));
    if (!full.startsWith(root.endsWith(sep) ? root : root + sep)) return unreadable('outside');
    const { size } = statSync(full);
    if (!statSync(full).isFile()) return unreadable('special');
    if (size > longestValue) return unreadable('large');
    const value = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(full));
    const text = value.replace(/\r?\n$/, '');
    return text === '' ? unreadable('empty') : new Secret(text);
  } catch (error) {
    return unreadable((error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}

const reasons: Readonly<Record<string, string>> = {
  outside: 'the file lies outside of the folder of secrets',
  special: 'that is no ordinary file',
  large: `the file has more than ${longestValue} bytes`,
  empty: 'the file is empty',
  ENOENT: 'there is no such file in the folder of secrets',
  ENOTDIR: 'there is no such file in the folder of secrets',
  EACCES: 'this user may not read the file',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'the file is no text in UTF-8',
};

/** The path is not repeated: somebody may have written the secret itself there. */
function unreadable(reason: string): Unavailable {
  return {
    message: reasons[reason] ?? 'the file cannot be read',
    hint: 'name a file below the folder that the configuration names as secrets.directory',
  };
}
