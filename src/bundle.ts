import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type { main } from './cli/cli.ts';

/** The program in files that the build has made: most starts need the first of them alone. */
export interface Parts {
  /** What every command starts with, and a sync for which there is nothing to do. */
  readonly program: { readonly main: typeof main };
  /** The rest of ours, which the program puts together with its own. */
  readonly later: unknown;
  /** Packages that few commands need. */
  readonly diff: unknown;
  readonly knex: unknown;
  readonly 'simple-git': unknown;
  readonly yaml: unknown;
}

export interface Part<T> {
  readonly exports: T;
  /** Whether V8 could use what it had made of it at the build. */
  readonly wasCompiled: boolean;
  /** What V8 has made of the functions that have run so far. */
  readonly compiled: () => Buffer;
}

const loaded = new Map<keyof Parts, Part<unknown>>();

/** Where a part lies, and beside it what V8 has made of it. */
export function fileOf(part: keyof Parts, suffix: 'cjs' | 'cache'): string {
  return fileURLToPath(new URL(`bundle/${part}.${suffix}`, import.meta.url));
}

/**
 * Loads a part of the program: one read in place of some two hundred, and nothing to compile. V8 passes
 * over what another version of it has made, and compiles as usual.
 */
export function load<Name extends keyof Parts>(part: Name): Part<Parts[Name]> {
  const known = loaded.get(part) ?? loadAnew(part);
  loaded.set(part, known);
  return known as Part<Parts[Name]>;
}

function loadAnew(part: keyof Parts): Part<unknown> {
  const filename = fileOf(part, 'cjs');
  const source = readFileSync(filename, 'latin1');
  const cachedData = compiledBefore(part);
  const script = new Script(source, { filename, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  const address = pathToFileURL(filename).href;
  const require = createRequire(filename);
  const other = (name: keyof Parts) => load(name).exports;
  script.runInThisContext()(module.exports, require, module, address, other);
  return {
    exports: module.exports,
    wasCompiled: script.cachedDataRejected === false,
    compiled: () => script.createCachedData(),
  };
}

function compiledBefore(part: keyof Parts): Buffer | undefined {
  try {
    return readFileSync(fileOf(part, 'cache'));
  } catch {
    return undefined;
  }
}
