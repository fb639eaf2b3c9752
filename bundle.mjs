/*
 * The last step of the build. Makes one file of the compiled program, dist/src/bundle/program.cjs, and
 * another one of packages that it needs for some of what it does, and runs it for a moment to keep what
 * V8 has made of both: loading hundreds of modules one by one took longer than most commands run.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { build } from 'esbuild';
import { fileOf, load } from './dist/src/bundle.js';

/** The native code of the driver, in the place where its installation leaves it. */
const binding = 'sqlite3/build/Release/node_sqlite3.node';
/** What brings native code, workers or files of its own, and what only the daemon needs. */
const outside = [
  binding,
  'pino',
  'tinypool',
  'chokidar',
  'node-cron',
  'fastify',
  '@fastify/*',
  'prom-client',
];
/** What waits in the second file until it is needed. */
const packages = ['diff', 'knex', 'simple-git', 'yaml'];

const folder = dirname(fileOf('program', 'cjs'));
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  external: outside,
  // What V8 keeps of a script knows no `import()`.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'address' },
  // Half of it would be blanks, which every start reads; names and lines stay, for the place of a fault.
  minifyWhitespace: true,
  lineLimit: 120,
  metafile: true,
  logLevel: 'warning',
};

/** The version is known now, so no start has to read it. */
const versioned = {
  name: 'versioned',
  setup: ({ onLoad }) => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    onLoad({ filter: /\/cli\/version\.js$/ }, () => ({
      contents: `export const version = () => '${version}';`,
    }));
  },
};

/** Has the program ask `bundle.ts` for what is in the second file. */
const program = {
  name: 'program',
  setup: ({ onLoad, onResolve }) => {
    const all = [...packages, 'pino', 'node:zlib'].map((it) => `'${it}': () => require('${it}')`);
    onLoad({ filter: /\/lib\/on-demand\.js$/ }, () => ({
      contents: `const known = { ${all} }; export const onDemand = (name) => known[name];`,
    }));
    const filter = new RegExp(`^(?:${packages.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'packaged' }));
    onLoad({ filter, namespace: 'packaged' }, ({ path }) => ({
      contents: `module.exports = packaged('${path}');`,
    }));
    // The driver looks for its native code in a dozen places.
    onLoad({ filter: /\/sqlite3-binding\.js$/ }, () => ({
      contents: `module.exports = require('${binding}');`,
    }));
    // Commander can start commands that are programs of their own. We have none, and the module takes time.
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** What we use of cryptography, loaded at its first use: then git is under way, and its answer takes as long. */
const late = {
  name: 'late',
  setup: ({ onLoad, onResolve }) => {
    const used = ['createCipheriv', 'createDecipheriv', 'createHash', 'createHmac', 'hash', 'hkdfSync'];
    const all = [...used, 'randomBytes', 'randomUUID', 'timingSafeEqual'];
    const contents = all.map((it) => `export const ${it} = (...given) => crypto().${it}(...given);`);
    onResolve({ filter: /^node:crypto$/ }, ({ path, namespace }) =>
      namespace === 'late' ? undefined : { path, namespace: 'late' },
    );
    onLoad({ filter: /./, namespace: 'late' }, () => ({
      contents: `let loaded; const crypto = () => loaded ??= require('node:crypto');\n${contents.join('\n')}`,
    }));
  },
};

/** Of the query builder's dialects, only the one that we speak; it builds, and never loads its driver. */
const dialect = {
  name: 'dialect',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\// }, ({ path, importer }) =>
      importer.endsWith('/knex/lib/dialects/index.js') && path !== './sqlite3'
        ? { path, external: true }
        : undefined,
    ),
};

rmSync(folder, { recursive: true, force: true });
const made = await Promise.all([
  build({
    ...common,
    entryPoints: ['dist/src/program.js'],
    outfile: fileOf('program', 'cjs'),
    plugins: [program, versioned, late],
  }),
  build({
    ...common,
    stdin: {
      contents: packages.map((it) => `exports['${it}'] = () => require('${it}');`).join('\n'),
      resolveDir: '.',
    },
    outfile: fileOf('packages', 'cjs'),
    external: [...outside, 'sqlite3'],
    plugins: [dialect],
  }),
  // What starts is CommonJS as well: the loader of modules alone takes Node.js as long as a fifth of its start.
  build({
    ...common,
    entryPoints: ['dist/src/main.js'],
    outfile: 'dist/src/main.cjs',
    define: { 'import.meta.url': 'address' },
    plugins: [versioned],
    banner: { js: "const address = require('node:url').pathToFileURL(__filename).href;" },
  }),
  build({
    ...common,
    entryPoints: ['dist/src/lib/yaml-worker.js'],
    outdir: folder,
    format: 'esm',
    packages: 'external',
    supported: {},
    define: {},
  }),
]);
const files = made.flatMap(({ metafile }) => Object.keys(metafile.inputs));
writeFileSync(join(folder, 'LICENSES'), licenses(files));
await warmUp();
for (const part of ['program', 'packages'])
  writeFileSync(fileOf(part, 'cache'), load(part).compiled());

/** The licenses of the packages in the bundle, which ask to be passed on with them. */
function licenses(files) {
  const places = files.map((it) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(it)?.[0]);
  return [...new Set(places)]
    .filter((it) => it !== undefined)
    .sort()
    .map((place) => {
      const { name, version } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
      const file = readdirSync(place).find((it) => /^licen[cs]e/i.test(it));
      if (file === undefined) throw new Error(`${name} comes without its license`);
      return `${name} ${version}\n\n${readFileSync(join(place, file), 'utf8').trim()}\n`;
    })
    .join('\n\n');
}

/** Does what most starts do, so that the functions for it are there compiled at every start. */
async function warmUp() {
  const place = mkdtempSync(join(tmpdir(), 'plumbline-build-'));
  const manifests = join(place, 'manifests');
  const run = async (...words) => {
    const printed = [];
    const exit = await load('program').exports.main(words, {
      out: (text) => void printed.push(text),
      err: (text) => void printed.push(text),
      log: new PassThrough(),
      watched: false,
      colour: false,
      width: undefined,
      environment: { PLUMBLINE_SOURCE: manifests },
      workingFolder: place,
      signal: new AbortController().signal,
    });
    if (exit !== 0) throw new Error(`${words.join(' ')} ended with ${exit}: ${printed.join('')}`);
    return printed.join('');
  };
  const write = async (kind, change = (text) => text) => {
    const text = await run('example', kind);
    writeFileSync(join(manifests, `${kind}.yaml`), change(text));
  };
  try {
    mkdirSync(manifests);
    for (const kind of ['Plugin', 'SmarterAuthToken', 'LLMClient']) await write(kind);
    await run('validate', manifests);
    await run('sync');
    await run('sync');
    await write('LLMClient', (text) => text.replace('version: 1.0.0', 'version: 1.0.1'));
    await run('sync');
  } finally {
    rmSync(place, { recursive: true });
  }
}
