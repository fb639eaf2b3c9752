import { reconcile } from '../../src/reconcile/reconcile.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { readLive } from '../support/standing.ts';
import { t } from '../support/tap.ts';
import { tokenYaml } from '../support/world.ts';

/** From so many files on, what they say is packed and the heap is kept small. */
const many = 20_000;

t.test(
  'so many files that they are packed become the same records',
  { timeout: 120_000 },
  async (t) => {
    const ports = await freshPorts(t);
    const name = (at: number) => `key_${String(at).padStart(5, '0')}`;
    const files = Object.fromEntries(
      Array.from({ length: many }, (_, at) => [`${at % 100}/${at}.yaml`, tokenYaml(name(at))]),
    );
    const source = new FakeSource(files);
    const run = () =>
      reconcile(
        ports,
        targetOf(source),
        { trigger: 'interval', actor: 'test', settled: ['converged'] },
        never,
      );
    const first = await run();
    t.equal(first.outcome, 'converged', first.message);
    t.equal(first.summary.create, many);
    const { live } = await readLive(ports.database, ports.brokers, 'default', 'team');
    t.equal(live.length, many);
    t.equal(
      live.find((it) => it.key.name === name(777))?.manifest.metadata['description'],
      `The ${name(777)}`,
    );

    source.files = {
      ...files,
      '77/777.yaml': tokenYaml(name(777)).replace('The key', 'Another key'),
    };
    const second = await run();
    t.match(second, { outcome: 'converged', summary: { update: 1, unchanged: many - 1 } });
  },
);
