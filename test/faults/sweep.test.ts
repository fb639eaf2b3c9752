import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, t } from '../support/tap.ts';
import { amount } from './amount.ts';
import { faultsAfter, faultsAtTheEnd } from './check.ts';
import { count } from './figures.ts';
import { Ground, type Scenario } from './ground.ts';
import { standingOf } from './standing.ts';
import { effectsFile } from './subject.ts';
import { Subject } from './subject-process.ts';

/*
 * The same without knowing the code: the process is killed, or told by the kernel that the disk fails
 * or is full, at its n-th call that writes. strace counts calls by thread, so the pool has one.
 */

const calls = ['pwrite64', 'fdatasync', 'fsync', 'ftruncate', 'unlink', 'rename'].join();
const points = amount('points', 4);

const able = spawnSync('strace', ['-f', '-qq', '--seccomp-bpf', '-e', 'trace=none', 'true']);
const why = able.status === 0 ? undefined : 'strace cannot trace here';

if (why !== undefined)
  t.test('the sweep over write calls (F02, F06)', { skip: why }, () => undefined);
else await sweep();

async function sweep(): Promise<void> {
  const ground = new Ground({ UV_THREADPOOL_SIZE: '1' });
  t.teardown(() => ground.remove());
  const [first, change] = (await ground.prepare()) as [Scenario, Scenario];
  t.test('what an endpoint is told is on the disk before it is told', (t) =>
    orderOfWrites(t, ground, change),
  );
  const faults = [
    {
      title: 'killed at any call that writes, it loses nothing (F02)',
      inject: 'signal=SIGKILL',
      from: '',
    },
    { title: 'a disk that fails once loses nothing (F06)', inject: 'error=EIO', from: '' },
    {
      title: 'a disk that is full from some call on loses nothing (F06)',
      inject: 'error=ENOSPC',
      from: '+',
    },
  ];
  for (const { title, inject, from } of faults)
    t.test(title, async (t) => {
      const share = Math.max(1, Math.ceil(points / 4));
      for (const scenario of points > 4 ? [change, first] : [change]) {
        const most = await callsOf(ground, scenario);
        for (let at = 0; at < share && at < most; at += 1) {
          const nth =
            1 + Math.floor((at * most) / Math.min(share, most) + (share === 1 ? most / 2 : 0));
          await strike(t, ground, scenario, `inject=${calls}:${inject}:when=${nth}${from}`);
        }
      }
    });
}

/**
 * The order of a run's writes, from its calls: every time the endpoint is told something, nothing that
 * was written to the log of the database may still be waiting for its flush.
 */
async function orderOfWrites(t: Test, ground: Ground, scenario: Scenario): Promise<void> {
  const folder = ground.copy(scenario.template);
  const log = join(folder, 'calls');
  const trace = 'trace=openat,pwrite64,fdatasync,fsync';
  const wrapper = [...tracer(log, trace), '--decode-fds=path'];
  await new Subject(ground, folder, ['converge'], '', wrapper).ended();
  let unflushed = 0;
  let told = 0;
  let flushes = 0;
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    if (line.includes(effectsFile) && line.includes('openat(')) {
      told += 1;
      t.equal(unflushed, 0, `effect ${told} is told after ${flushes} flushes`);
    } else if (!line.includes('plumbline.db-wal>')) continue;
    else if (line.includes('pwrite64(')) unflushed += 1;
    else if (/f(?:data)?sync\(/.test(line)) {
      unflushed = 0;
      flushes += 1;
    }
  }
  t.equal(told, scenario.wanted.effects.length - scenario.old.effects.length);
  t.ok(told > 0, 'there are some');
  ground.drop(folder);
}

/** Calls of the busiest thread of a run without a fault. */
async function callsOf(ground: Ground, scenario: Scenario): Promise<number> {
  const folder = ground.copy(scenario.template);
  const log = join(folder, 'calls');
  const subject = new Subject(ground, folder, ['converge'], '', tracer(log, `trace=${calls}`));
  await subject.ended();
  const counts = new Map<string, number>();
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [thread = ''] = line.split(' ');
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  ground.drop(folder);
  return Math.max(...counts.values());
}

function tracer(log: string, expression: string): string[] {
  return ['strace', '-f', '-qq', '--seccomp-bpf', '-o', log, '-e', expression];
}

async function strike(t: Test, ground: Ground, scenario: Scenario, inject: string): Promise<void> {
  const folder = ground.copy(scenario.template);
  const wrapper = [...tracer('/dev/null', `trace=${calls}`), '-e', inject];
  const subject = new Subject(ground, folder, ['converge'], '', wrapper);
  await subject.ended();
  const faults = await faultsAfter(folder, scenario);
  if (subject.err.includes('team is converged')) {
    const { records } = await standingOf(folder);
    for (const [key, record] of scenario.wanted.records)
      if (records.get(key) !== record) faults.push(`${key} was reported and is not there`);
  }
  faults.push(...(await faultsAtTheEnd(ground, folder, scenario)));
  t.same(faults, [], `${scenario.title}, ${inject}`);
  count(inject.split(':')[1] === 'signal=SIGKILL' ? 'kill -9' : 'I/O error', faults.length > 0);
  ground.drop(folder);
}
