import { recordEndpoint } from '../../src/endpoint/record.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { DaemonLoops } from '../../src/reconcile/daemon.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import type { Database } from '../../src/store/database.ts';
import { owedEffects } from '../../src/store/effects.ts';
import { FakeEndpoint, FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml, tokenYaml } from '../support/world.ts';

/* Effects that no plan takes care of are tried all the same, by the daemon. */

const interval = 600_000;
const by = { actor: 'user:ann', signal: never };
const bot = { 'key.yaml': tokenYaml('key'), 'bot.yaml': published('bot') };

function published(name: string): string {
  return clientYaml(name, { deployed: true }, { apiKey: 'key' });
}

/** A daemon over one source, its endpoint refusing the client `bot`. */
async function running(t: Test, files: Readonly<Record<string, string>>) {
  const ports = await freshPorts(t);
  ports.endpoint.refused.add('bot');
  const source = new FakeSource(files);
  let runs = 0;
  const start = (of: Ports = ports, over = source) => {
    const watched = { ...targetOf(over), rhythm: { interval }, location: 'here' };
    const daemon = new DaemonLoops(of, [watched]);
    daemon.onRun(() => {
      runs += 1;
    });
    const stop = new AbortController();
    const ended = daemon.run(stop.signal);
    const end = async () => {
      stop.abort();
      await ended;
    };
    t.teardown(end);
    return { daemon, end };
  };
  const owed = () => ports.database.read(owedEffects);
  /** Lets time pass until nothing is owed; the loop sleeps between. */
  const settle = async (most = 8) => {
    for (let waits = 0; waits < most && (await owed()).length > 0; waits += 1) {
      await until(() => ports.clock.sleeping === 1);
      ports.clock.advance(300_000);
    }
    await until(async () => ports.clock.sleeping === 1 && (await owed()).length === 0);
  };
  return { ports, source, start, owed, settle, ran: () => runs };
}

t.test('a switch by hand whose endpoint was away is told once it is back', async (t) => {
  const { ports, start, owed, settle } = await running(t, { 'key.yaml': tokenYaml('key') });
  start();
  await until(() => ports.clock.sleeping === 1);
  const change = new Resources(ports, 'default').ofText(published('bot')).apply(by);
  await t.rejects(change, { message: /gateway/ });
  t.match(await owed(), [{ name: 'bot', verb: 'deploy', attempts: 1 }]);
  ports.endpoint.refused.clear();
  await settle();
  t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
  t.equal(new Set(ports.endpoint.calls.map((it) => it.idempotency)).size, 1);
});

t.test('an endpoint follows though the file of its client is broken meanwhile', async (t) => {
  const { ports, source, start, owed, settle } = await running(t, bot);
  const { daemon } = start();
  await until(async () => ports.clock.sleeping === 1 && (await owed()).length === 1);
  source.files = { ...bot, 'bot.yaml': 'kind: [' };
  daemon.lookAgain();
  await until(() => daemon.status()[0]?.lastRun?.trigger === 'signal');
  ports.endpoint.refused.clear();
  await settle();
  t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
});

t.test('what is owed to a record that somebody deleted is forgotten', async (t) => {
  const { ports, source, start, owed, settle } = await running(t, bot);
  start();
  await until(async () => ports.clock.sleeping === 1 && (await owed()).length === 1);
  source.files = { 'key.yaml': tokenYaml('key') };
  await ports.database.write((query) => query('llm_client').delete());
  await settle();
  t.same(ports.endpoint.calls, []);
});

t.test('a suspended record is not told, and nobody runs in circles for it', async (t) => {
  const { ports, source, start, owed, ran } = await running(t, bot);
  start();
  await until(async () => ports.clock.sleeping === 1 && (await owed()).length === 1);
  source.files = { 'key.yaml': tokenYaml('key') };
  await ports.database.write((query) =>
    query('suspension').insert({
      ...{ target: 'default/llm_client/bot', account: 'default', space: 'llm_client', name: 'bot' },
      ...{ reason: '', actor: 'user:ann', since: ports.clock.now().toISOString() },
    }),
  );
  ports.endpoint.refused.clear();
  const before = ran();
  for (let waits = 0; waits < 4; waits += 1) {
    await until(() => ports.clock.sleeping === 1);
    ports.clock.advance(interval);
  }
  await until(() => ports.clock.sleeping === 1 && ran() === before + 4);
  t.same(ports.endpoint.calls, []);
  t.equal((await owed()).length, 1);
});

t.test('an endpoint follows though the source of its client is configured no more', async (t) => {
  const { ports, start, owed, settle } = await running(t, bot);
  const first = start();
  await until(async () => ports.clock.sleeping === 1 && (await owed()).length === 1);
  await first.end();
  ports.endpoint.refused.clear();
  const other = new FakeSource({ 'other.yaml': tokenYaml('other') });
  Object.assign(other, { name: 'other' });
  start(ports, other);
  await settle();
  t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
});

t.test('an endpoint that is configured anew is told what is deployed already', async (t) => {
  const { ports, start, owed, settle } = await running(t, bot);
  ports.endpoint.refused.clear();
  const first = start();
  await until(() => ports.clock.sleeping === 1);
  await first.end();
  t.equal(ports.endpoint.calls.length, 1);
  class NewEndpoint extends FakeEndpoint {
    override readonly identity = 'https://new.example.com';
  }
  const endpoint = new NewEndpoint();
  const again = { ...ports, endpoint };
  const second = start(again);
  await until(() => endpoint.calls.length === 1);
  await settle();
  t.same(endpoint.standing(), { 'default/llm_client/bot': 'published' });
  await second.end();
  start(again);
  await until(() => ports.clock.sleeping === 1);
  t.equal(endpoint.calls.length, 1, 'once');
  t.same(await owed(), []);
});

t.test(
  'a disk that is full as a daemon starts neither ends it nor makes it forget a new endpoint',
  async (t) => {
    const { ports, start, settle } = await running(t, bot);
    const record = { ...ports, endpoint: recordEndpoint };
    const first = start(record);
    await until(() => ports.clock.sleeping === 1);
    await first.end();
    ports.endpoint.refused.clear();
    let full = true;
    const sound = ports.database;
    const refuse = async () => {
      throw new PlumblineError('STORE_FULL', 'there is no room on the disk');
    };
    const database: Database = {
      dialect: 'sqlite',
      location: 'a disk that is full for a while',
      read: (work) => sound.read(work),
      write: (work) => (full ? refuse() : sound.write(work)),
      close: async () => undefined,
    };
    start({ ...ports, database });
    await until(() => ports.clock.sleeping === 2);
    t.same(ports.endpoint.calls, []);
    full = false;
    ports.clock.advance(interval);
    await settle();
    t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
  },
);
