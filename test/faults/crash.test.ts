import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { armFailpoint, type Failpoint, failpoints } from '../../src/lib/failpoint.ts';
import { eventually } from '../support/daemon.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml } from '../support/world.ts';
import { amount } from './amount.ts';
import { exportFaultsAfter, faultsAfter, faultsAtTheEnd } from './check.ts';
import { count } from './figures.ts';
import { Ground, type Scenario } from './ground.ts';
import { standingOf } from './standing.ts';
import { Subject } from './subject-process.ts';

/*
 * Killed, broken, stopped or paused at every step of a run, no record is half applied, lost or
 * duplicated. `npm test` has each step once; `npm run test:faults -- --rounds 20` counts on through
 * the passes of a step: its first, its second, and so on until it is not passed any more.
 */

const rounds = amount('rounds', 1);

const ground = new Ground();
t.teardown(() => ground.remove());
const [first, change] = (await ground.prepare()) as [Scenario, Scenario];

/** What has to be done for a step to be passed, where it is not passed by a change being synced. */
const others: Readonly<
  Partial<Record<Failpoint, 'first sync' | 'export' | 'shutdown' | 'rekey' | 'trimming'>>
> = {
  'migrate.before-commit': 'first sync',
  'migrate.after-commit': 'first sync',
  'mirror.moved-away': 'first sync',
  'mirror.replaced': 'first sync',
  'export.draft-written': 'export',
  'export.file-renamed': 'export',
  'rekey.key-written': 'rekey',
  'rekey.sealed': 'rekey',
  'shutdown.begin': 'shutdown',
  // test/reconcile/retention.test.ts
  'journal.trimmed': 'trimming',
};

const synced = failpoints.filter((it) => (others[it] ?? 'first sync') === 'first sync');

function scenarioOf(point: Failpoint): Scenario {
  return others[point] === 'first sync' ? first : change;
}

/** Tries the passes of a step in turn; `strike` says whether that pass was ever reached. */
async function counting(
  point: Failpoint,
  strike: (text: string, nth: number) => Promise<boolean>,
): Promise<number> {
  let nth = 1;
  let struck = 0;
  for (let round = 0; round < rounds; round += 1) {
    if (await strike(point, nth)) {
      struck += 1;
      nth += 1;
    } else if (nth === 1) return struck;
    else nth = 1;
  }
  return struck;
}

/** Checks a broken folder, mends it, checks it again, and puts it away. */
async function prove(
  t: Test,
  folder: string,
  scenario: Scenario,
  what: string,
  kind: string,
): Promise<void> {
  const faults = await faultsAfter(folder, scenario);
  faults.push(...(await faultsAtTheEnd(ground, folder, scenario)));
  t.same(faults, [], what);
  count(kind, faults.length > 0);
  ground.drop(folder);
}

t.test('standing still at any step, then killed, it leaves nothing half done (F01)', async (t) => {
  for (const [at, point] of synced.entries()) {
    const scenario = scenarioOf(point);
    const folder = ground.copy(scenario.template);
    const subject = new Subject(ground, folder, ['converge'], `${point}=hang`);
    await subject.hangs();
    const holds = point !== 'config.read' && point !== 'store.closed';
    // Another process waits a second before it gives up, so not every step is tried.
    if (holds && at % 8 === 1)
      await t.rejects(ground.pass(folder), { code: 'STORE_LEASED' }, `${point}: the lease is held`);
    subject.kill('SIGKILL');
    t.equal(await subject.ended(), 'SIGKILL');
    await prove(t, folder, scenario, `${point}, hanging`, 'kill -9');
  }
});

t.test('killing itself at any pass of any step, it leaves nothing half done (F01)', async (t) => {
  for (const point of synced.filter((_, at) => rounds > 1 || at % 5 === 0)) {
    const scenario = scenarioOf(point);
    const struck = await counting(point, async (_, nth) => {
      const folder = ground.copy(scenario.template);
      const subject = new Subject(ground, folder, ['converge'], `${point}=kill@${nth}`);
      const dead = (await subject.ended()) === 'SIGKILL';
      await prove(t, folder, scenario, `${point}, pass ${nth}`, dead ? 'kill -9' : 'no fault');
      return dead;
    });
    t.ok(struck > 0, `${point} is passed`);
  }
});

