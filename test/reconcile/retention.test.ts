import { armFailpoint } from '../../src/lib/failpoint.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { trimJournal } from '../../src/reconcile/retention.ts';
import { history } from '../../src/store/journal.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { pluginYaml } from '../support/world.ts';

const day = 86_400_000;

t.teardown(() => armFailpoint(undefined));

t.test(
  'a trimming that is cut short is ended by the next one, and takes nothing new',
  async (t) => {
    const ports = { ...(await freshPorts(t)), journalKept: 30 * day };
    const source = new FakeSource();
    const entries = () => ports.database.read((query) => history(query, { limit: 10_000 }));
    // Pages of a thousand entries: several, so that the first can be done and the others not.
    for (let round = 0; round < 3; round += 1) {
      source.files = Object.fromEntries(
        Array.from({ length: 800 }, (_, at) => [`${at}.yaml`, pluginYaml(`p_${at}`, { round })]),
      );
      const occasion = { trigger: 'command', actor: 'test', settled: [] } as const;
      const { outcome } = await reconcile(ports, targetOf(source), occasion, never);
      t.equal(outcome, 'converged');
      ports.clock.advance(round === 1 ? 40 * day : day);
    }
    const before = await entries();
    armFailpoint('journal.trimmed=throw');
    await trimJournal(ports, never);
    const between = await entries();
    t.ok(between.length < before.length, 'a page of it is gone');
    await trimJournal(ports, never);
    const after = await entries();
    t.ok(after.length < between.length, 'and then the rest');
    const limit = new Date(ports.clock.now().getTime() - 30 * day).toISOString();
    const isNew = (it: (typeof before)[number]) => it.at >= limit;
    t.same(after.filter(isNew), before.filter(isNew));
    await trimJournal(ports, never);
    t.equal((await entries()).length, after.length);
  },
);
