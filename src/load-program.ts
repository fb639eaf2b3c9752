import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type { main } from './cli/cli.ts';

/** The program as one file, and what V8 made of it when it was built. */
export const bundle = fileURLToPath(new URL('bundle/program.cjs', import.meta.url));
export const bundleCache = bundle.replace(/cjs$/, 'cache');

export interface Program {
  readonly main: typeof main;
  /** Whether V8 could use what it had made of it before. */
  readonly wasCompiled: boolean;
  /** What V8 has made of the functions that have run so far. */
  readonly compiled: () => Buffer;
}

/**
 * Loads the program from the one file that the build makes of it: one read in place of some two hundred,
 * and nothing to compile. V8 passes over what another version of it has made, and compiles as usual.
 */
export function loadProgram(): Program {
  const source = readFileSync(bundle, 'latin1');
  const cachedData = compiledBefore();
  // The build has `address` stand where a module would ask for its `import.meta.url`.
  const wrapped = `(function (exports, require, module, address) {${source}\n})`;
  const script = new Script(wrapped, { filename: bundle, ...(cachedData && { cachedData }) });
  const module = { exports: {} as Pick<Program, 'main'> };
  const address = pathToFileURL(bundle).href;
  script.runInThisContext()(module.exports, createRequire(bundle), module, address);
  return {
    main: module.exports.main,
    wasCompiled: script.cachedDataRejected === false,
    compiled: () => script.createCachedData(),
  };
}

function compiledBefore(): Buffer | undefined {
  try {
    return readFileSync(bundleCache);
  } catch {
    return undefined;
  }
}
