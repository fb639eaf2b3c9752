import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Writes to standard error, at the end, which packages were loaded. */
const listing = `data:text/javascript,${encodeURIComponent(`
  import Module from 'node:module';
  process.on('exit', () => {
    const paths = Object.keys(Module._cache).join(' ');
    const found = [...paths.matchAll(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/g)].map((it) => it[1]);
    process.stdout.write('\\nloaded ' + JSON.stringify([...new Set(found)]));
  });`)}`;

function loadedBy(world: World, ...words: readonly string[]): string[] {
  const printed = execFileSync(process.execPath, ['--import', listing, program, ...words], {
    cwd: world.folder,
    env: { PATH: process.env['PATH'], ...world.environment },
    encoding: 'utf8',
  });
  return JSON.parse(printed.slice(printed.lastIndexOf('\nloaded ') + 8)) as string[];
}

/** Those of which one takes longer to load than such a command takes to run. */
const slow = ['yaml', 'knex', 'lodash', 'pino', 'diff', 'simple-git', 'fastify', 'tinypool'];

t.test('what a command has no use for is not loaded', async (t) => {
  const world = new World(t);
  world.write(
    'bot.yaml',
    'apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n  name: bot\n  description: A bot\n  version: 1.0.0\nspec:\n  config:\n    provider: openai\n',
  );
  const among = (loaded: readonly string[]) => slow.filter((it) => loaded.includes(it));
  t.same(among(loadedBy(world, '--version')), []);
  t.same(
    among(loadedBy(world, 'validate', 'manifests')),
    [],
    'a plain file is checked without YAML',
  );
  t.match(among(loadedBy(world, 'sync')), ['knex'], 'a first sync');
  t.same(among(loadedBy(world, 'sync')), [], 'a sync with nothing to do');
  world.write('json.yaml', clientYaml('other'));
  t.ok(loadedBy(world, 'validate', 'manifests').includes('yaml'), 'what is not plain needs YAML');
});
