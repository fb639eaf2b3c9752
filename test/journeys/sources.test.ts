import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plumbline } from '../support/command-line.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

t.test(
  'a deployed client that is renamed and keeps its address changes hands in one sync',
  async (t) => {
    const world = new World(t);
    const client = (name: string) =>
      clientYaml(name, { deployed: true, subdomain: 'help' }, { apiKey: 'key' });
    world.write('key.yaml', tokenYaml('key'));
    world.write('bot.yaml', client('bot'));
    await world.run('sync');
    world.write('bot.yaml', client('newer_bot'));
    const { exit, changes } = await world.report('sync');
    t.equal(exit, 0);
    t.same(
      changes.map((it) => `${it.action} ${it.name} ${it.outcome}`),
      [
        'undeploy bot applied',
        'delete bot applied',
        'create newer_bot applied',
        'deploy newer_bot applied',
      ],
    );
  },
);

t.test(
  'a client waits for the address that another one keeps because its own change waits',
  async (t) => {
    const world = new World(t);
    const bot = clientYaml('bot', { subdomain: 'help' });
    const kept = bot.replace(
      '"version": "1.0.0"',
      '"version": "1.0.0", "annotations": [{ "plumbline.dev/protect": true }]',
    );
    t.not(kept, bot);
    world.write('bot.yaml', kept);
    await world.run('sync');
    world.remove('bot.yaml');
    world.write('newer.yaml', clientYaml('newer', { subdomain: 'help' }));
    const { exit, changes } = await world.report('sync');
    t.equal(exit, 1, 'because the delete is refused');
    t.match(changes, [
      { action: 'blocked', name: 'bot' },
      {
        action: 'create',
        name: 'newer',
        held: true,
        reason: /host label help, which LLMClient bot/,
      },
    ]);
    t.match((await world.report('sync')).changes, [{}, { name: 'newer', held: true }]);
    world.write('newer.yaml', clientYaml('newer', { subdomain: 'elsewhere' }));
    t.match((await world.report('sync')).changes, [
      { action: 'create', name: 'newer', outcome: 'applied' },
    ]);
  },
);

t.test('two clients can exchange their addresses', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha', { subdomain: 'one' }));
  world.write('b.yaml', clientYaml('beta', { subdomain: 'two' }));
  await world.run('sync');
  world.write('a.yaml', clientYaml('alpha', { subdomain: 'two' }));
  world.write('b.yaml', clientYaml('beta', { subdomain: 'one' }));
  const { exit, changes } = await world.report('sync');
  t.equal(exit, 0);
  t.same(
    changes.map((it) => it.outcome),
    ['applied', 'applied'],
  );
  t.equal((await world.run('plan')).exit, 0);
});

/** A world with two sources, `a` and `b`, each a folder. */
function twoSources(t: Test) {
  const world = new World(t, {
    PLUMBLINE_SOURCE: '',
    PLUMBLINE_SOURCE_NAME: '',
    PLUMBLINE_SOURCE_PRUNE: '',
  });
  for (const name of ['a', 'b']) mkdirSync(join(world.folder, name));
  writeFileSync(
    join(world.folder, 'two.yaml'),
    `http: { listen: "127.0.0.1:0" }
sources:
  - { name: a, directory: a, prune: true, interval: 200ms }
  - { name: b, directory: b, prune: true, interval: 200ms }
`,
  );
  const write = (name: string, text: string) => writeFileSync(join(world.folder, name), text);
  const run = (...words: string[]) => world.run(...words, '--config', 'two.yaml');
  return { world, write, run };
}

