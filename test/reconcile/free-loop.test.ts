import { reconcile } from '../../src/reconcile/reconcile.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { clientYaml } from '../support/world.ts';

const clients = 1500;

/** Milliseconds of the processor, all threads together, so that a busy machine makes no difference. */
const longestHold = 400;

t.test('the event loop turns often while a source of many files is taken in', async (t) => {
  const files = Array.from({ length: clients }, (_, at) => [
    `${at}.yaml`,
    clientYaml(`bot_${at}`, { appName: 'a bot', defaultSystemRole: 'Be brief. '.repeat(100) }),
  ]);
  // A file that is long, and plain to nobody.
  const texts = `[${'"a text", '.repeat(10_000)}"the last"]`;
  files.push(['long.yaml', `apiVersion: v1\nkind: ConfigMap\ndata: ${texts}\n`]);
  const ports = await freshPorts(t);
  let longest = 0;
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    longest = Math.max(longest, (user + system) / 1000);
    last = process.cpuUsage();
  }, 1);
  const occasion = { trigger: 'start', actor: 'test', settled: [] } as const;
  const source = new FakeSource(Object.fromEntries(files));
  const result = await reconcile(ports, targetOf(source), occasion, never);
  clearInterval(timer);
  t.equal(result.outcome, 'converged');
  t.equal(result.summary.create, clients);
  t.ok(longest < longestHold, `it was held for at most ${Math.round(longest)} ms`);
});
