import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { t } from './support/tap.ts';

/** Who may import whom: the architecture as a table. A room may always import from itself. */
const mayImport: Record<string, readonly string[]> = {
  lib: [],
  config: ['lib'],
  manifest: ['lib'],
  store: ['lib'],
  source: ['lib'],
  plan: ['manifest', 'lib'],
  broker: ['store', 'manifest', 'lib'],
  kinds: ['broker', 'store', 'manifest', 'lib'],
  endpoint: ['broker', 'kinds', 'store', 'manifest', 'lib'],
  reconcile: ['endpoint', 'kinds', 'broker', 'source', 'plan', 'store', 'manifest', 'lib'],
  http: ['reconcile', 'endpoint', 'kinds', 'broker', 'plan', 'store', 'manifest', 'lib'],
  cli: [
    'http',
    'config',
    'reconcile',
    'endpoint',
    'kinds',
    'broker',
    'source',
    'plan',
    'store',
    'manifest',
    'lib',
  ],
};

/** `plan` judges values: nothing in it may reach outside the process. */
const pure = ['plan'];
const outside = /^(node:(?!assert)|sqlite3|knex|simple-git|chokidar|node-cron|pino|fastify)/;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name as string);
}

/** The room that a relative import of a file leads to; undefined for a package. */
function roomOf(file: string, target: string): string | undefined {
  if (!target.startsWith('.')) return undefined;
  const path = join(file, '..', target).split('/');
  return path.length > 2 ? path[1] : 'src';
}

const rooms = readdirSync('src', { withFileTypes: true }).filter((it) => it.isDirectory());

for (const { name } of rooms) {
  t.test(`src/${name} imports only ${mayImport[name]?.join(', ') || 'itself'}`, async (t) => {
    const allowed = mayImport[name];
    t.ok(allowed, 'the room has its place in the table');
    for (const file of sources(join('src', name))) {
      const strangers = imports(file)
        .map((target) => roomOf(file, target))
        .filter((room) => room !== undefined && room !== name && !allowed?.includes(room));
      t.same(strangers, [], file);
    }
  });
}

for (const name of pure) {
  t.test(`src/${name} touches nothing outside the process`, async (t) => {
    for (const file of sources(join('src', name))) {
      t.same(
        imports(file).filter((target) => outside.test(target)),
        [],
        file,
      );
    }
  });
}

t.test('no room hides behind an index file or a default export', async (t) => {
  for (const file of sources('src')) {
    t.notMatch(file, /\/index\.ts$/, file);
    t.notMatch(readFileSync(file, 'utf8'), /^export default /m, file);
  }
});

t.test('the listener and what it needs are loaded by nobody who does not listen', async (t) => {
  const loads = /^import (?!type\b)[^;]*? from '(?:(?:\.\.\/)+http\/|@?fastify)/m;
  for (const file of sources('src').filter((it) => !it.startsWith(join('src', 'http'))))
    t.notMatch(readFileSync(file, 'utf8'), loads, file);
});