t.test(
  'a change by hand that is killed is there whole or not at all, and is made once when repeated',
  async (t) => {
    const prepared = ground.copy(change.template);
    const byHand = {
      by_hand: pluginYaml('by_hand'),
      tells: clientYaml('tells', {}, { plugins: ['by_hand'] }),
    };
    writeFileSync(join(prepared, 'by-hand.yaml'), Object.values(byHand).join('---\n'));
    const words = ['apply', '-f', 'by-hand.yaml'];
    const old = await standingOf(prepared);
    const unharmed = ground.copy(prepared);
    t.equal(await new Subject(ground, unharmed, words).ended(), 0);
    const wanted = await standingOf(unharmed);
    t.equal(wanted.records.size, old.records.size + 2);
    const steps = synced.filter((it) => /^(?:transaction|execute|rows|store|lease)\./.test(it));
    for (const point of steps.filter((_, at) => rounds > 1 || at % 3 === 0))
      await counting(point, async (_, nth) => {
        const folder = ground.copy(prepared);
        const subject = new Subject(ground, folder, words, `${point}=kill@${nth}`);
        const dead = (await subject.ended()) === 'SIGKILL';
        const left = await standingOf(folder);
        const whole = left.records.size === old.records.size ? old : wanted;
        const first = t.same(left, whole, `${point}, pass ${nth}: all of it or nothing`);
        t.equal(await new Subject(ground, folder, words).ended(), 0);
        const then = t.same(await standingOf(folder), wanted, `${point}, pass ${nth}, repeated`);
        count(dead ? 'kill -9' : 'no fault', !(first && then));
        ground.drop(folder);
        return dead;
      });
  },
);

t.test('a step that throws is rolled back, and the next run does it (F03, F35)', async (t) => {
  // A process that cannot even close its database has to end; in this one it would keep its lock.
  const inOneProcess = synced.filter((it) => !it.startsWith('store.'));
  for (const point of inOneProcess) {
    const scenario = scenarioOf(point);
    await counting(point, async (_, nth) => {
      const folder = ground.copy(scenario.template);
      armFailpoint(`${point}=throw@${nth}`);
      const result = await ground.pass(folder).catch(() => undefined);
      armFailpoint(undefined);
      await prove(t, folder, scenario, `${point}, pass ${nth}`, 'throw');
      return result?.outcome !== 'converged';
    });
  }
});

t.test(
  'told to stop at any step, it ends in order and leaves nothing half done (F27)',
  async (t) => {
    const quick = synced.filter((_, at) => rounds > 1 || at % 6 === 0);
    for (const point of quick) {
      const scenario = scenarioOf(point);
      const folder = ground.copy(scenario.template);
      const subject = new Subject(ground, folder, ['converge'], `${point}=stop`);
      const ended = await subject.ended();
      t.ok(ended === 0 || ended === 'SIGTERM', `${point}: it ended with ${ended}`);
      t.ok(subject.lasted < 5000, `${point}: within 5 s`);
      await prove(t, folder, scenario, `${point}, stopped`, 'SIGTERM');
    }
  },
);

t.test(
  'an export that is killed leaves whole files only, and the next one ends it (F40)',
  async (t) => {
    for (const point of failpoints.filter((it) => others[it] === 'export')) {
      const struck = await counting(point, async (_, nth) => {
        const folder = ground.copy(change.template);
        await ground.settle(folder);
        const words = ['export', '--to', 'out'];
        const subject = new Subject(ground, folder, words, `${point}=kill@${nth}`);
        const dead = (await subject.ended()) === 'SIGKILL';
        t.same(await exportFaultsAfter(ground, folder, change), [], `${point}, pass ${nth}`);
        ground.drop(folder);
        return dead;
      });
      t.ok(struck > 0, `${point} is passed`);
    }
  },
);

t.test('a daemon that is killed while it ends leaves nothing half done', async (t) => {
  const folder = ground.copy(change.template);
  const subject = new Subject(ground, folder, ['run'], 'shutdown.begin=kill');
  await eventually(async () => (await ground.command(folder, 'plan', 'team')).exit === 0, 20_000);
  // A daemon that has written may still be at its verification.
  await delay(50);
  subject.kill('SIGTERM');
  t.equal(await subject.ended(), 'SIGKILL');
  const faults = await faultsAfter(folder, change);
  t.same(
    faults.filter((it) => !it.includes('effects')),
    [],
  );
});
