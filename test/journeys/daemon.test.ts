import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, closeHandle, openHandle } from '../../src/store/driver.ts';
import { Command, eventually, RunningDaemon } from '../support/daemon.ts';
import { GitRepository } from '../support/git-repository.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, World } from '../support/world.ts';

/** Rows of a statement, read beside the daemon. */
async function rows<T>(world: World, sql: string): Promise<T[]> {
  const handle = await openHandle(world.database, 'read');
  try {
    await ask(handle, 'PRAGMA busy_timeout = 2000');
    return await ask<T>(handle, sql);
  } finally {
    await closeHandle(handle);
  }
}

async function modelOf(world: World, name: string): Promise<string | undefined> {
  const sql = `SELECT default_model AS model FROM llm_client WHERE name = '${name}'`;
  return (await rows<{ model: string }>(world, sql))[0]?.model;
}

/** Milliseconds until a client has a model. */
async function convergedOn(world: World, name: string, model: string): Promise<number> {
  const start = performance.now();
  await eventually(async () => (await modelOf(world, name)) === model);
  return performance.now() - start;
}

const model = (name: string, defaultModel: string) => clientYaml(name, { defaultModel });
const broken = 'apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n  name: "broken\n';

t.test('the daemon keeps the records true to a folder until it is told to stop', async (t) => {
  const world = new World(t);
  cpSync('manifests-example', world.path(''), { recursive: true });
  const daemon = new RunningDaemon(t, world);

  await t.test(
    'it is ready once every example is a record, deployed where it says so',
    async (t) => {
      const answers = await daemon.ready();
      t.same(
        [...new Set(answers.slice(0, -1))].filter((it) => it !== 503),
        [],
      );
      t.equal((await daemon.ask('/healthz')).status, 200);
      t.match(await daemon.source(), { outcome: 'converged', ready: true, lastRun: { errors: 0 } });
      const found = await rows<{ name: string; deployed: number }>(
        world,
        'SELECT name, deployed FROM llm_client ORDER BY name',
      );
      t.same(
        found.map(({ name, deployed }) => `${name} ${deployed === 1}`),
        ['ride_advisor false', 'shop_guide true', 'support_desk true', 'workshop_planner false'],
      );
      const [count] = await rows<{ plugins: number; tokens: number }>(
        world,
        'SELECT (SELECT count(*) FROM plugin_meta) AS plugins, (SELECT count(*) FROM smarter_auth_token) AS tokens',
      );
      t.same(count, { plugins: 3, tokens: 1 });
    },
  );

  await t.test('an edit converges within two seconds', async (t) => {
    world.write('clients/edited.yaml', model('edited', 'gpt-4o-mini'));
    t.ok((await convergedOn(world, 'edited', 'gpt-4o-mini')) < 2000);
    world.write('clients/edited.yaml', model('edited', 'gpt-4.1'));
    const within = await convergedOn(world, 'edited', 'gpt-4.1');
    t.ok(within < 2000, `${within} ms`);
  });

  await t.test(
    'a file with a mistake leaves the others converging, and converges once mended',
    async (t) => {
      world.write('clients/broken.yaml', broken);
      world.write('clients/edited.yaml', model('edited', 'gpt-5'));
      t.ok((await convergedOn(world, 'edited', 'gpt-5')) < 2000);
      await eventually(async () => (await daemon.source()).outcome === 'stalled');
      const line = await eventually(() => daemon.log.find((it) => it.includes('MANIFEST_SYNTAX')));
      t.match(JSON.parse(line), { level: 'error', file: 'clients/broken.yaml', line: 4 });
      world.write('clients/broken.yaml', model('broken', 'gpt-4.1'));
      t.ok((await convergedOn(world, 'broken', 'gpt-4.1')) < 2000);
      await eventually(async () => (await daemon.source()).outcome === 'converged');
    },
  );

  await t.test('a signal makes it look again', async (t) => {
    daemon.process.kill('SIGHUP');
    await eventually(async () => (await daemon.source()).lastRun?.trigger === 'signal');
    t.equal((await daemon.source()).outcome, 'converged');
  });

  await t.test(
    'nobody else converges the same database, and everybody may look and write',
    async (t) => {
      // How long any command needs on a machine that may be busy.
      const look = new Command(t, world, ['get', 'llmclients', '--log-level', 'error']);
      t.equal(await look.ended(), 0);
      const allowance = 2000 + (performance.now() - look.startedAt);
      const refused = ['run', 'sync'].map(async (word) => {
        const other = new Command(t, world, [word], { PLUMBLINE_HTTP_LISTEN: '127.0.0.1:0' });
        t.equal(await other.ended(), 1, word);
        const within = performance.now() - other.startedAt;
        t.ok(within < allowance, `${word}: ${within} ms`);
        const said = other.log.join('\n');
        t.match(said, /STORE_LEASED/);
        t.ok(said.includes(`process ${daemon.process.pid}`), said);
      });
      await Promise.all(refused);
      t.equal((await world.run('get', 'llmclient', 'edited', '-o', 'name')).exit, 0);
      t.equal((await world.run('plan')).exit, 0);
      world.write('../by-hand.yaml', model('by_hand', 'gpt-4.1'));
      t.equal((await world.run('apply', '-f', 'by-hand.yaml')).exit, 0);
      t.equal(await modelOf(world, 'by_hand'), 'gpt-4.1');
    },
  );

  await t.test('told to stop, it ends in order and at once', async (t) => {
    const { exit, within } = await daemon.stop('SIGTERM');
    t.equal(exit, 0);
    t.ok(within < 5000, `${within} ms`);
    t.equal((await world.run('plan')).exit, 0);
  });
});

