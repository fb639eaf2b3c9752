import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from '../../src/bundle.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

const program = fileURLToPath(new URL('../../src/main.cjs', import.meta.url));

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** What was called: packages, be they in the bundle or in a folder of their own, and files of the bundle. */
function loadedBy(world: World, ...words: readonly string[]): string[] {
  const folder = mkdtempSync(join(world.folder, 'called-'));
  execFileSync(process.execPath, [program, ...words], {
    cwd: world.folder,
    env: { PATH: process.env['PATH'], ...world.environment, NODE_V8_COVERAGE: folder },
  });
  const called = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage;
    // The bundle has a function for each file of a package, by the name of the file.
    return result.flatMap(({ url, functions }) =>
      functions
        .filter(({ ranges }) => ranges.some(({ count }) => count > 0))
        .map(({ functionName }) => `${url} ${functionName}`),
    );
  });
  const found = [
    ...called.join(' ').matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)|bundle\/([\w-]+)\.cjs/g),
  ];
  return [...new Set(found.map(([, name, file]) => (name ?? file) as string))];
}

/** Those of which one takes longer to load than such a command takes to run. */
const slow = ['yaml', 'knex', 'lodash', 'pino', 'diff', 'simple-git', 'fastify', 'tinypool'];

t.test('what a command has no use for is not loaded', async (t) => {
  const world = new World(t);
  const plain =
    'apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n  name: bot\n  description: A bot\n  version: 1.0.0\nspec:\n  config:\n    provider: openai\n';
  world.write('bot.yaml', plain);
  const among = (loaded: readonly string[]) => slow.filter((it) => loaded.includes(it));
  t.same(among(loadedBy(world, '--version')), []);
  t.same(
    among(loadedBy(world, 'validate', 'manifests')),
    [],
    'a plain file is checked without YAML',
  );
  t.match(among(loadedBy(world, 'sync')), ['knex'], 'a first sync');
  const atRest = loadedBy(world, 'sync');
  t.same(among(atRest), [], 'a sync with nothing to do');
  t.ok(atRest.includes('program'));
  t.notOk(atRest.includes('later'), 'and of ours only what it needs');
  world.write('bot.yaml', plain.replace('A bot', 'Another bot'));
  world.write('new.yaml', plain.replace('name: bot', 'name: newcomer'));
  t.same(among(loadedBy(world, 'sync')), [], 'a sync of what has changed');
  world.write('json.yaml', clientYaml('other'));
  t.ok(loadedBy(world, 'validate', 'manifests').includes('yaml'), 'what is not plain needs YAML');
});

/** A folder as the package installs it: what is published, and the packages it needs. */
function installed(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-installed-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(packed) as [{ files: readonly { path: string }[] }];
  for (const { path } of files) cpSync(path, join(folder, path));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

t.test('what is published is the whole program', async (t) => {
  const folder = installed(t);
  const world = new World(t);
  const run = (...words: readonly string[]) =>
    execFileSync(process.execPath, [join(folder, 'dist/src/main.cjs'), ...words], {
      cwd: world.folder,
      env: { PATH: process.env['PATH'], ...world.environment },
      encoding: 'utf8',
    });
  const long = `# ${'long '.repeat(4000)}\n${clientYaml('a_long_one')}`;
  world.write('long.yaml', long);
  t.match(run('validate', 'manifests'), /^1 manifest in 1 file: 0 errors/, 'a thread of its own');
  t.match(run('sync'), '1 created');
  t.match(run('--version'), /^plumbline \d/);
  t.match(readFileSync(join(folder, 'dist/src/bundle/LICENSES'), 'utf8'), /^zod [\d.]+$/m);
  const parts = readdirSync(join(folder, 'dist/src'), { recursive: true, encoding: 'utf8' });
  t.notOk(parts.includes(join('plan', 'build.js')), 'once, not in parts as well');

  writeFileSync(join(folder, 'dist/src/bundle/program.cache'), 'made by something else');
  t.match(run('sync'), 'Nothing to do', 'it is compiled anew where V8 is another one');
  rmSync(join(folder, 'dist/src/bundle/program.cache'));
  t.match(run('sync'), 'Nothing to do');
});

t.test('V8 takes what was compiled at the build', async (t) => {
  for (const part of ['program', 'later', 'yaml', 'knex', 'simple-git', 'diff'] as const)
    t.ok(load(part).wasCompiled, part);
});
