import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquireLease } from '../../src/store/lease.ts';
import { openStore } from '../../src/store/open.ts';
import { freshFolder, type OtherProcess, otherProcess } from '../support/database.ts';
import { type Test, t } from '../support/tap.ts';

const me = { command: 'plumbline sync', host: 'here', pid: process.pid, since: '2026-01-02' };

/** A process that holds the lease of a database until it is killed or told to let go. */
async function otherHolder(t: Test, path: string): Promise<OtherProcess> {
  const other = otherProcess(
    t,
    `const { acquireLease } = await store('lease');
     const holder = { command: 'plumbline run', host: 'web-1', pid: process.pid, since: '2026-01-01T00:00:00.000Z' };
     const lease = await acquireLease(args[0], holder);
     process.stdin.once('data', () => lease.release().then(() => process.exit()));
     say('held');`,
    path,
  );
  t.equal(await other.line(), 'held');
  return other;
}

async function refusal(path: string) {
  try {
    await (await acquireLease(path, me)).release();
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  return undefined;
}

t.test('a second process is refused soon, and told who holds the lease', async (t) => {
  const path = join(freshFolder(t), 'data', 'test.db');
  const other = await otherHolder(t, path);
  const started = performance.now();
  t.match(await refusal(path), {
    code: 'STORE_LEASED',
    message: `'plumbline run' works on ${path}: process ${other.process.pid} on web-1, since 2026-01-01T00:00:00.000Z`,
    hint: new RegExp(`^leave it to that daemon.*: kill ${other.process.pid}, on web-1$`),
  });
  t.ok(performance.now() - started < 2000);
});

t.test('a holder that is killed frees the lease at once', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const other = await otherHolder(t, path);
  other.process.kill('SIGKILL');
  await other.ended();
  const started = performance.now();
  const lease = await acquireLease(path, me);
  t.ok(performance.now() - started < 500);
  t.equal(JSON.parse(readFileSync(`${path}.holder.json`, 'utf8')).command, 'plumbline sync');
  await lease.release();
});

t.test('a holder that is just ending is waited for', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const other = await otherHolder(t, path);
  const taken = acquireLease(path, me);
  other.process.stdin?.write('let go\n');
  await (await taken).release();
  t.equal(await other.ended(), 0);
});

t.test('a holder that is paused keeps the lease', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const other = await otherHolder(t, path);
  other.process.kill('SIGSTOP');
  t.match(await refusal(path), { code: 'STORE_LEASED' });
});

t.test('a released lease leaves no description, and is free', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const lease = await acquireLease(path, me);
  t.ok(existsSync(`${path}.holder.json`));
  await lease.release();
  t.notOk(existsSync(`${path}.holder.json`));
  t.equal(await refusal(path), undefined);
});

const descriptions: readonly (readonly [string, string | undefined, RegExp])[] = [
  ['is missing', undefined, /^another process works on /],
  ['is no JSON', '{"pid":', /^another process works on /],
  ['is no map', '"me"', /^another process works on /],
  [
    'would recolour the screen',
    JSON.stringify({ command: '\u001b[31mred', pid: 1 }),
    /^'\\x1b\[31mred' works on /,
  ],
];

t.test('the lease does not depend on its description, nor trust it', async (t) => {
  const folder = freshFolder(t);
  await Promise.all(
    descriptions.map(async ([what, content, message], at) => {
      const path = join(folder, `${at}.db`);
      const lease = await acquireLease(path, me);
      if (content === undefined) rmSync(`${path}.holder.json`);
      else writeFileSync(`${path}.holder.json`, content);
      t.match(await refusal(path), { code: 'STORE_LEASED', message }, what);
      await lease.release();
    }),
  );
});

t.test('while one process converges a database', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const options = { migrations: [] };
  const running = await openStore(`sqlite:${path}`, {
    ...options,
    mode: 'write',
    holder: 'plumbline run',
  });
  t.teardown(() => running.close());

  await t.test('another that would is refused', async (t) => {
    const second = openStore(`sqlite:${path}`, { ...options, mode: 'write', holder: 'second' });
    const named = `'plumbline run' works on ${path}: process ${process.pid} on ${hostname()}`;
    await t.rejects(second, { code: 'STORE_LEASED', message: named });
  });

  await t.test('others may read, and write what a person wants', async (t) => {
    const writing = await openStore(`sqlite:${path}`, { ...options, mode: 'write' });
    await writing.database.write((query) => query('meta').insert({ key: 'a', value: 'b' }));
    await writing.close();
    const reading = await openStore(`sqlite:${path}`, { ...options, mode: 'read' });
    t.same(
      await reading.database.read((query) => query('meta').where({ key: 'a' }).pluck('value')),
      ['b'],
    );
    await reading.close();
  });

  await t.test('the next may when it has ended', async (t) => {
    await running.close();
    const next = await openStore(`sqlite:${path}`, { ...options, mode: 'write', holder: 'next' });
    t.ok(existsSync(`${path}.holder.json`));
    await next.close();
  });
});

t.test('a store that cannot be opened lets its lease go', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const options = { mode: 'write', migrations: [], holder: 'plumbline run' } as const;
  await (await openStore(`sqlite:${path}`, options)).close();
  truncateSync(path);
  await t.rejects(openStore(`sqlite:${path}`, options), { code: 'STORE_DAMAGED' });
  t.equal(await refusal(path), undefined);
});
