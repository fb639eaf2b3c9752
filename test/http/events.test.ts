import { connect } from 'node:net';
import { httpLimits } from '../../src/http/limits.ts';
import { startHttp } from '../../src/http/server.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { type JournalEntry, stageEntry } from '../../src/store/journal.ts';
import { UnitOfWork } from '../../src/store/unit-of-work.ts';
import { EventReader } from '../support/event-reader.ts';
import { freshPorts } from '../support/ports.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { FakeDaemon } from './fake-daemon.ts';

const blank: JournalEntry = {
  run: 'run-1',
  at: '2026-03-01T12:00:00.000Z',
  actor: 'plumbline',
  trigger: 'file',
  source: 'team',
  revision: 'main@sha1:4f2c',
  file: 'a.yaml',
  line: 1,
  account: 'default',
  space: 'LLMClient',
  kind: 'LLMClient',
  name: 'alpha',
  verb: 'update',
  outcome: 'applied',
  before: '{"metadata":{"description":"before"}}',
  after: '{"metadata":{"description":"after"}}',
  beforeDigest: null,
  afterDigest: null,
  message: 'spec.config.appName',
  durationMs: 3,
};

async function write(ports: Ports, ...entries: readonly Partial<JournalEntry>[]): Promise<void> {
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    for (const entry of entries) stageEntry(unit, { ...blank, ...entry });
    await unit.flush(query);
  });
}

async function listening(t: Test, limits: Partial<typeof httpLimits> = {}) {
  const ports = await freshPorts(t);
  const daemon = new FakeDaemon('team');
  const listen = { host: '127.0.0.1', port: 0 };
  const options = { ports, account: 'default', listen, limits: { ...httpLimits, ...limits } };
  const http = await startHttp(daemon, options);
  t.teardown(() => http.close());
  const read = async (headers?: Record<string, string>) => {
    const reader = new EventReader(t, http.address, headers);
    await reader.begun();
    return reader;
  };
  return { ports, daemon, http, read };
}

t.test(
  'a reader is told of runs, of changed conditions and of every change, in order',
  async (t) => {
    const { ports, daemon, read } = await listening(t);
    await write(ports, { name: 'before_it_came' });
    const reader = await read();
    daemon.begin('team');
    await write(ports, { name: 'alpha' }, { verb: 'sync', name: null, kind: null });
    daemon.end('team', 'converged', { update: 1 });
    await until(() => reader.events.filter((it) => it.type === 'condition').length === 2);
    t.same(
      reader.events.map((it) => [it.type, it.id, it.data['name'] ?? it.data['type']]),
      [
        ['run-started', undefined, undefined],
        ['change', '2', 'alpha'],
        ['run-finished', undefined, undefined],
        ['condition', undefined, 'Ready'],
        ['condition', undefined, 'Converged'],
      ],
    );
    t.match((await reader.told('run-finished')).data, {
      source: 'team',
      run: 'run-1',
      outcome: 'converged',
      summary: { update: 1 },
    });
    const change = await reader.told('change');
    t.match(change.data, {
      kind: 'LLMClient',
      verb: 'update',
      outcome: 'applied',
      actor: 'plumbline',
    });
    t.notOk('before' in change.data || 'after' in change.data, 'the manifests stay in the journal');
    daemon.end('team', 'converged');
    await until(() => reader.events.filter((it) => it.type === 'run-finished').length === 2);
    t.equal(
      reader.events.filter((it) => it.type === 'condition').length,
      2,
      'a condition that stays is no news',
    );
  },
);

t.test('what another process writes is told without anybody asking', async (t) => {
  const { ports, read } = await listening(t);
  const reader = await read();
  await write(ports, { actor: 'user:ann', trigger: 'command', source: null });
  t.match((await reader.told('change')).data, { actor: 'user:ann' });
});

t.test('a reader that comes back misses no entry and gets none twice', async (t) => {
  const { ports, daemon, read } = await listening(t);
  const first = await read();
  await write(ports, { name: 'one' });
  await first.told('change');
  first.close();
  await write(ports, { name: 'two' }, { verb: 'sync', name: null, kind: null, outcome: 'held' });
  const second = await read({ 'last-event-id': first.lastId });
  await write(ports, { name: 'three' });
  daemon.end('team', 'converged');
  await second.told('condition');
  t.same(
    second.events
      .filter((it) => it.id !== undefined)
      .map((it) => [it.id, it.type, it.data['name'] ?? it.data['outcome']]),
    [
      ['2', 'change', 'two'],
      ['3', 'run-finished', 'held'],
      ['4', 'change', 'three'],
    ],
  );
});

t.test('a reader that was away too long is told that it missed something', async (t) => {
  const { ports, read } = await listening(t);
  await write(ports, ...Array.from({ length: 501 }, (_, at) => ({ name: `client_${at}` })));
  const late = await read({ 'last-event-id': '0' });
  t.match(late.events, [{ type: 'missed', data: { since: 0, hint: /journal/ } }]);
  t.equal(late.lastId, '501');
  const inTime = await read({ 'last-event-id': '1' });
  await until(() => inTime.events.length === 500);
  for (const lastId of ['-1', 'x', '9'.repeat(20), '1; DROP TABLE journal']) {
    const reader = await read({ 'last-event-id': lastId });
    t.same([reader.status, reader.events], [200, []], lastId);
  }
});

t.test(
  'streams are bounded in number, show that they live, and end with the listener',
  async (t) => {
    const { http, read } = await listening(t, { streams: 2, heartbeat: 20 });
    const readers = [await read(), await read()];
    const third = await fetch(`http://${http.address}/api/v1/events`);
    t.equal(third.status, 429);
    t.equal(((await third.json()) as { error: { code: string } }).error.code, 'REQUEST_TOO_MANY');
    await until(() => readers.every((it) => it.beats > 1));
    readers[0]?.close();
    await until(async () => (await read()).status === 200);
    await http.close();
    await until(() => readers[1]?.ended === true);
  },
);

t.test('a reader that reads too slowly is let go, and the others go on', async (t) => {
  const { ports, daemon, http, read } = await listening(t);
  const quick = await read();
  const port = Number(http.address.split(':')[1]);
  const slow = connect(port, '127.0.0.1', () =>
    slow.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  );
  t.teardown(() => slow.destroy());
  await new Promise((resolve) => slow.once('data', resolve));
  slow.pause();
  let closed = false;
  slow.on('close', () => {
    closed = true;
  });
  slow.on('error', () => undefined);
  const long = { message: 'x'.repeat(2000) };
  for (let round = 1; !closed; round += 1) {
    await write(ports, ...Array(200).fill(long));
    // The end of a run makes it look at once.
    daemon.end('team', 'converged');
    await until(() => quick.events.filter((it) => it.type === 'change').length === round * 200);
    if (round === 20) slow.resume();
    if (round === 25) throw new Error('the slow reader is kept');
  }
  t.pass('it is closed');
});
