import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Migration } from '../../src/store/database.ts';
import { ask, closeHandle, openHandle } from '../../src/store/driver.ts';
import { inspectStore } from '../../src/store/inspect.ts';
import { migrate, pending } from '../../src/store/migrate.ts';
import { storeMigrations } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { readSelf } from '../../src/store/self.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { commandProcess, freshFolder, moduleArguments, otherProcess } from '../support/database.ts';
import { type Test, t } from '../support/tap.ts';

const shelf: Migration = {
  id: 'shelf',
  up: (query) => query.schema.createTable('shelf', (table) => void table.text('name')),
};

function open(path: string, mode: 'write' | 'read', migrations = [shelf]) {
  return openStore(`sqlite:${path}`, { mode, migrations });
}

/** A database of some hundred pages, closed in order. */
async function filled(path: string): Promise<void> {
  const { database, close } = await open(path, 'write');
  const names = Array.from({ length: 400 }, (_, at) => ({ name: `${at} `.repeat(300) }));
  await database.write(async (query) => {
    for (const name of names) await query('shelf').insert(name);
  });
  await close();
}

/** What the files of a folder hold; the log and its index come and go beside a database that is read. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && !/-(wal|shm)$/.test(it.name))
    .map((it) => join(it.parentPath, it.name));
  return Object.fromEntries(
    files
      .sort()
      .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

async function makeForeign(path: string, ...pragmas: string[]): Promise<void> {
  rmSync(path);
  rmSync(`${path}.birth`);
  writeFileSync(path, '');
  const handle = await openHandle(path, 'write');
  for (const pragma of pragmas) await ask(handle, `PRAGMA ${pragma}`);
  await ask(handle, 'CREATE TABLE recipe (title text)');
  await closeHandle(handle);
}

const garbage = new Uint8Array(100).fill(0xa5);

const damages: readonly {
  readonly what: string;
  readonly damage: (path: string) => void | Promise<void>;
  readonly code: string;
  readonly exit: number;
}[] = [
  {
    what: 'is cut in half',
    damage: (path) => truncateSync(path, 4096 * 20),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is cut in its header',
    damage: (path) => truncateSync(path, 40),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'has garbage for a header',
    damage: (path) => overwrite(path, 0, garbage),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'has garbage for its table of tables',
    damage: (path) => overwrite(path, 100, garbage),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is empty',
    damage: (path) => truncateSync(path, 0),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is missing',
    damage: (path) => rmSync(path),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is some text',
    damage: (path) => writeFileSync(path, 'shopping list: '.repeat(1000)),
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'was swapped for one of another installation',
    damage: async (path) => {
      const other = join(dirname(path), 'other.db');
      await filled(other);
      renameSync(other, path);
    },
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'has lost its own id',
    damage: async (path) => {
      const handle = await openHandle(path, 'write');
      await ask(handle, 'DELETE FROM meta');
      await closeHandle(handle);
    },
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is that of another program',
    damage: (path) => makeForeign(path, 'application_id = 1234'),
    code: 'STORE_FOREIGN',
    exit: 70,
  },
  {
    what: 'is that of another program, which keeps a log',
    damage: (path) => makeForeign(path, 'journal_mode = WAL'),
    code: 'STORE_FOREIGN',
    exit: 70,
  },
  {
    what: 'gave way to that of another program',
    damage: async (path) => {
      await makeForeign(path);
      writeFileSync(`${path}.birth`, 'what was here before');
    },
    code: 'STORE_DAMAGED',
    exit: 70,
  },
  {
    what: 'is a folder',
    damage: (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    code: 'STORE_UNREACHABLE',
    exit: 1,
  },
  {
    what: 'is below a file',
    damage: (path) => {
      rmSync(dirname(path), { recursive: true });
      writeFileSync(dirname(path), '');
    },
    code: 'STORE_UNREACHABLE',
    exit: 1,
  },
];

for (const { what, damage, code, exit } of damages) {
  t.test(`a database that ${what} is refused and left as it is`, async (t) => {
    const folder = freshFolder(t);
    const path = join(folder, 'data', 'test.db');
    await filled(path);
    await damage(path);
    const before = contents(folder);
    for (const mode of ['read', 'write'] as const) {
      const opening = open(path, mode);
      await t.rejects(opening, { code, exit }, mode);
      const error = await opening.catch((it: unknown) => it as { message: string; hint: string });
      t.match(`${(error as { message: string }).message}`, path, 'it names the file');
      t.match((error as { hint: string }).hint, /./, 'it says what to do');
      t.same(contents(folder), before, `${mode} touches nothing`);
    }
  });
}

t.test('a database that may not be written is refused, and read all the same', async (t) => {
  const folder = freshFolder(t);
  const path = join(folder, 'test.db');
  await filled(path);
  chmodSync(folder, 0o755);
  chmodSync(path, 0o444);
  chmodSync(`${path}.birth`, 0o444);
  const before = contents(folder);
  const other = otherProcess(
    t,
    `const { openStore } = await store('open');
     await import('knex');
     if (process.getuid() === 0) process.setuid(65534);
     await openStore('sqlite:' + args[0], { mode: 'write', migrations: [{ id: 'shelf' }] })
       .then(() => say('opened'), ({ code, hint }) => say(code + ' ' + hint));`,
    path,
  );
  t.match(await other.line(), new RegExp(`^STORE_UNREACHABLE .*ls -ld ${path}`));
  await other.ended();
  t.same(contents(folder), before);
});

t.test('a database is healthy again with its backup in its place', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  copyFileSync(path, `${path}.backup`);
  overwrite(path, 0, garbage);
  copyFileSync(`${path}.backup`, path);
  const { database, close } = await open(path, 'write');
  t.equal((await database.read((query) => query('shelf'))).length, 400);
  await close();
});

t.test('a backup put in a new place gets its certificate there', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  const certificate = readFileSync(`${path}.birth`, 'utf8');
  t.match(certificate, /^[0-9a-f-]{36}\n$/);
  rmSync(`${path}.birth`);
  await (await open(path, 'read')).close();
  t.notOk(readdirSync(dirname(path)).includes('test.db.birth'), 'reading makes none');
  await (await open(path, 'write')).close();
  t.equal(readFileSync(`${path}.birth`, 'utf8'), certificate);
});

t.test('without the certificate a missing database begins anew', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  rmSync(path);
  rmSync(`${path}.birth`);
  const { database, close } = await open(path, 'write');
  t.same(await database.read((query) => query('shelf')), []);
  await close();
});

t.test('a page that goes bad is told when it is read, and by an inspection', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  const well = await open(path, 'read');
  t.match(await inspectStore(well.database), /test\.db, 0\.\d MB, sound, SQLite 3\./);
  const [shelf] = await well.database.read((query) =>
    query.rows<{ rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'shelf'"),
  );
  await well.close();
  overwrite(path, 4096 * ((shelf?.rootpage ?? 1) - 1), new Uint8Array(4096).fill(0xa5));
  const ill = await open(path, 'read');
  t.teardown(() => ill.close());
  await t.rejects(
    ill.database.read((query) => query('shelf')),
    { code: 'STORE_DAMAGED' },
  );
  await t.rejects(inspectStore(ill.database), { code: 'STORE_DAMAGED', exit: 70 });
});

t.test('an inspection finds a reference to nothing', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const link: Migration = {
    id: 'link',
    up: (query) =>
      query.schema.createTable('link', (table) => {
        table.text('to').references('key').inTable('meta');
      }),
  };
  const { database, close } = await open(path, 'write', [link]);
  t.teardown(close);
  const handle = await openHandle(path, 'write');
  await ask(handle, "INSERT INTO link VALUES ('nowhere')");
  await closeHandle(handle);
  await t.rejects(inspectStore(database), { code: 'STORE_DAMAGED', message: /link.*meta/ });
});

t.test('reading where there is nothing makes nothing', async (t) => {
  const folder = freshFolder(t);
  const { database, close } = await open(join(folder, 'data', 'test.db'), 'read');
  t.same(await database.read((query) => query('shelf')), []);
  t.equal(database.location, join(folder, 'data', 'test.db'));
  await close();
  t.same(readdirSync(folder), []);
});

t.test('reading changes no byte, and sees what a killed writer had committed', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  const clean = contents(dirname(path));
  await readNames(t, path, 400);
  t.same(contents(dirname(path)), clean, 'after a writer that ended in order');

  const writer = otherProcess(
    t,
    `const { openSqlite } = await store('sqlite');
     const database = await openSqlite(args[0], { mode: 'write' });
     await database.write((query) => query('shelf').insert({ name: 'committed' }));
     await database.write(async (query) => {
       await query('shelf').insert({ name: 'half-way' });
       process.kill(process.pid, 'SIGKILL');
       await new Promise(() => undefined);
     });`,
    path,
  );
  t.equal(await writer.ended(), null);
  const log = readFileSync(`${path}-wal`);
  t.ok(log.length > 0, 'it left a log');
  await readNames(t, path, 401);
  t.same(contents(dirname(path)), clean, 'after a writer that was killed');
  t.ok(readFileSync(`${path}-wal`).equals(log), 'the log is as it was');
});

t.test('a write that was cut short is no damage: reading says so, writing mends it', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await filled(path);
  const writer = otherProcess(
    t,
    `const { ask, openHandle } = await store('driver');
     const handle = await openHandle(args[0], 'write');
     // What a database is made with before it keeps a log; pages reach the file before the commit.
     for (const sql of ['PRAGMA journal_mode = DELETE', 'PRAGMA cache_size = 1', 'BEGIN IMMEDIATE',
       "UPDATE shelf SET name = 'half-way' || name"]) await ask(handle, sql);
     process.kill(process.pid, 'SIGKILL');
     await new Promise(() => undefined);`,
    path,
  );
  t.equal(await writer.ended(), null);
  const before = contents(dirname(path));
  t.ok(`${path}-journal` in before, 'it left a journal');
  await t.rejects(open(path, 'read'), {
    code: 'STORE_UNREACHABLE',
    message: /cut short/,
    hint: /plumbline sync/,
  });
  t.same(contents(dirname(path)), before, 'reading touches nothing');
  const { database, close } = await open(path, 'write');
  const names: string[] = await database.read((query) => query('shelf').pluck('name'));
  t.equal(names.filter((it) => !it.startsWith('half-way')).length, 400, 'as before the write');
  await close();
});

async function readNames(t: Test, path: string, count: number): Promise<void> {
  const { database, close } = await open(path, 'read');
  t.equal((await database.read((query) => query('shelf').pluck('name'))).length, count);
  await t.rejects(
    database.write((query) => query('shelf').insert({ name: 'x' })),
    { code: 'STORE_UNREACHABLE' },
  );
  await close();
}

t.test('migrations are applied once, in order', async (t) => {
  const calls: string[] = [];
  const step = (id: string): Migration => ({
    id,
    up: async () => {
      calls.push(id);
    },
  });
  const database = await openSqlite(':memory:', { mode: 'write' });
  t.teardown(() => database.close());
  t.same(await migrate(database, [step('a'), step('b')]), ['a', 'b']);
  t.same(await migrate(database, [step('a'), step('b')]), []);
  t.same(
    pending(await database.read(readSelf), [step('a'), step('c'), step('b')], 'it').map(
      ({ id }) => id,
    ),
    ['c'],
  );
  t.same(await migrate(database, [step('a'), step('c'), step('b')]), ['c']);
  t.same(calls, ['a', 'b', 'c']);
});

t.test('a migration that fails leaves what was before all that came with it', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  const table = (id: string): Migration => ({
    id,
    up: (query) => query.schema.createTable(id, (it) => void it.text('a')),
  });
  await (await open(path, 'write', [shelf])).close();
  const failing: Migration = {
    id: 'failing',
    up: async (query) => {
      await query.schema.createTable('half', (table) => void table.text('a'));
      throw new Error('half-way');
    },
  };
  await t.rejects(open(path, 'write', [shelf, table('whole'), failing]), { message: 'half-way' });
  const { database, close } = await open(path, 'write', [shelf]);
  for (const name of ['whole', 'half'])
    t.notOk(await database.read((query) => query.schema.hasTable(name)), name);
  t.ok(await database.read((query) => query.schema.hasTable('shelf')));
  await close();
});

t.test(
  'migrations that are killed leave what was before them, and are done the next time',
  async (t) => {
    const path = join(freshFolder(t), 'test.db');
    const killed = otherProcess(
      t,
      `const { openStore } = await store('open');
     const table = (name, then) => ({ id: name, up: async (query) => {
       await query.schema.createTable(name, (it) => it.text('name'));
       await then?.();
     } });
     const die = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => undefined); };
     await openStore('sqlite:' + args[0], { mode: 'write', migrations: [table('shelf'), table('half', die)] });`,
      path,
    );
    t.equal(await killed.ended(), null);
    await t.rejects(open(path, 'read', [shelf, { ...shelf, id: 'half' }]), { code: 'STORE_OLDER' });
    const half: Migration = {
      id: 'half',
      up: (query) => query.schema.createTable('half', (table) => void table.text('name')),
    };
    const { database, close } = await open(path, 'write', [shelf, half]);
    t.ok(await database.read((query) => query.schema.hasTable('half')));
    await close();
  },
);

t.test('several processes may open a new database at once', async (t) => {
  for (let round = 0; round < 15; round += 1) {
    const path = join(freshFolder(t), 'test.db');
    const stores = await Promise.all([1, 2, 3, 4].map(() => open(path, 'write')));
    const births = await Promise.all(
      stores.map(({ database }) => database.read((query) => query('meta').pluck('value'))),
    );
    t.same(new Set(births.flat()).size, 1);
    t.equal(readFileSync(`${path}.birth`, 'utf8').trim(), births[0]?.[0]);
    for (const { close } of stores) await close();
  }
});

t.test('a database of a newer version is refused, one of an older only for reading', async (t) => {
  const path = join(freshFolder(t), 'test.db');
  await (await open(path, 'write', [shelf, { id: 'later', up: async () => undefined }])).close();
  const before = contents(dirname(path));
  for (const mode of ['read', 'write'] as const)
    await t.rejects(open(path, mode), { code: 'STORE_NEWER', exit: 70, message: /later/ }, mode);
  t.same(contents(dirname(path)), before);
  const newest = [shelf, { id: 'later' }, { id: 'latest' }] as Migration[];
  await t.rejects(open(path, 'read', newest), { code: 'STORE_OLDER', hint: /plumbline sync/ });
});

t.test('the tables of the store are what other rooms and plain SQL rely on', async (t) => {
  const database = await openSqlite(':memory:', { mode: 'write' });
  t.teardown(() => database.close());
  await migrate(database, storeMigrations);
  const tables = await database.read((query) =>
    query.raw<{ name: string }[]>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    ),
  );
  const own = [
    'approval',
    'claim',
    'contested',
    'crash',
    'declaration',
    'effect',
    'endpoint_state',
    'file',
    'held_plan',
    'inventory',
    'journal',
    'live_counter',
    'meta',
    'migration',
    'retry',
    'reversal',
    'revision_commit',
    'row_count',
    'sequence',
    'source',
    'spending',
    'suspension',
    'trash',
  ];
  t.same(
    tables.map(({ name }) => name),
    own,
  );
});

t.test('a URL that names no database is refused', async (t) => {
  for (const url of ['postgres://db/plumbline', 'sqlite:', 'plumbline.db'])
    await t.rejects(
      openStore(url, { mode: 'read', migrations: [] }),
      { code: 'CONFIG_INVALID', hint: /sqlite:data\/plumbline\.db/ },
      url,
    );
});

/** Writes until the disk refuses, tells the code and what is there, makes room, and goes on. Without NODE_OPTIONS, or the test runner writes there too. */
const fillUp = `
  const { openStore } = await store('open');
  const { rm } = await import('node:fs/promises');
  const [folder] = args;
  const shelf = { id: 'shelf', up: (query) => query.schema.createTable('shelf', (it) => it.text('name')) };
  const { database, close } = await openStore('sqlite:' + folder + '/test.db', { mode: 'write', migrations: [shelf] });
  let written = 0;
  const put = () => database.write((query) => query('shelf').insert({ name: 'x'.repeat(20000) }));
  let error;
  while (error === undefined && written < 500) await put().then(() => { written++; }, (it) => { error = it; });
  say(error.code);
  const [{ count }] = await database.read((query) => query('shelf').count('* as count'));
  say(count === written ? 'all there' : count + ' of ' + written);
  await rm(folder + '/ballast', { force: true });
  say(await put().then(() => 'goes on', (it) => it.code));
  await close();`;