t.test(
  'a source that waits for what another one brings goes on as soon as it is there',
  async (t) => {
    const { world, write, run } = twoSources(t);
    write('a/other.yaml', pluginYaml('other'));
    write('b/bot.yaml', clientYaml('bot', {}, { plugins: ['returns'] }));
    const stop = new AbortController();
    const daemon = plumbline(['run', '--config', 'two.yaml'], {
      folder: world.folder,
      environment: world.environment,
      signal: stop.signal,
    });
    const outcome = async (name: string) => {
      const { sources = [] } = JSON.parse((await run('status', '-o', 'json')).out || '{}');
      return sources.find((it: { name: string }) => it.name === name)?.outcome;
    };
    await until(async () => (await outcome('b')) === 'stalled', 20_000);
    write('a/returns.yaml', pluginYaml('returns'));
    await until(async () => (await outcome('b')) === 'converged', 20_000);
    t.equal((await run('get', 'llmclient', '-o', 'name')).out, 'llmclient/bot\n');
    stop.abort();
    t.equal((await daemon).exit, 0);
  },
);

t.test('committers of a source that may declare little cannot declare more', async (t) => {
  const cases = [
    {
      name: 'a kind',
      allow: 'kinds: [client]',
      file: pluginYaml('support_faq'),
      says: /LLMClient only/,
    },
    {
      name: 'a name',
      allow: 'names: support_',
      file: clientYaml('sales_bot'),
      says: /begin with support_/,
    },
    {
      name: 'no kind at all',
      allow: 'kinds: []',
      file: clientYaml('support_b'),
      says: /nothing only/,
    },
  ];
  for (const { name, allow, file, says } of cases) {
    const { world, write, run } = twoSources(t);
    write('b/fine.yaml', clientYaml('support_bot'));
    t.equal((await run('sync')).exit, 0, `${name}: before`);
    const text = `sources: [{ name: b, directory: b, prune: true, allow: { ${allow} } }]\n`;
    write('allow.yaml', text);
    write('b/more.yaml', file);
    const { exit, err, out } = await world.run('sync', '--config', 'allow.yaml', '-o', 'json');
    t.equal(exit, 1, `${name}: ${err}`);
    t.match(out, /"code": "MANIFEST_NOT_ALLOWED"/, name);
    t.match(out, says, name);
    const { out: left } = await world.run('get', 'client', '-o', 'name', '--config', 'allow.yaml');
    t.equal(left, 'llmclient/support_bot\n', `${name}: what was there stays, nothing is added`);
  }
  const { world, write } = twoSources(t);
  write('typo.yaml', 'sources: [{ name: b, directory: b, allow: { kinds: [LLMClinet] } }]\n');
  const { exit, err } = await world.run('plan', '--config', 'typo.yaml');
  t.equal(exit, 1);
  t.match(err, /there is no kind LLMClinet/);
});

t.test('sources of two teams keep records of equal names in accounts of their own', async (t) => {
  const { world, write } = twoSources(t);
  const sources = ['a', 'b'].map((it) => `{ name: ${it}, directory: ${it}, account: team_${it} }`);
  write('teams.yaml', `sources: [${sources.join(', ')}]\n`);
  const run = (...words: string[]) => world.run(...words, '--config', 'teams.yaml');
  for (const team of ['a', 'b']) {
    write(`${team}/returns.yaml`, pluginYaml('returns', { team }));
    write(`${team}/bot.yaml`, clientYaml('bot', { appName: team }, { plugins: ['returns'] }));
  }
  t.equal((await run('sync')).exit, 0);
  for (const team of ['a', 'b']) {
    const { out } = await run('describe', 'client', 'bot', '--account', `team_${team}`);
    t.match(out, new RegExp(`appName: ${team}\\n`));
  }
  const again = await run('sync', '-o', 'json');
  t.notMatch(again.out, /"action"/, 'and each is as declared');
  t.equal((await run('drift')).exit, 0);
});

t.test('two sources that declare one resource are both told, and neither takes it', async (t) => {
  const { write, run } = twoSources(t);
  write('a/bot.yaml', clientYaml('bot', { appName: 'From a' }));
  write('b/other.yaml', clientYaml('other'));
  t.equal((await run('sync')).exit, 0);
  write('b/bot.yaml', clientYaml('bot', { appName: 'From b' }));
  const both = await run('sync', '-o', 'json');
  t.equal(both.exit, 1);
  t.match(both.out, /MANIFEST_CONFLICT/);
  t.match((await run('describe', 'llmclient', 'bot')).out, /appName: From a/);
});
