/*
 * The last step of the build. Makes few files of the compiled program and its packages, of which most
 * starts need the first alone, and runs it for a moment to keep what V8 has made of them: loading hundreds
 * of modules one by one took longer than most commands run, and so did reading all of it at once.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
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
/** Those that wait in files of their own until they are needed. */
const packages = ['diff', 'knex', 'simple-git', 'yaml'];

const entry = 'dist/src/program.js';
/** Around an `import()` that is not to be waited for: every chunk can be had at once. */
const atThatMoment = 'atThatMoment';
const whatIsImportedAt = /\batThatMoment\(\s*import\(\s*"([^"]+)"\s*\)\s*\)/g;
/** What a sync for which there is nothing to do needs besides, and with it most of what all others start with. */
const alsoAtOnce = ['dist/src/cli/sync.js', 'sqlite3/lib/sqlite3.js'];
const folder = dirname(fileOf('program', 'cjs'));
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  external: outside,
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

/** Has the program ask `bundle.ts` for the packages that are in files of their own. */
const program = {
  name: 'program',
  setup: ({ onLoad, onResolve }) => {
    const all = [...packages, 'pino', 'picocolors', 'node:zlib'].map((it) => `'${it}': () => require('${it}')`);
    onLoad({ filter: /\/lib\/on-demand\.js$/ }, () => ({
      contents: `const known = { ${all} }; export const onDemand = (name) => known[name];`,
    }));
    const filter = new RegExp(`^(?:${packages.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'packaged' }));
    onLoad({ filter, namespace: 'packaged' }, ({ path }) => ({
      contents: `module.exports = part('${path}');`,
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

/** What takes milliseconds to load, and what we use of it, all of it functions: loaded when one is called. */
const late = {
  'node:crypto': [
    ...['createCipheriv', 'createDecipheriv', 'createHash', 'createHmac', 'hash', 'hkdfSync'],
    ...['randomBytes', 'randomUUID', 'timingSafeEqual'],
  ],
  'node:fs/promises': [
    ...['lstat', 'mkdtemp', 'open', 'readFile', 'readdir', 'readlink', 'realpath', 'rename'],
    ...['rm', 'stat', 'writeFile'],
  ],
  zod: [
    ...['array', 'boolean', 'enum', 'int', 'json', 'literal', 'number', 'object', 'record'],
    ...['strictObject', 'string', 'toJSONSchema', 'union', 'unknown'],
  ],
};
/** Where the schemas of manifests are; those of the API are made with the listener, which uses more of zod. */
const inManifests = /\/dist\/src\/(?:kinds|manifest|endpoint)\//;

const lately = {
  name: 'lately',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: new RegExp(`^(?:${Object.keys(late).join('|')})$`) }, ({ path, importer, namespace }) => {
      const isMeant = path === 'zod' ? inManifests.test(importer) : namespace !== 'late';
      return isMeant ? { path, namespace: 'late' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({
      contents: [
        path === 'zod'
          ? `const load = () => ${atThatMoment}(import('used:${path}'));`
          : `const load = () => require('${path}');`,
        'let loaded; const module = () => loaded ??= load();',
        ...late[path].map((it) => `const $${it} = (a, b, c, d, e) => module().${it}(a, b, c, d, e);`),
        `export { ${late[path].map((it) => `$${it} as ${it}`).join()} };`,
      ].join('\n'),
    }));
    onResolve({ filter: /^used:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'used' }));
    onLoad({ filter: /./, namespace: 'used' }, ({ path }) => ({
      contents: `export { ${late[path].join()} } from '${path}';`,
      resolveDir: '.',
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
    entryPoints: [entry],
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    outdir: folder,
    write: false,
    plugins: [program, versioned, lately],
  }),
  ...packages.map((it) =>
    build({
      ...common,
      stdin: { contents: `module.exports = require('${it}');`, resolveDir: '.' },
      outfile: fileOf(it, 'cjs'),
      write: false,
      external: [...outside, 'sqlite3'],
      // What V8 keeps of a script knows no `import()`.
      supported: { 'dynamic-import': false },
      plugins: [dialect],
    }),
  ),
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
    define: {},
  }),
]);
link(made[0]);
for (const [at, it] of packages.entries()) writePart(it, made[at + 1].outputFiles[0].text);
const files = made.flatMap(({ metafile }) => Object.keys(metafile.inputs));
writeFileSync(join(folder, 'LICENSES'), licenses(files));
await warmUp();
for (const part of ['program', 'later', ...packages])
  writeFileSync(fileOf(part, 'cache'), load(part).compiled());

/**
 * Writes the chunks of the program into two files: those that are needed at once, and all others. Each
 * becomes a function that gives what it exports, made when it is first asked for.
 */
function link({ outputFiles, metafile }) {
  const outputs = Object.entries(metafile.outputs).map(([path, it]) => ({ ...it, name: basename(path) }));
  const chunkOf = (module) => outputs.find((it) => it.entryPoint?.endsWith(module)).name;
  const atOnce = new Set([entry, ...alsoAtOnce].map(chunkOf));
  // A set goes on to what is put into it meanwhile.
  for (const name of atOnce)
    for (const it of outputs.find((of) => of.name === name).imports)
      if (!it.external && it.kind === 'import-statement') atOnce.add(basename(it.path));
  const chunks = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
  const [first, later] = [true, false].map((now) =>
    chunks
      .filter(({ name }) => atOnce.has(name) === now)
      .map(({ name, text }) => `'${name}'(){${linked(text)}}`)
      .join(',\n'),
  );
  writePart(
    'program',
    `const made={};let known={${first}};
function chunk(name){if(name in made)return made[name]??needsItself(name);made[name]=undefined;
try{if(!(name in known))known={...known,...part('later')(chunk,asModule)};return made[name]=known[name]()}
catch(error){delete made[name];throw error}}
function needsItself(name){throw new Error(name+' needs itself')}
function asModule(it){return it.__esModule?it:Object.create(it,{default:{value:it}})}
module.exports=chunk('${chunkOf(entry)}');`,
  );
  writePart('later', `module.exports=(chunk,asModule)=>({${later}});`);
}

/** As `bundle.ts` loads it: `address` stands where a module would ask for its `import.meta.url`. */
function writePart(part, text) {
  const wrapped = `(function(exports,require,module,address,part){${text}\n})`;
  writeFileSync(fileOf(part, 'cjs'), wrapped, 'latin1');
}

/** The text of a chunk as the body of a function: its imports are constants, and its exports are what it gives. */
function linked(text) {
  const statement =
    /\bimport\s*(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)\s*|\{([^}]*)\}\s*)?(?:from\s*)?"([^"]+)";/g;
  const exported = /\bexport\s*(?:\{([^}]*)\}|default\s([^;]*));\s*$/;
  const constants = [];
  const [, names, whole] = exported.exec(text) ?? [];
  const body = text
    .replace(exported, '')
    .replace(statement, (_, single, all, some, from) => {
      const module = moduleAt(from);
      if (single) constants.push(`var ${single}=${module}.default;`);
      if (all) constants.push(`var ${all}=${module};`);
      if (some) constants.push(`var {${some.replaceAll(/\s+as\s+/g, ':')}}=${module};`);
      if (!single && !all && !some) constants.push(`${module};`);
      return '';
    })
    .replace(whatIsImportedAt, (_, from) => moduleAt(from))
    // What V8 keeps of a script knows no `import()`.
    .replace(/\bimport\(\s*"([^"]+)"\s*\)/g, (_, from) => `Promise.resolve().then(()=>${moduleAt(from)})`);
  const pairs = names?.split(',').map((it) => it.trim().split(/\s+as\s+/).toReversed().join(':'));
  const given = pairs === undefined ? `asModule(${whole})` : `{${pairs.join()}}`;
  return `${constants.join('')}${body};return ${given}`;
}

/** What a chunk gets where it imports another one, or a package. */
function moduleAt(from) {
  return from.startsWith('./') ? `chunk('${from.slice(2)}')` : `asModule(require('${from}'))`;
}

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
  let environment = { PLUMBLINE_SOURCE: manifests };
  const run = async (...words) => {
    const printed = [];
    const exit = await load('program').exports.main(words, {
      out: (text) => void printed.push(text),
      err: (text) => void printed.push(text),
      log: new PassThrough(),
      watched: false,
      colour: false,
      width: undefined,
      environment,
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
    if (!madeRepository(manifests)) return;
    environment = {
      PLUMBLINE_SOURCE: pathToFileURL(manifests).href,
      PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
      PLUMBLINE_DATABASE: 'sqlite:other/plumbline.db',
    };
    await run('sync');
    await run('sync');
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Makes a repository of a folder. False on a machine without git: then what asks a remote is compiled at its start. */
function madeRepository(folder) {
  const who = ['-c', 'user.name=build', '-c', 'user.email=build@localhost'];
  const commands = [['init', '--quiet', '-b', 'main'], ['add', '.'], [...who, 'commit', '--quiet', '-m', 'a']];
  return commands.every((words) => spawnSync('git', words, { cwd: folder }).status === 0);
}
