import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { eventually, RunningDaemon } from '../support/daemon.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';
import { faults } from './catalogue.ts';

t.test('every fault of the catalogue has its test', async (t) => {
  t.same(
    faults.map(({ id }) => id),
    Array.from({ length: 42 }, (_, at) => at + 1),
  );
  for (const { id, fault, file, test } of faults) {
    const text = readFileSync(join('test', file), 'utf8').replaceAll(/\s+/g, ' ');
    t.ok(text.includes(test), `F${id} ${fault}: '${test}' is in ${file}`);
  }
});

t.test('a daemon whose disk is full says so and goes on when there is room (F04)', async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_INTERVAL: '200ms' });
  const disk = join(world.folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]).status === 0;
  if (!mounted) {
    t.comment('skipped: a small disk cannot be mounted here');
    return;
  }
  t.teardown(() => spawnSync('umount', ['-l', disk]));
  world.write('first.yaml', clientYaml('first'));
  const daemon = new RunningDaemon(t, world, {
    PLUMBLINE_DATABASE: `sqlite:${join(disk, 'plumbline.db')}`,
  });
  await daemon.ready();
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(64));
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'ballast')}`, 'bs=1k']);
  for (let at = 0; at < 40; at += 1)
    world.write(`${at}.yaml`, clientYaml(`bot_${at}`, { defaultSystemRole: 'x'.repeat(20_000) }));
  await eventually(async () => /no room/.test((await daemon.source()).message), 20_000);
  t.equal((await daemon.ask('/healthz')).status, 200, 'it lives');
  rmSync(join(disk, 'ballast'));
  spawnSync('mount', ['-o', 'remount,size=20m', disk]);
  await eventually(async () => (await daemon.source()).outcome === 'converged', 20_000);
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});

t.test('a byte that flips in a record is found and mended at the next start (F11)', async (t) => {
  const world = new World(t);
  world.write('bot.yaml', clientYaml('bot', { appWelcomeMessage: 'Welcome to the observatory' }));
  t.equal((await world.run('sync')).exit, 0);
  const bytes = readFileSync(world.database);
  // As a record has it: the inventory and the journal hold the same text inside JSON.
  const places = [...placesOf(bytes, 'Welcome to the observatory')];
  const inRow = places.filter((at) => bytes[at - 1] !== 0x22);
  t.ok(inRow.length > 0);
  for (const at of inRow) bytes[at] = 0x77;
  writeFileSync(world.database, bytes);
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  const told = JSON.parse(
    (await world.run('get', 'llmclient', 'bot', '-o', 'json')).out,
  ) as unknown;
  t.match(JSON.stringify(told), /Welcome to the observatory/);
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});

function* placesOf(bytes: Buffer, text: string): Generator<number> {
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) yield at;
}

t.test(
  'a log of the database that is gone or garbage costs at most what was not yet in it (F12)',
  async (t) => {
    for (const garbage of [undefined, Buffer.alloc(40_000, 0x5a)]) {
      const world = new World(t, { PLUMBLINE_SOURCE_INTERVAL: '200ms' });
      world.write('one.yaml', clientYaml('one'));
      t.equal((await world.run('sync')).exit, 0);
      const daemon = new RunningDaemon(t, world);
      await daemon.ready();
      world.write('two.yaml', clientYaml('two'));
      await eventually(async () => (await daemon.source()).lastRun?.summary.create === 1);
      await daemon.stop('SIGKILL');
      const log = `${world.database}-wal`;
      if (garbage === undefined) rmSync(log);
      else writeFileSync(log, garbage);
      rmSync(`${world.database}-shm`, { force: true });
      t.equal((await world.run('sync')).exit, 0, 'the old committed state is taken up');
      t.equal((await world.run('plan')).exit, 0, 'and brought to what is declared');
      t.same(
        (await world.run('get', 'llmclients', '-o', 'name')).out.trim().split('\n').length,
        2,
        'with nothing lost and nothing twice',
      );
    }
  },
);

t.test('one poison among a thousand stops only itself, and costs little time (F28)', async (t) => {
  const run = async (poison: boolean) => {
    const ports = await freshPorts(t);
    const files: Record<string, string> = {};
    for (let at = 0; at < 1000; at += 1) files[`${at}.yaml`] = clientYaml(`bot_${at}`);
    // Taken by two: the database refuses one, and only that one.
    if (poison) files['poison.yaml'] = clientYaml('poison', { subdomain: 'bot-7' });
    const occasion = { trigger: 'command', actor: 'test', settled: [] } as const;
    const start = performance.now();
    const result = await reconcile(ports, targetOf(new FakeSource(files)), occasion, never);
    return { result, took: performance.now() - start };
  };
  const sound = await run(false);
  const poisoned = await run(true);
  t.equal(sound.result.outcome, 'converged');
  const applied = poisoned.result.outcomes.filter((it) => it.outcome === 'applied').length;
  t.ok(applied >= 999, `${applied} applied`);
  t.not(poisoned.result.outcome, 'converged');
  t.ok(poisoned.took < sound.took * 2 + 1000, `${poisoned.took} ms and ${sound.took} ms`);
});
