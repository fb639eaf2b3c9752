import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../src/kinds/kinds.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

/**
 * What the reference platform does wrong, each by the harm that it does to somebody, as a promise
 * that it is not done here. The numbers are the rows of the list of known weaknesses.
 */
const environment = { WAREHOUSE_KEY: 'canary-of-the-warehouse' };
const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const text = async (world: World, ...words: string[]) => (await world.run(...words)).out;
const record = async (world: World, kind: string, name: string) =>
  JSON.parse(await text(world, 'describe', kind, name, '-o', 'json'));

/** A world with the example of every kind in it. */
async function full(t: Test): Promise<World> {
  const world = new World(t, environment);
  for (const kind of kinds.all) world.write(`${kind.name}.yaml`, kind.example);
  t.equal((await world.run('sync')).exit, 0);
  return world;
}

t.test('1, 33: looking at things, whether they are there or not, creates nothing', async (t) => {
  const world = await full(t);
  const before = hash(world.database);
  for (const { name } of kinds.all) {
    t.equal((await world.run('get', name)).exit, 0, name);
    t.match((await world.run('describe', name, 'nobody')).err, 'RECORD_NOT_FOUND', `12: ${name}`);
  }
  for (const command of ['plan', 'drift', 'export']) await world.run(command);
  t.equal(hash(world.database), before);
});

t.test('2: a client with one wrong reference or function is not half written', async (t) => {
  const world = new World(t);
  world.write('key.yaml', tokenYaml('key'));
  world.write(
    'a.yaml',
    clientYaml('a', {}, { apiKey: 'key', functions: ['calculator', 'nonsense'] }),
  );
  world.write('b.yaml', clientYaml('b', {}, { apiKey: 'key', plugins: ['nowhere'] }));
  const { problems, changes } = await world.report('sync');
  t.match(problems, [
    { code: 'MANIFEST_BAD_VALUE', path: 'spec.functions.1' },
    { code: 'MANIFEST_UNKNOWN_REFERENCE', path: 'spec.plugins.0' },
  ]);
  t.match(changes, [{ kind: 'SmarterAuthToken' }]);
  t.equal(await text(world, 'get', 'llmclient', '-o', 'name'), '');
});

t.test('3: no text, key or list item is rewritten on its way through a record', async (t) => {
  const world = new World(t);
  const awkward = ['camelCase', 'snake_case', 'Kebab-Case', 'A.b/C', 'UPPER', ' lead'];
  const map = Object.fromEntries(awkward.map((it) => [it, { [it]: it }]));
  world.write('p.yaml', pluginYaml('p', map));
  world.write('c.yaml', clientYaml('c', { deployed: false, appExamplePrompts: awkward }));
  await world.run('sync');
  t.same((await record(world, 'plugin', 'p')).spec.data.staticData, map);
  t.same((await record(world, 'llmclient', 'c')).spec.config.appExamplePrompts, awkward);
});

t.test(
  '4, 22: what protects a client neither goes silently nor is pulled from under it',
  async (t) => {
    const world = new World(t);
    world.write('key.yaml', tokenYaml('key'));
    world.write('c.yaml', clientYaml('c', { deployed: true }, { apiKey: 'key' }));
    await world.run('sync');
    world.remove('key.yaml');
    const referred = await world.report('sync');
    t.notMatch(referred.changes, [{ outcome: 'applied' }], 'a key in use is not deleted');
    t.equal((await record(world, 'llmclient', 'c')).spec.apiKey, 'key');
    world.write('key.yaml', tokenYaml('key'));
    world.write('c.yaml', clientYaml('c', { deployed: true }));
    const opened = await world.report('sync');
    t.equal(opened.exit, 3);
    t.match(opened.changes, [{ held: true, outcome: 'held' }]);
  },
);

t.test('22: nothing is deleted that something which stays refers to', async (t) => {
  const used = ['Secret', 'SmarterAuthToken', 'SqlConnection', 'ApiConnection', 'Plugin'];
  for (const kind of used) {
    const world = await full(t);
    world.remove(`${kind}.yaml`);
    const { changes, problems } = await world.report('sync');
    t.match(changes, [
      { action: 'blocked', kind, reason: / still refers? to it/, outcome: 'skipped' },
    ]);
    t.equal(changes.length, 1, kind);
    t.match(problems, [{ code: 'MANIFEST_UNKNOWN_REFERENCE' }], kind);
    for (const { name } of kinds.all)
      t.not(await text(world, 'get', name, '-o', 'name'), '', `${name} is still there`);
  }
});

