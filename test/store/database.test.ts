import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration } from '../../src/store/database.ts';
import { refuseOldSqlite } from '../../src/store/driver.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { freshDatabase, freshFolder, otherProcess } from '../support/database.ts';
import { t } from '../support/tap.ts';
import { until } from '../support/until.ts';

const shelf: Migration = {
  id: 'shelf',
  up: async (query) => {
    await query.schema.createTable('shelf', (table) => {
      table.integer('id').primary();
      table.text('name').notNullable().unique();
      table.integer('above').references('id').inTable('shelf');
      table.check('length(name) < 30', [], 'short_name');
    });
  },
};

/** A promise and the function that fulfils it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

t.test(
  'the log is emptied once nothing is written any more, or when it has grown large',
  async (t) => {
    const path = join(freshFolder(t), 'test.db');
    const database = await openSqlite(path, { mode: 'write' });
    t.teardown(() => database.close());
    const size = async () => (await stat(path)).size;
    const put = (bytes: number) =>
      database.write((query) => query.rows(`INSERT INTO heap VALUES (zeroblob(${bytes}))`));
    await database.write((query) => query.rows('CREATE TABLE heap (bytes BLOB)'));
    for (let turn = 0; turn < 3; turn++) await put(5_000_000);
    t.ok((await size()) < 5_000_000, 'a commit leaves it where it is');
    await until(async () => (await size()) > 15_000_000);
    await put(40_000_000);
    t.ok((await size()) > 55_000_000, 'that was too much to leave');
    const log = await stat(`${path}-wal`);
    await put(1);
    t.ok((await stat(`${path}-wal`)).size < log.size / 4, 'and the file of the log is cut back');
  },
);

t.test('two hundred writers at once lose nothing', async (t) => {
  const database = await freshDatabase(t);
  await database.write((query) => query('meta').insert({ key: 'count', value: '0' }));
  const increment = () =>
    database.write(async (query) => {
      const { value } = await query('meta').where({ key: 'count' }).first();
      await query('meta')
        .where({ key: 'count' })
        .update({ value: String(Number(value) + 1) });
    });
  await Promise.all(Array.from({ length: 200 }, increment));
  t.same(await database.read((query) => query('meta').where({ key: 'count' }).pluck('value')), [
    '200',
  ]);
});

t.test('a work that throws is rolled back, and its error passes unchanged', async (t) => {
  const database = await freshDatabase(t, [shelf]);
  const mine = new Error('mine');
  const failing = database.write(async (query) => {
    await query('shelf').insert({ id: 1, name: 'a' });
    throw mine;
  });
  const next = database.write((query) => query('shelf').insert({ id: 2, name: 'b' }));
  await t.rejects(failing, mine);
  await next;
  t.same(await database.read((query) => query('shelf').pluck('id')), [2]);
});

t.test('a reader sees no half of a write, and does not wait for it', async (t) => {
  const database = await freshDatabase(t, [shelf]);
  const written = gate();
  const finish = gate();
  const write = database.write(async (query) => {
    await query('shelf').insert({ id: 1, name: 'a' });
    written.open();
    await finish.opened;
  });
  await written.opened;
  t.same(await database.read((query) => query('shelf').pluck('id')), []);
  finish.open();
  await write;
  t.same(await database.read((query) => query('shelf').pluck('id')), [1]);
});

t.test('a read sees one committed moment, whatever is written meanwhile', async (t) => {
  const database = await freshDatabase(t, [shelf]);
  await database.read(async (query) => {
    t.same(await query('shelf').pluck('id'), []);
    await database.write((other) => other('shelf').insert({ id: 1, name: 'a' }));
    t.same(await query('shelf').pluck('id'), []);
  });
  t.same(await database.read((query) => query('shelf').pluck('id')), [1]);
});

t.test('a read is refused to write', async (t) => {
  const database = await freshDatabase(t, [shelf]);
  const sneaky = database.read((query) => query('shelf').insert({ id: 1, name: 'a' }));
  await t.rejects(sneaky, { code: 'STORE_UNREACHABLE' });
});

t.test('closing waits for what is under way', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const database = await openSqlite(path, { mode: 'write' });
  const write = database.write(async (query) => {
    await query.raw('CREATE TABLE shelf (id integer)');
    await query.raw('INSERT INTO shelf VALUES (1)');
  });
  await database.close();
  await write;
  const again = await openSqlite(path, { mode: 'read' });
  t.same(await again.read((query) => query('shelf').pluck('id')), [1]);
  await again.close();
});

t.test('a database in memory reads what was written', async (t) => {
  const database = await openSqlite(':memory:', { mode: 'write' });
  await database.write((query) => query.raw('CREATE TABLE shelf (id integer)'));
  t.same(await database.read((query) => query('shelf').pluck('id')), []);
  await database.close();
});

t.test('a new database is private, durable and checked', async (t) => {
  const path = join(freshFolder(t), 'made', 'on', 'demand', 'test.db');
  const database = await openSqlite(path, { mode: 'write' });
  t.teardown(() => database.close());
  await database.write((query) => query.raw('CREATE TABLE shelf (id integer)'));
  for (const file of [path, `${path}-wal`, `${path}-shm`])
    t.equal((await stat(file)).mode & 0o777, 0o600, file);
  t.equal((await stat(join(path, '..'))).mode & 0o777, 0o700);
  const settings = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, busy_timeout: 5000 };
  for (const [name, value] of Object.entries(settings)) {
    const [row] = await database.write((query) => query.raw(`PRAGMA ${name}`));
    t.same(Object.values(row), [value], name);
  }
});

t.test('a SQLite that can damage its own log is refused', async (t) => {
  t.throws(() => refuseOldSqlite(3_051_002), { code: 'STORE_UNREACHABLE' });
  t.doesNotThrow(() => refuseOldSqlite(3_051_003));
});

t.test('while another process holds the write lock', async (t) => {
  const database = await freshDatabase(t, [shelf]);
  const hasty = await openSqlite(database.location, { mode: 'write' });
  t.teardown(() => hasty.close());
  // On its own connection, so that the test need not wait for the usual five seconds.
  await hasty.write((query) => query.raw('PRAGMA busy_timeout = 50'));
  const other = otherProcess(
    t,
    `const db = new sqlite3.Database(args[0]);
     db.exec('BEGIN IMMEDIATE', () => say('locked'));
     process.stdin.once('data', () => db.exec('COMMIT', () => process.exit()));`,
    database.location,
  );
  t.equal(await other.line(), 'locked');

  await t.test('a write gives up in the end and says so', async (t) => {
    const write = hasty.write((query) => query('shelf').insert({ id: 2, name: 'b' }));
    await t.rejects(write, { code: 'STORE_BUSY', retry: 'backoff' });
  });

  await t.test('a write waits with the event loop alive, and reads go on', async (t) => {
    let beats = 0;
    const heart = setInterval(() => {
      beats++;
      if (beats === 20) other.process.stdin?.write('go on\n');
    }, 5);
    t.teardown(() => clearInterval(heart));
    const write = database.write((query) => query('shelf').insert({ id: 1, name: 'a' }));
    t.same(await database.read((query) => query('shelf').pluck('id')), []);
    t.ok(beats < 20, 'the read came before the lock was free');
    await write;
    t.ok(beats >= 20, 'the write came after');
  });
});

const refusals = [
  {
    rule: 'a value that is taken',
    rows: [
      { id: 1, name: 'a' },
      { id: 2, name: 'a' },
    ],
    message: /UNIQUE constraint failed: shelf\.name$/,
    hint: /change one of the two/,
  },
  {
    rule: 'a reference to nothing',
    rows: [{ id: 1, name: 'a', above: 7 }],
    message: /FOREIGN KEY constraint failed$/,
    hint: /apply what it refers to first/,
  },
  {
    rule: 'a missing value',
    rows: [{ id: 1, name: null }],
    message: /NOT NULL constraint failed: shelf\.name$/,
    hint: /give the field a value/,
  },
  {
    rule: 'a value against a rule of the table',
    rows: [{ id: 1, name: 'canary '.repeat(9) }],
    message: /CHECK constraint failed: short_name$/,
    hint: undefined,
  },
];

for (const { rule, rows, message, hint } of refusals) {
  t.test(`${rule} is refused by the name of the rule, without the value`, async (t) => {
    const database = await freshDatabase(t, [shelf]);
    const write = database.write((query) => query('shelf').insert(rows));
    await t.rejects(write, { code: 'RECORD_REJECTED', message });
    const error: unknown = await write.catch((it: unknown) => it);
    if (hint !== undefined) t.match(error, { hint });
    t.notMatch(JSON.stringify(error) + String((error as Error).cause), /canary/);
    t.same(await database.read((query) => query('shelf').pluck('id')), []);
  });
}

t.test(
  'a statement that makes no sense is a fault without a name, not a driver error',
  async (t) => {
    const database = await freshDatabase(t);
    const read = database.read((query) => query('no_such_table').where({ secret: 'canary' }));
    await t.rejects(read, { code: 'INTERNAL' });
    t.notMatch(String((await read.catch((it) => it)).cause), /canary/);
  },
);

const bound: readonly (readonly [unknown, unknown])[] = [
  ['text', 'text'],
  ['', ''],
  ['a\u0000b', 'a\u0000b'],
  [1.5, 1.5],
  [2 ** 40, 2 ** 40],
  [5n, 5],
  [BigInt(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  [true, 1],
  [false, 0],
  [null, null],
  [Buffer.from([0, 255]), Buffer.from([0, 255])],
];

t.test('a bound value comes back as what it was', async (t) => {
  const database = await freshDatabase(t);
  for (const [value, stored] of bound) {
    const [row] = await database.read((query) => query.raw('SELECT :value AS it', { value }));
    t.same(row.it, stored, typeof value);
  }
});

const unbindable: readonly (readonly [string, unknown])[] = [
  ['a map', { a: 1 }],
  ['a date', new Date()],
  ['not a number', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['an integer too big for a number', 2n ** 60n],
  ['a symbol', Symbol('it')],
  ['half a character', 'a\ud800b'],
];

t.test('a value that the driver would store as something else is refused', async (t) => {
  const database = await freshDatabase(t);
  for (const [name, value] of unbindable) {
    const read = database.read((query) => query.raw('SELECT :value AS it', { value } as never));
    await t.rejects(read, { message: /cannot be stored/ }, name);
  }
});
