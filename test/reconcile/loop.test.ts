import { PlumblineError } from '../../src/lib/errors.ts';
import { SourceLoop } from '../../src/reconcile/loop.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import type { RunStart, SourceStatus } from '../../src/reconcile/status.ts';
import { history } from '../../src/store/journal.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml } from '../support/world.ts';

const interval = 60_000;

/** A loop over a fake source in fake time, and every run that it finished. */
async function looping(t: Test) {
  const ports = await freshPorts(t);
  const source = new FakeSource({ 'a.yaml': clientYaml('alpha') });
  const runs: { readonly status: SourceStatus; readonly result: RunResult }[] = [];
  const starts: RunStart[] = [];
  const loop = new SourceLoop(ports, targetOf(source), { interval }, 'here', {
    started: (start) => starts.push(start),
    finished: (status, result) => runs.push({ status, result }),
  });
  const stop = new AbortController();
  const ended = loop.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await ended;
  });
  const { clock } = ports;
  /** Waits until so many runs are finished and the loop sleeps again. */
  const rested = (count: number) => until(() => runs.length === count && clock.sleeping === 1);
  return { ports, clock, source, runs, starts, loop, stop, ended, rested };
}

/** A gate that holds everybody who waits for it until it is opened. */
function gate() {
  let open: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open: () => open() };
}

t.test('whatever asks during a run is folded into the one that follows', async (t) => {
  const { source, runs, loop, rested } = await looping(t);
  await rested(1);
  t.equal(runs[0]?.result.trigger, 'start');
  t.same(runs[0]?.status.requests, []);

  const held = gate();
  source.gate = held.closed;
  const first = loop.request();
  await until(() => source.asked > 1);
  const asked = source.asked;
  const during = [loop.request(), loop.request()];
  loop.trigger('file');
  loop.trigger('signal');
  loop.trigger('file');
  t.equal(source.asked, asked, 'one run is in flight at a time');
  held.open();
  await rested(3);
  t.same(runs[1]?.status.requests, [first], 'a run answers what was asked before it');
  t.same(runs[2]?.status.requests, [first, ...during], 'and not what was asked while it looked');
  t.equal(runs[2]?.result.trigger, 'request', 'the first to ask gives its name');
});

t.test('a storm of webhooks is a run now and then, and the last of them is heard', async (t) => {
  const { clock, source, runs, loop, rested } = await looping(t);
  await rested(1);
  for (let at = 0; at < 1000; at += 1) loop.trigger('webhook');
  await until(() => clock.sleeping === 1);
  t.equal(runs.length, 1, 'it waits until the last run is a while ago');
  source.files = { 'a.yaml': clientYaml('alpha'), 'b.yaml': clientYaml('beta') };
  clock.advance(250);
  await rested(2);
  t.equal(runs[1]?.result.trigger, 'webhook');
  t.equal(runs[1]?.result.summary.create, 1, 'what came during the storm is seen');
  clock.advance(250);
  loop.trigger('webhook');
  await rested(3);
});

t.test('a request that names itself is answered by that name', async (t) => {
  const { runs, loop, rested } = await looping(t);
  await rested(1);
  t.equal(loop.request('mine'), 'mine');
  await rested(2);
  t.same(runs[1]?.status.requests, ['mine']);
});

t.test('after failures it waits longer and longer, and once it succeeds as always', async (t) => {
  const { clock, source, runs, loop, rested } = await looping(t);
  await rested(1);
  source.failure = new PlumblineError('SOURCE_UNREACHABLE', 'away');
  const delays: number[] = [];
  clock.advance(interval);
  for (let failures = 1; failures <= 9; failures += 1) {
    await rested(1 + failures);
    t.match(runs.at(-1)?.status, { outcome: 'retrying', failures, ready: true });
    const delay = clock.slept.at(-1) as number;
    const full = Math.min(1000 * 2 ** (failures - 1), interval);
    t.ok(delay <= full && delay >= Math.min(full * 0.75, interval), `${failures}: ${delay} ms`);
    delays.push(delay);
    clock.advance(delay - 1);
    t.equal(runs.length, 1 + failures, 'not a millisecond early');
    clock.advance(1);
  }
  t.ok((delays[4] as number) > (delays[0] as number) * 8);
  await rested(11);
  source.failure = undefined;
  loop.trigger('file');
  await rested(12);
  t.match(runs.at(-1)?.status, { outcome: 'converged', failures: 0 });
  t.equal(clock.slept.at(-1), interval);
});

t.test('what would fail again in the same way waits for its interval', async (t) => {
  const { clock, source, runs, rested } = await looping(t);
  await rested(1);
  source.failure = new PlumblineError('SOURCE_LIMIT', 'too many files');
  clock.advance(interval);
  await rested(2);
  t.match(runs.at(-1)?.status, { outcome: 'stalled', failures: 0, message: 'too many files' });
  t.equal(clock.slept.at(-1), interval);
});

