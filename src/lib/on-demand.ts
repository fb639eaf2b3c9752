import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * A package, or a part of Node.js, that takes longer to load than many commands take to run, loaded when
 * it is first asked for. It is for code that cannot wait for an `import()`; the package must have a CommonJS form.
 */
export function onDemand<T>(name: string): () => T {
  let loaded: T | undefined;
  return () => {
    loaded ??= load(name) as T;
    return loaded;
  };
}