t.test('on a readable log a mistake is told with the lines around it', async (t) => {
  const world = new World(t);
  world.write('good.yaml', clientYaml('good'));
  const daemon = new RunningDaemon(t, world, { PLUMBLINE_LOG_FORMAT: 'pretty' });
  await daemon.ready();
  world.write('broken.yaml', broken);
  await eventually(() => daemon.out.includes('broken.yaml:4'));
  const told = daemon.out.slice(daemon.out.indexOf('broken.yaml:4'));
  t.match(told, /4 \| {3}name: "broken/);
  t.match(told, /\^/);
  t.equal((await daemon.stop('SIGINT')).exit, 0);
});

t.test('commits and requests converge a Git source', async (t) => {
  const holder = new World(t);
  const repository = new GitRepository(join(holder.folder, 'repo.git'));
  repository.commit({ 'bot.yaml': model('bot', 'gpt-4o-mini') });
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
    PLUMBLINE_SOURCE_INTERVAL: '200ms',
  });
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  const id = repository.commit({ 'bot.yaml': model('bot', 'gpt-4.1') });
  await convergedOn(world, 'bot', 'gpt-4.1');
  await eventually(async () => (await daemon.source()).revision === `main@sha1:${id}`);

  const { status, body } = await daemon.ask('/api/v1/sources/team/sync', 'POST');
  t.equal(status, 202);
  await eventually(async () => (await daemon.source()).requests.includes(String(body['request'])));
  t.equal((await daemon.ask('/api/v1/sources/nobody/sync', 'POST')).status, 404);
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});

t.test('polls that find nothing leave log and database as they are', async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_INTERVAL: '100ms' });
  world.write('good.yaml', clientYaml('good'));
  world.write('broken.yaml', broken);
  const daemon = new RunningDaemon(t, world, { PLUMBLINE_LOG_LEVEL: 'debug' });
  await daemon.ready();
  const polled = () =>
    daemon.log.filter((it) => it.includes('"level":"debug"') && it.includes('"run":')).length;
  const bytes = () => [
    createHash('sha256').update(readFileSync(world.database)).digest('hex'),
    statSync(`${world.database}-wal`).size,
    createHash('sha256')
      .update(readFileSync(`${world.database}-wal`))
      .digest('hex'),
  ];
  for (const outcome of ['stalled', 'converged']) {
    await t.test(`while it is ${outcome}`, async (t) => {
      if (outcome === 'converged') world.write('broken.yaml', clientYaml('mended'));
      await eventually(async () => (await daemon.source()).outcome === outcome);
      // What the run before has written is taken over from the log a moment later.
      const changed = (suffix: string) => statSync(`${world.database}${suffix}`).mtimeMs;
      await eventually(() => changed('') > changed('-wal'));
      const start = polled();
      await eventually(() => polled() > start);
      const from = daemon.log.length;
      const before = bytes();
      const count = polled();
      await eventually(() => polled() >= count + 5);
      t.same(
        daemon.log.slice(from).filter((it) => !it.includes('"level":"debug"')),
        [],
      );
      t.same(bytes(), before);
    });
  }
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});

