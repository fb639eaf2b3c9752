import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Command, eventually, RunningDaemon } from '../support/daemon.ts';
import { GitRepository } from '../support/git-repository.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, World } from '../support/world.ts';
import { count } from './figures.ts';

/* Faults that take long or much of a machine: `npm run test:faults` has them, `npm test` does not. */

const wanted = process.env['TEST_LONG'] === 'yes';
const skip = wanted ? false : 'npm run test:faults has time for it';

t.test('a huge repository is synced, and polled in no time (F18)', { skip }, async (t) => {
  const holder = new World(t);
  const repository = new GitRepository(join(holder.folder, 'repo.git'));
  const files: Record<string, string> = {};
  for (let at = 0; at < 5000; at += 1) files[`clients/${at}.yaml`] = clientYaml(`bot_${at}`);
  for (let at = 0; at < 50_000; at += 1) files[`other/${at % 100}/${at}.txt`] = `${at}\n`;
  repository.commit(files);
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
  });
  const first = new Command(t, world, ['sync']);
  t.equal(await first.ended(), 0);
  const took = performance.now() - first.startedAt;
  t.ok(took < 20_000, `the first sync took ${Math.round(took)} ms`);
  const daemon = new RunningDaemon(t, world, { PLUMBLINE_SOURCE_INTERVAL: '1s' });
  await daemon.ready();
  await eventually(async () => (await daemon.source()).lastRun?.trigger === 'interval', 20_000);
  const { lastRun } = await daemon.source();
  t.ok((lastRun?.milliseconds ?? 1e9) < 300, `a poll took ${lastRun?.milliseconds} ms`);
  const resident = residentOf(daemon.process.pid as number);
  t.ok(resident < 256, `${resident} MiB`);
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});

t.test(
  'a daemon of 5,000 records is ready two seconds after it was killed',
  { skip },
  async (t) => {
    const world = new World(t);
    for (let at = 0; at < 5000; at += 1) world.write(`${at}.yaml`, clientYaml(`bot_${at}`));
    t.equal(await new Command(t, world, ['sync']).ended(), 0);
    const killed = new RunningDaemon(t, world);
    await killed.ready();
    killed.process.kill('SIGKILL');
    t.equal(await killed.ended(), 'SIGKILL');
    const again = new RunningDaemon(t, world);
    await again.ready();
    const took = Math.round(performance.now() - again.startedAt);
    t.ok(took <= 2000, `ready after ${took} ms`);
    t.equal((await again.stop('SIGTERM')).exit, 0);
  },
);

t.test('of a hundred daemons that are told to stop, every one does', { skip }, async (t) => {
  const world = new World(t);
  for (let at = 0; at < 50; at += 1) world.write(`${at}.yaml`, clientYaml(`bot_${at}`));
  let slowest = 0;
  for (let round = 0; round < 100; round += 1) {
    world.write('moves.yaml', pluginYaml('moves', { topic: `round ${round}` }));
    const daemon = new RunningDaemon(t, world);
    await daemon.address();
    // From before its first run is over to well after it.
    await delay(round * 5);
    const { exit, within } = await daemon.stop('SIGTERM');
    const sound = t.equal(exit, 0, `round ${round}: ${daemon.log.at(-1)}`);
    count('SIGTERM to a daemon', !sound || within > 5000);
    slowest = Math.max(slowest, within);
  }
  t.ok(slowest <= 5000, `the slowest took ${Math.round(slowest)} ms`);
  t.equal((await world.run('sync')).exit, 0, 'and the next command finds all in order');
});

/** Resident memory of a process in MiB, at most so far. */
function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

t.test('the event loop goes on while thousands of files are read (F34)', { skip }, async (t) => {
  const ports = await freshPorts(t);
  const files: Record<string, string> = {};
  for (let at = 0; at < 5000; at += 1) files[`${at}.yaml`] = clientYaml(`bot_${at}`);
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const occasion = { trigger: 'command', actor: 'test', settled: [] } as const;
  const result = await reconcile(ports, targetOf(new FakeSource(files)), occasion, never);
  loop.disable();
  t.equal(result.outcome, 'converged');
  const worst = Math.round(loop.percentile(99.9) / 1e6);
  t.ok(worst <= 200, `p99.9 is ${worst} ms`);
});

t.test(
  'a burst of changes is caught up with, whatever events are lost (F26)',
  { skip },
  async (t) => {
    const world = new World(t, { PLUMBLINE_SOURCE_INTERVAL: '1s' });
    for (let at = 0; at < 200; at += 1) world.write(`${at}.yaml`, pluginYaml(`p${at}`));
    const daemon = new RunningDaemon(t, world);
    await daemon.ready();
    for (let round = 0; round < 100; round += 1)
      for (let at = 0; at < 200; at += 1)
        writeFileSync(world.path(`${at}.yaml`), pluginYaml(`p${at}`, { topic: `round ${round}` }));
    await eventually(async () => (await world.run('plan')).exit === 0, 60_000);
    t.equal((await daemon.stop('SIGTERM')).exit, 0);
  },
);

t.test('few file descriptors are enough, or are told plainly (F37)', { skip }, async (t) => {
  const world = new World(t);
  for (let at = 0; at < 300; at += 1) world.write(`${at}/${at}.yaml`, pluginYaml(`p${at}`));
  const words = ['--nofile=64', process.execPath, 'dist/src/main.cjs', 'sync'];
  const { status, stderr } = spawnSync('prlimit', words, {
    env: { ...process.env, ...world.environment },
  });
  if (status !== 0) t.match(stderr.toString(), /hint|EMFILE|open files/);
  t.equal((await world.run('sync')).exit, 0);
});

t.test('little memory is enough for a thousand manifests (F38)', { skip }, async (t) => {
  const group = `/sys/fs/cgroup/memory/plumbline-test-${process.pid}`;
  try {
    mkdirSync(group);
    t.teardown(() => rmSync(group, { recursive: true, force: true }));
    writeFileSync(join(group, 'memory.limit_in_bytes'), String(128 * 1024 * 1024));
  } catch {
    t.comment('skipped: no memory group can be made here');
    return;
  }
  const world = new World(t);
  for (let at = 0; at < 1000; at += 1) world.write(`${at}.yaml`, clientYaml(`bot_${at}`));
  const sync = new Command(t, world, ['sync']);
  appendFileSync(join(group, 'cgroup.procs'), String(sync.process.pid));
  t.equal(await sync.ended(), 0, sync.log.join('\n'));
});

t.test('a daemon whose log is not read goes on (F36)', { skip }, async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_INTERVAL: '100ms' });
  world.write('bot.yaml', clientYaml('bot'));
  const daemon = new RunningDaemon(t, world, { PLUMBLINE_LOG_LEVEL: 'debug' });
  await daemon.ready();
  daemon.process.stderr?.pause();
  for (let at = 0; at < 50; at += 1)
    world.write(`broken-${at}.yaml`, `apiVersion: smarter.sh/v1\nkind: "${'x'.repeat(3000)}\n`);
  world.write('late.yaml', clientYaml('late'));
  await eventually(async () => (await world.run('get', 'llmclient', 'late')).exit === 0, 20_000);
  daemon.process.stderr?.resume();
  t.equal((await daemon.stop('SIGTERM')).exit, 0);
});