t.test('a wall clock that is set back or forward neither stops nor floods it', async (t) => {
  const { ports, clock, source, runs, rested } = await looping(t);
  await rested(1);
  const day = 86_400_000;
  for (const [count, shift] of [
    [2, -day],
    [3, 3 * day],
  ] as const) {
    clock.wall += shift;
    t.equal(runs.length, count - 1, 'setting the clock starts no run');
    const held = gate();
    source.gate = held.closed;
    source.files = { 'a.yaml': clientYaml('alpha', { appName: `Round ${count}` }) };
    const { asked } = source;
    clock.advance(interval);
    await until(() => source.asked > asked);
    clock.wall -= day;
    clock.advance(250);
    held.open();
    await rested(count);
    t.match(runs.at(-1)?.result, { outcome: 'converged', trigger: 'interval', milliseconds: 250 });
  }
  const entries = await ports.database.read((query) => history(query, { verb: 'sync' }));
  t.same(
    entries.map((it) => it.durationMs),
    [250, 250, 0],
    'durations are told by the time that passed',
  );
});

t.test('it is ready after its first complete look, and stays so', async (t) => {
  const ports = await freshPorts(t);
  const source = new FakeSource({ 'a.yaml': clientYaml('alpha') });
  source.failure = new PlumblineError('SOURCE_UNREACHABLE', 'no route to the host');
  const heard = { started: () => undefined, finished: () => undefined };
  const loop = new SourceLoop(ports, targetOf(source), { interval }, 'here', heard);
  t.match(loop.status, { outcome: 'pending', ready: false });
  const stop = new AbortController();
  const ended = loop.run(stop.signal);
  await until(() => ports.clock.sleeping === 1);
  t.match(loop.status, { outcome: 'retrying', ready: false, message: 'no route to the host' });
  source.failure = undefined;
  ports.clock.advance(1000);
  await until(() => loop.status.outcome === 'converged');
  t.equal(loop.status.ready, true);
  source.failure = new PlumblineError('SOURCE_UNREACHABLE', 'gone again');
  loop.trigger('file');
  await until(() => loop.status.outcome === 'retrying');
  t.equal(loop.status.ready, true);
  stop.abort();
  await ended;
});

t.test(
  'told to stop, it ends the run it is in, starts no other, and lets go of the source',
  async (t) => {
    const { source, runs, loop, stop, ended, rested } = await looping(t);
    await rested(1);
    const held = gate();
    source.gate = held.closed;
    loop.trigger('file');
    await until(() => source.asked > 1);
    loop.trigger('signal');
    stop.abort();
    held.open();
    await ended;
    t.ok(runs.length <= 2, 'what waited is not begun');
    t.equal(source.closed, true);
  },
);

t.test(
  'a plan waits for the run under way, costs one look however many ask, and writes nothing',
  async (t) => {
    const { ports, source, loop, starts, rested } = await looping(t);
    await rested(1);
    t.match(starts, [{ source: 'team', trigger: 'start', at: /^2026-/ }]);
    const held = gate();
    source.gate = held.closed;
    loop.trigger('file');
    await until(() => source.asked > 1);
    const asked = source.asked;
    source.files = { 'a.yaml': clientYaml('alpha'), 'b.yaml': clientYaml('beta') };
    const plans = [loop.plan(), loop.plan(), loop.plan()];
    t.equal(source.asked, asked, 'the source is asked by one at a time');
    source.files = { 'a.yaml': clientYaml('alpha', { appName: 'A' }) };
    held.open();
    const [first, ...others] = await Promise.all(plans);
    t.same(
      first?.changes.map((it) => `${it.action} ${it.key.name}`),
      ['update alpha'],
    );
    t.ok(
      others.every((it) => it === first),
      'one look for all of them',
    );
    t.not(await loop.plan(), first, 'who asks later gets a look of his own');
    const drift = await loop.drift();
    t.same(drift.changes, [], 'what waits in the source is no drift');
    t.equal((await ports.database.read((query) => history(query, {}))).length, 2);
  },
);

t.test('a plan that is asked of a daemon that stops is told so', async (t) => {
  const { source, loop, stop, ended, rested } = await looping(t);
  await rested(1);
  const held = gate();
  source.gate = held.closed;
  loop.trigger('file');
  await until(() => source.asked > 1);
  const asked = t.rejects(loop.plan(), { code: 'RUN_STOPPED' });
  stop.abort();
  held.open();
  await asked;
  await ended;
  await t.rejects(loop.plan(), { code: 'RUN_STOPPED' });
});