t.test(
  'sources that are away at the start keep it up and unready, and it recovers by itself',
  async (t) => {
    const holder = new World(t);
    const path = (name: string) => join(holder.folder, name);
    writeFileSync(
      path('plumbline.yaml'),
      JSON.stringify({
        sources: [
          { name: 'here', directory: path('manifests') },
          { name: 'folder', directory: path('away') },
          {
            name: 'repository',
            git: { url: `file://${path('repo.git')}`, allowFile: true },
            interval: '200ms',
          },
        ],
      }),
    );
    const world = new World(t, {
      PLUMBLINE_CONFIG: path('plumbline.yaml'),
      PLUMBLINE_SOURCE: '',
      PLUMBLINE_SOURCE_NAME: '',
      PLUMBLINE_SOURCE_PRUNE: '',
    });
    holder.write('good.yaml', clientYaml('good'));
    const daemon = new RunningDaemon(t, world);
    await eventually(async () => (await daemon.source('here')).outcome === 'converged');
    for (const name of ['folder', 'repository'])
      await eventually(async () => (await daemon.source(name)).outcome === 'retrying');
    t.equal((await daemon.ask('/healthz')).status, 200);
    const waiting = await daemon.ask('/readyz');
    t.equal(waiting.status, 503);
    t.match(waiting.body['waiting'], [
      { source: 'folder', outcome: 'retrying', message: /does not exist/ },
      { source: 'repository', outcome: 'retrying', message: /repository/ },
    ]);

    mkdirSync(path('coming'));
    writeFileSync(path('coming/late.yaml'), clientYaml('late'));
    renameSync(path('coming'), path('away'));
    new GitRepository(path('new.git')).commit({ 'later.yaml': clientYaml('later') });
    renameSync(path('new.git'), path('repo.git'));
    await daemon.ready();
    t.same(await rows(world, 'SELECT name FROM llm_client ORDER BY name'), [
      { name: 'good' },
      { name: 'late' },
      { name: 'later' },
    ]);
    t.equal((await daemon.stop('SIGTERM')).exit, 0);
  },
);

t.test('stopped or killed in the midst of a large run, it leaves nothing half done', async (t) => {
  const world = new World(t);
  const total = 5000;
  for (let file = 0; file < 100; file += 1) {
    const documents = Array.from({ length: total / 100 }, (_, at) => {
      const name = `thing_${file}_${at}`;
      if (at < 5) return pluginYaml(name);
      return clientYaml(name, {}, { plugins: [`thing_${file}_${at % 5}`] });
    });
    world.write(`set-${file}.yaml`, documents.join('---\n'));
  }
  const count = async () => {
    const sql =
      'SELECT (SELECT count(*) FROM llm_client) + (SELECT count(*) FROM plugin_meta) AS n';
    // Before the first migration there is no table to count in.
    const [found] = await rows<{ n: number }>(world, sql).catch(() => []);
    return found?.n ?? 0;
  };
  const sound = async (t: { same: (a: unknown, b: unknown) => boolean }) => {
    t.same(await rows(world, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    t.same(await rows(world, 'PRAGMA foreign_key_check'), []);
    const [owned] = await rows<{ n: number }>(world, 'SELECT count(*) AS n FROM inventory');
    t.same(owned?.n, await count());
  };

  const first = new RunningDaemon(t, world);
  await eventually(async () => (await count()) > 0, 20_000);
  const { exit, within } = await first.stop('SIGTERM');
  t.equal(exit, 0);
  t.ok(within < 5000, `${within} ms`);
  const stopped = await count();
  t.ok(stopped < total, `stopped at ${stopped}`);
  await sound(t);

  const second = new RunningDaemon(t, world);
  await eventually(async () => (await count()) > stopped, 20_000);
  await second.stop('SIGKILL');
  const killed = await count();
  t.comment(`stopped at ${stopped}, killed at ${killed}`);

  const third = new RunningDaemon(t, world);
  await third.address();
  const taken = performance.now() - third.startedAt;
  t.ok(taken < 2000, `the lease is taken over at once: ${taken} ms`);
  await third.ready();
  t.match(await third.source(), {
    outcome: 'converged',
    lastRun: { summary: { create: total - killed } },
  });
  t.equal((await third.stop('SIGTERM')).exit, 0);
  await sound(t);
  t.equal(await count(), total);
  t.equal((await world.run('plan')).exit, 0);
});
