/*
 * The last step of the build. Makes one file of the compiled program, dist/src/bundle/program.cjs,
 * and runs it for a moment to keep what V8 has made of it: loading two hundred modules one by one took
 * longer than most commands run. Packages that few commands need stay outside, and so do those that
 * bring files of their own.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { build } from 'esbuild';
import { bundle, bundleCache, loadProgram } from './dist/src/load-program.js';

/** Small, of use to every command, and made of JavaScript alone. The last of them must share its zod. */
const inside = ['commander', 'fastest-levenshtein', 'picocolors', 'zod', 'fastify-type-provider-zod'];

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const outside = Object.keys(dependencies).filter((name) => !inside.includes(name));
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  external: outside,
  metafile: true,
  logLevel: 'warning',
};

rmSync(dirname(bundle), { recursive: true, force: true });
const { metafile } = await build({
  ...common,
  entryPoints: ['dist/src/program.js'],
  outfile: bundle,
  format: 'cjs',
  // What V8 keeps of a script knows no `import()`.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'address' },
});
await build({
  ...common,
  entryPoints: ['dist/src/lib/yaml-worker.js'],
  outdir: dirname(bundle),
  format: 'esm',
});
writeFileSync(join(dirname(bundle), 'LICENSES'), licenses(Object.keys(metafile.inputs)));
await warmUp();

/** The licenses of the packages in the bundle, which ask to be passed on with them. */
function licenses(files) {
  const folders = files.map((it) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(it)?.[0]);
  return [...new Set(folders)]
    .filter((it) => it !== undefined)
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it));
      if (file === undefined) throw new Error(`${name} comes without its license`);
      return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join('\n\n');
}

/** Does what most starts do, so that the functions for it are there compiled at every start. */
async function warmUp() {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-build-'));
  const printed = [];
  const program = loadProgram();
  const run = async (...words) => {
    const exit = await program.main(words, {
      out: (text) => void printed.push(text),
      err: (text) => void printed.push(text),
      log: new PassThrough(),
      watched: false,
      colour: false,
      width: undefined,
      environment: { PLUMBLINE_SOURCE: 'manifests' },
      workingFolder: folder,
      signal: new AbortController().signal,
    });
    if (exit !== 0) throw new Error(`${words.join(' ')} ended with ${exit}: ${printed.join('')}`);
  };
  try {
    await run('example', 'Plugin');
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(join(folder, 'manifests', 'example.yaml'), printed.splice(0).join(''));
    await run('validate', join(folder, 'manifests'));
    await run('sync');
    await run('sync');
    writeFileSync(bundleCache, program.compiled());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