t.test('a file that may not grow refuses the row and loses none', async (t) => {
  const folder = freshFolder(t);
  const limit = 'ulimit -f 1000; unset NODE_OPTIONS; exec "$0" "$@"';
  const other = commandProcess(
    t,
    '/bin/sh',
    ...['-c', limit, process.execPath, ...moduleArguments(fillUp, [folder])],
  );
  t.equal(await other.line(), 'STORE_UNREACHABLE');
  t.equal(await other.line(), 'all there');
});

t.test('a full disk refuses the row, loses none, and goes on when there is room', async (t) => {
  const folder = freshFolder(t);
  const disk = `mount -t tmpfs -o size=1m none ${folder} || { echo 'no disk'; exit; }
    head -c 300000 /dev/zero > ${folder}/ballast; unset NODE_OPTIONS; exec "$0" "$@"`;
  const other = commandProcess(
    t,
    'unshare',
    ...['-rm', '/bin/sh', '-c', disk, process.execPath, ...moduleArguments(fillUp, [folder])],
  );
  const said = await other.line().catch(() => 'no disk');
  if (said === 'no disk') t.pass('skipped: a small disk cannot be mounted here');
  else
    t.same([said, await other.line(), await other.line()], ['STORE_FULL', 'all there', 'goes on']);
});