t.test('22: what others refer to is not deleted by hand either, and they are named', async (t) => {
  const world = new World(t, environment);
  world.write('../all.yaml', kinds.all.map((it) => it.example).join('---\n'));
  t.equal((await world.run('apply', '-f', join(world.folder, 'all.yaml'))).exit, 0);
  for (const [kind, name, by] of [
    ['secret', 'warehouse_key', /house_models|warehouse_db|parcel_service/],
    ['sqlconnection', 'warehouse_db', /order_lookup/],
    ['apiconnection', 'parcel_service', /parcel_tracking/],
    ['plugin', 'return_policy', /support_bot/],
    ['token', 'support_key', /support_bot/],
  ] as const) {
    const { exit, out } = await world.run('delete', kind, name);
    t.equal(exit, 1, name);
    t.match(out, by, name);
    t.match(await text(world, 'get', kind, '-o', 'name'), name, 'it is still there');
  }
});

t.test(
  '33: what a run would do is told before, references go first, and only what is ours is pruned',
  async (t) => {
    const world = new World(t);
    world.write('../theirs.yaml', pluginYaml('by_hand'));
    await world.run('apply', '-f', join(world.folder, 'theirs.yaml'));
    world.write('a.yaml', clientYaml('a', { deployed: true }, { apiKey: 'z', plugins: ['y'] }));
    world.write('y.yaml', pluginYaml('y'));
    world.write('z.yaml', tokenYaml('z'));
    const told = async (command: string) => {
      const { exit, changes } = await world.report(command);
      return [exit, ...changes.map((it) => `${it.action} ${it.name}`)];
    };
    const created = ['create z', 'create y', 'create a', 'deploy a'];
    t.same(await told('plan'), [2, ...created], 'a plan says it, with an exit code of its own');
    t.same(await told('sync'), [0, ...created]);
    t.same(await told('drift'), [0]);
    for (const name of ['a', 'y', 'z']) world.remove(`${name}.yaml`);
    world.write('b.yaml', pluginYaml('b'));
    const left = ['create b', 'undeploy a', 'delete a', 'delete y', 'delete z'];
    t.same(await told('plan'), [2, ...left], 'what refers to others leaves before them');
    t.same(await told('sync'), [0, ...left]);
    t.equal(await text(world, 'get', 'plugin', '-o', 'name'), 'plugin/b\nplugin/by_hand\n');
  },
);

t.test(
  '5, 6, 7: tags follow, null is nothing, and what is omitted is not switched off',
  async (t) => {
    const world = new World(t);
    const tagged = (tags: readonly string[] | null, spec: Record<string, unknown>) => {
      const manifest = JSON.parse(clientYaml('c', {}, spec));
      return JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, tags } });
    };
    world.write('key.yaml', tokenYaml('key'));
    world.write('c.yaml', tagged(['a', 'b'], { apiKey: 'key', functions: ['calculator'] }));
    await world.run('sync');
    await world.run('deploy', 'llmclient', 'c');
    world.write('c.yaml', tagged(['b', 'c'], { apiKey: 'key', functions: null }));
    t.equal((await world.run('sync')).exit, 0);
    const changed = await record(world, 'llmclient', 'c');
    t.same(changed.metadata.tags, ['b', 'c']);
    t.equal(changed.spec.functions, undefined);
    t.equal(changed.status.deployed, true, 'deployment stays as its operator set it');
    world.write('c.yaml', tagged(null, { apiKey: 'key' }));
    await world.run('sync');
    t.equal((await record(world, 'llmclient', 'c')).metadata.tags, undefined);
  },
);

