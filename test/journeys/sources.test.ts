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
