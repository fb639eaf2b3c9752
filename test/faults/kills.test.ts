import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../simulation/random.ts';
import { t } from '../support/tap.ts';
import { amount } from './amount.ts';
import { faultsAfter, faultsAtTheEnd } from './check.ts';
import { count } from './figures.ts';
import { Ground, type Scenario } from './ground.ts';
import { Subject } from './subject-process.ts';

/** Killed at moments that nobody chose, some of them after a pause of the whole process. */
t.test('killed at any moment, paused or not, it loses nothing (F09)', async (t) => {
  const seed = Number(process.env['PLUMBLINE_SEED'] ?? Date.now() % 1_000_000);
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const ground = new Ground();
  t.teardown(() => ground.remove());
  const scenarios = (await ground.prepare()) as [Scenario, Scenario];
  const [, change] = scenarios;
  const clean = ground.copy(change.template);
  const whole = new Subject(ground, clean, ['converge']);
  await whole.ended();
  for (let kills = amount('kills', 4); kills > 0; kills -= 1) {
    const scenario = random.of(scenarios);
    const folder = ground.copy(scenario.template);
    const subject = new Subject(ground, folder, ['converge']);
    const moment = random.below(Math.ceil(whole.lasted));
    await delay(moment);
    const paused = random.chance(33);
    if (paused) {
      subject.kill('SIGSTOP');
      await delay(200);
      subject.kill('SIGCONT');
      await delay(random.below(100));
    }
    subject.kill('SIGKILL');
    await subject.ended();
    const faults = await faultsAfter(folder, scenario);
    faults.push(...(await faultsAtTheEnd(ground, folder, scenario)));
    t.same(faults, [], `${scenario.title}, ${moment} ms, ${paused ? 'paused' : 'not paused'}`);
    count(paused ? 'SIGSTOP, SIGCONT, kill -9' : 'kill -9', faults.length > 0);
    ground.drop(folder);
  }
});