t.test('10, 30: an own domain is kept, and two clients never share an address', async (t) => {
  const world = new World(t);
  const domain = { aws_hosted_zone_id: 'Z1', domain_name: 'bots.example.com' };
  const config = { deployed: false, subdomain: 'help', customDomain: domain };
  world.write('a.yaml', clientYaml('a', config));
  await world.run('sync');
  t.match((await record(world, 'llmclient', 'a')).spec.config, config);
  world.write('b.yaml', clientYaml('help', { deployed: false }));
  const { problems } = await world.report('sync');
  t.match(problems, [{ code: 'MANIFEST_CONFLICT' }, { code: 'MANIFEST_CONFLICT' }]);
});

t.test('14: two names that mean one are told in both places, and none is made up', async (t) => {
  const world = new World(t);
  world.write('a.yaml', tokenYaml('my-key'));
  world.write('b.yaml', tokenYaml('my_key'));
  world.write('c.yaml', tokenYaml('My Key'));
  world.write('d.yaml', tokenYaml('!!!'));
  const { problems, changes } = await world.report('sync');
  const errors = problems.filter((it) => it.severity === 'error');
  t.same(
    errors.map((it) => `${it.file} ${it.code}`),
    [
      'a.yaml MANIFEST_DUPLICATE',
      'b.yaml MANIFEST_DUPLICATE',
      'c.yaml MANIFEST_BAD_NAME',
      'd.yaml MANIFEST_BAD_NAME',
    ],
  );
  t.same(changes, []);
});

t.test('15: an export names secrets and holds none, and applying it destroys none', async (t) => {
  const world = await full(t);
  const out = await text(world, 'export');
  t.notMatch(out, environment.WAREHOUSE_KEY);
  t.match(out, /password: warehouse_key/);
  t.match(out, /apiKey: warehouse_key/);
  t.match(out, /api_key: warehouse_key/);
  t.notMatch(out, /\*\*\*/, 'a mask that could be applied is no value');
  world.write('../export.yaml', out);
  for (const { name } of kinds.all) world.remove(`${name}.yaml`);
  world.write('all.yaml', out);
  t.same((await world.report('sync')).changes, []);
});

t.test(
  '19, 25: applying what is there already writes nothing, and every change has its entry',
  async (t) => {
    const world = await full(t);
    const modified = async () => {
      const all = kinds.all.map(({ name }) => text(world, 'get', name, '-o', 'json'));
      return (await Promise.all(all)).map((it) => JSON.parse(it).items[0].status.modified);
    };
    const before = await modified();
    world.write('Secret.yaml', `# another comment\n${world.read('Secret.yaml')}`);
    t.same((await world.report('sync')).changes, []);
    t.same(await modified(), before);
    const entries = JSON.parse(await text(world, 'history', '-o', 'json')) as {
      kind: string | null;
    }[];
    t.same(
      [...new Set(entries.flatMap((it) => it.kind ?? []))].sort(),
      kinds.all.map((it) => it.name).sort(),
    );
  },
);

t.test('21: the order of lists is kept, a set says a thing once', async (t) => {
  const world = new World(t);
  for (const name of ['z', 'a', 'm']) world.write(`${name}.yaml`, pluginYaml(name));
  const spec = { plugins: ['z', 'a', 'm', 'a'], functions: ['calculator', 'date_calculator'] };
  world.write('c.yaml', clientYaml('c', { deployed: false }, spec));
  await world.run('sync');
  const { plugins, functions } = (await record(world, 'llmclient', 'c')).spec;
  t.same(plugins, ['z', 'a', 'm']);
  t.same(functions, spec.functions);
});

t.test(
  '27, 32: every kind can be read from one file of many documents, and is described',
  async (t) => {
    const world = new World(t, environment);
    world.write('all.yaml', kinds.all.map((it) => it.example).join('---\n'));
    const { exit, changes } = await world.report('sync');
    t.equal(exit, 0);
    t.equal(changes.filter((it) => it.action === 'create').length, kinds.all.length);
    for (const { name } of kinds.all) {
      const { items } = JSON.parse(
        await text(world, 'get', `${name.toLowerCase()}s`, '-o', 'json'),
      );
      const [only] = items;
      t.match(only, { kind: name, status: { accountNumber: 'default', created: String } }, name);
      t.match(only.status.recordLocator, new RegExp(`^${name.toLowerCase()}-r\\w+x$`));
    }
  },
);
