import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Database, Migration, Query } from '../../src/store/database.ts';
import { faultyDeclarations, faultyFiles } from '../../src/store/file-index.ts';
import {
  type InventoryRow,
  inventoryPages,
  markOrphaned,
  ownersOf,
  removeInventory,
  stageInventory,
} from '../../src/store/inventory.ts';
import {
  type EntryTime,
  entriesAfter,
  type HistoryFilter,
  history,
  type JournalEntry,
  newestEntryId,
  oldEntries,
  removeEntries,
  stageEntry,
} from '../../src/store/journal.ts';
import { keepingCounters, readLiveCounter, watchTable } from '../../src/store/live-counter.ts';
import {
  readSourceState,
  readSourceStates,
  type SourceState,
  writeSourceState,
} from '../../src/store/source-state.ts';
import { type Row, UnitOfWork } from '../../src/store/unit-of-work.ts';
import { freshDatabase } from '../support/database.ts';
import { inventoryOf } from '../support/standing.ts';
import { type Test, t } from '../support/tap.ts';

/** A parent with a column of every type, and children that hang on it and refer to another. */
const tables: Migration = {
  id: 'tables',
  up: async (query) => {
    await query.schema.createTable('parent', (table) => {
      table.integer('id').primary();
      table.text('name').unique();
      table.text('text');
      table.integer('whole');
      table.double('real');
      table.boolean('flag');
      table.text('json');
    });
    await query.schema.createTable('child', (table) => {
      table.integer('parent_id').notNullable().references('id').inTable('parent');
      table.integer('position').notNullable();
      table.integer('other').references('id').inTable('parent');
      table.primary(['parent_id', 'position']);
    });
    await watchTable(query, 'parent');
    await watchTable(query, 'child');
  },
};

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

function openTables(t: Test): Promise<Database> {
  return freshDatabase(t, [tables]);
}

/** Stages and flushes in one transaction. */
function flushed(database: Database, staging: (unit: UnitOfWork) => void): Promise<void> {
  return database.write((query) => {
    const unit = new UnitOfWork();
    staging(unit);
    return unit.flush(query);
  });
}

function rowsOf(database: Database, table: string): Promise<Row[]> {
  return database.read((query) => query(table).orderByRaw('1, 2'));
}

const awkward = [
  ...['', ' ', '0', '1', '-1', '007', '1e5', '0x10', '1.0', 'null', 'true', '[1]', '{"a":1}'],
  ...["it's", '"', '\\', '\\u0041', '\\ud800', '?', '\\?', ':name', '\u0000', 'a\u0000b', '🙂'],
  ...['\u2028', 'e\u0301', '\ufeff', 'NaN', '9223372036854775808', 'x'.repeat(70_000)],
];
const text = fc.oneof(fc.constantFrom(...awkward), fc.string({ unit: 'binary', maxLength: 40 }));
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 4 });
const cells = fc.record({
  text: orNull(text),
  whole: orNull(fc.maxSafeInteger()),
  real: orNull(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (it === 0 ? 0 : it)),
      // Each of these changes its last bit when SQLite reads the shortest form.
      fc.constantFrom(4.036933468617923e-246, 0.4976453673267833, 6.023291395970367e-15, 5e-324),
    ),
  ),
  flag: orNull(fc.boolean()),
  json: orNull(fc.jsonValue().map((it) => JSON.stringify(it))),
});

t.test('every cell comes back as the very value that went in', async (t) => {
  const database = await openTables(t);
  const writes: Record<string, (unit: UnitOfWork, row: Row) => void> = {
    insert: (unit, row) => unit.insert('parent', row),
    update: (unit, row) => unit.update('parent', row),
    upsert: (unit, row) => unit.upsert('parent', row, ['id']),
  };
  for (const [verb, write] of Object.entries(writes)) {
    await fc.assert(
      fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 60 }), async (made) => {
        const rows = made.map((row, at) => ({ id: at + 1, name: null, ...row }));
        await database.write(async (query) => {
          await query('parent').delete();
          if (verb === 'update') await query('parent').insert(rows.map(({ id }) => ({ id })));
          const unit = new UnitOfWork();
          for (const row of rows) write(unit, row);
          await unit.flush(query);
        });
        const expected = rows.map((row) => ({
          ...row,
          flag: row.flag === null ? null : Number(row.flag),
        }));
        deepStrictEqual(await rowsOf(database, 'parent'), expected, verb);
      }),
      { numRuns: 15 },
    );
    t.pass(verb);
  }
});

t.test('a cell that cannot be stored is refused when it is staged', async (t) => {
  const unit = new UnitOfWork();
  const bad = [undefined, {}, [], new Date(), Number.NaN, 2n ** 60n, Buffer.from('a')];
  for (const value of bad)
    t.throws(() => unit.insert('parent', { id: 1, text: value as never }), TypeError);
  t.throws(() => unit.insert('parent', { id: 1, text: 'a\ud800' }), { code: 'RECORD_REJECTED' });
  t.throws(() => unit.insert('parent"; DROP TABLE parent', { id: 1 }), TypeError);
});

t.test('rows with different columns go to the same table in one flush', async (t) => {
  const database = await openTables(t);
  await flushed(database, (unit) => {
    unit.insert('parent', { id: 1, name: 'a', whole: 1 });
    unit.insert('parent', { id: 2, real: 0.5 });
  });
  await flushed(database, (unit) => {
    unit.update('parent', { id: 1, whole: 2 });
    unit.update('parent', { name: 'a', flag: true }, ['name']);
    unit.update('parent', { id: 9, whole: 2 });
  });
  const blank = { name: null, text: null, whole: null, real: null, flag: null, json: null };
  t.same(await rowsOf(database, 'parent'), [
    { ...blank, id: 1, name: 'a', whole: 2, flag: 1 },
    { ...blank, id: 2, real: 0.5 },
  ]);
});

t.test('an upsert replaces what its keys find and leaves the other columns', async (t) => {
  const database = await openTables(t);
  await flushed(database, (unit) => unit.insert('parent', { id: 1, name: 'a', whole: 1 }));
  await flushed(database, (unit) => {
    unit.upsert('parent', { id: 5, name: 'a', text: 'new' }, ['name']);
    unit.upsert('parent', { id: 6, name: 'b', text: 'new' }, ['name']);
  });
  const rows = await database.read((query) =>
    query('parent').select('id', 'name', 'whole', 'text').orderBy('id'),
  );
  t.same(rows, [
    { id: 5, name: 'a', whole: 1, text: 'new' },
    { id: 6, name: 'b', whole: null, text: 'new' },
  ]);
});

const together: readonly {
  readonly what: string;
  readonly stage: (unit: UnitOfWork) => void;
  readonly parents: readonly unknown[];
  readonly children: readonly unknown[];
}[] = [
  {
    what: 'a child may be staged before its parent',
    stage: (unit) => {
      unit.insert('child', { parent_id: 3, position: 0, other: 4 });
      unit.insert('parent', { id: 3, name: 'c' });
      unit.insert('parent', { id: 4, name: 'd' });
    },
    parents: [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ],
    children: [
      [1, 0, 2],
      [3, 0, 4],
    ],
  },
  {
    what: 'children are replaced',
    stage: (unit) => {
      unit.insert('child', { parent_id: 1, position: 0, other: 1 });
      unit.insert('child', { parent_id: 1, position: 1, other: 2 });
      unit.remove('child', 'parent_id', 1);
    },
    parents: [
      [1, 'a'],
      [2, 'b'],
    ],
    children: [
      [1, 0, 1],
      [1, 1, 2],
    ],
  },
  {
    what: 'a unique value passes from what goes to what comes',
    stage: (unit) => {
      unit.insert('parent', { id: 3, name: 'a' });
      unit.remove('child', 'parent_id', 1);
      unit.remove('parent', 'id', 1);
    },
    parents: [
      [2, 'b'],
      [3, 'a'],
    ],
    children: [],
  },
  {
    what: 'a unique value passes from what changes to what comes',
    stage: (unit) => {
      unit.insert('parent', { id: 3, name: 'a' });
      unit.update('parent', { id: 1, name: 'z' });
    },
    parents: [
      [1, 'z'],
      [2, 'b'],
      [3, 'a'],
    ],
    children: [[1, 0, 2]],
  },
  {
    what: 'what is referred to may go when the reference changes in the same flush',
    stage: (unit) => {
      unit.remove('parent', 'id', 2);
      unit.update('child', { parent_id: 1, position: 0, other: null }, ['parent_id', 'position']);
    },
    parents: [[1, 'a']],
    children: [[1, 0, null]],
  },
  {
    what: 'rows are removed by several columns at once',
    stage: (unit) => {
      unit.removeMatching('child', { parent_id: 1, position: 0 });
      unit.removeMatching('child', { parent_id: 1, position: 7 });
      unit.removeMatching('parent', { id: 1, name: 'b' });
    },
    parents: [
      [1, 'a'],
      [2, 'b'],
    ],
    children: [],
  },
];

for (const { what, stage, parents, children } of together) {
  t.test(`in one flush, ${what}`, async (t) => {
    const database = await openTables(t);
    await flushed(database, (unit) => {
      unit.insert('parent', { id: 1, name: 'a' });
      unit.insert('parent', { id: 2, name: 'b' });
      unit.insert('child', { parent_id: 1, position: 0, other: 2 });
    });
    await flushed(database, stage);
    const pairs = (await rowsOf(database, 'parent')).map(({ id, name }) => [id, name]);
    t.same(pairs, parents);
    t.same((await rowsOf(database, 'child')).map(Object.values), children);
  });
}

t.test('a flush that leaves a reference to nothing writes nothing at all', async (t) => {
  const database = await openTables(t);
  await flushed(database, (unit) => {
    unit.insert('parent', { id: 1, name: 'a' });
    unit.insert('child', { parent_id: 1, position: 0 });
  });
  const broken = flushed(database, (unit) => {
    unit.insert('parent', { id: 2, name: 'b' });
    unit.remove('parent', 'id', 1);
  });
  await t.rejects(broken, { code: 'RECORD_REJECTED', message: /FOREIGN KEY/ });
  t.same((await rowsOf(database, 'parent')).length, 1);
});

t.test('thousands of rows take a handful of statements', async (t) => {
  const database = await openTables(t);
  const count = 2500;
  await database.write(async (query) => {
    const before = query.statements;
    const unit = new UnitOfWork();
    for (let id = 1; id <= count; id++) unit.insert('parent', { id, name: `name ${id}` });
    await unit.flush(query);
    t.equal(query.statements - before, 4, 'three, and one that puts foreign keys off');
    await unit.flush(query);
    t.equal(query.statements - before, 5, 'and they are forgotten');
  });
  const names = await database.read((query) => query('parent').orderBy('id').pluck('name'));
  t.equal(names.length, count);
  t.same(
    [names[0], names[999], names[1000], names.at(-1)],
    ['name 1', 'name 1000', 'name 1001', 'name 2500'],
  );
});

t.test('what is staged in parts is written while the rest is staged', async (t) => {
  const database = await openTables(t);
  await database.write(async (query) => {
    const unit = new UnitOfWork();
    const before = query.statements;
    const seen: number[] = [];
    await unit.stageInParts(query, numbers(2500), 500, (id) => {
      unit.insert('parent', { id, name: `name ${id}` });
      // Staging takes some time in earnest.
      const until = process.hrtime.bigint() + 20_000n;
      while (process.hrtime.bigint() < until);
      seen.push(query.statements - before);
    });
    t.equal(seen[499], 0, 'nothing before the first part is whole');
    t.equal(seen[500], 1, 'the second begins before the first is written');
    t.ok((seen[1499] as number) >= 2, 'and has it written by the third');
    await unit.flush(query);
    t.equal(query.statements - before, 10, 'two for each part, the last of which was left');
  });
  t.equal((await rowsOf(database, 'parent')).length, 2500);
});

t.test(
  'a part that fails, or what fails while one is written, leaves nothing behind',
  async (t) => {
    const staging = (fails: (id: number) => Row) => async (query: Query) => {
      const unit = new UnitOfWork();
      await unit.stageInParts(query, numbers(40), 10, (id) => unit.insert('parent', fails(id)));
      await unit.flush(query);
    };
    const twice = staging((id) => ({ id, name: id === 12 ? 'name 11' : `name ${id}` }));
    const wrong = staging((id) => {
      if (id === 35) throw new Error('no such thing');
      return { id, name: `name ${id}` };
    });
    const database = await openTables(t);
    await t.rejects(database.write(twice), { code: 'RECORD_REJECTED', message: /UNIQUE/ });
    await t.rejects(database.write(wrong), { message: 'no such thing' });
    // A part that was still written after the transaction was rolled back would be there for good.
    await database.write((query) => query.rows('SELECT 1'));
    t.same(await rowsOf(database, 'parent'), []);
  },
);

t.test('rows of great size are split by size, not only by number', async (t) => {
  const database = await openTables(t);
  const million = 'x'.repeat(1_000_000);
  await flushed(database, (unit) => {
    for (let id = 1; id <= 9; id++) unit.insert('parent', { id, text: `${id}${million}` });
  });
  const lengths = await database.read((query) =>
    query('parent').select(query.raw('length(text) AS n, substr(text, 1, 1) AS first')),
  );
  t.same(
    lengths,
    Array.from({ length: 9 }, (_, at) => ({ n: 1_000_001, first: String(at + 1) })),
  );
});

t.test('an id is never handed out twice', async (t) => {
  const database = await openTables(t);
  const allocate = (count: number) =>
    database.write((query) => new UnitOfWork().allocate(query, 'parent', count));
  t.same([await allocate(3), await allocate(2), await allocate(1)], [1, 4, 6], 'in a row');
  await flushed(database, (unit) => unit.insert('parent', { id: 6 }));
  await flushed(database, (unit) => unit.remove('parent', 'id', 6));
  t.equal(await allocate(1), 7, 'after the record is gone');
  await database.write((query) => query('parent').insert({ id: 40 }));
  t.same([await allocate(2), await allocate(1)], [41, 43], 'after somebody took one by hand');
  const fresh = await database.write((query) => query('parent').insert({ name: 'by hand' }));
  t.same(fresh, [41], 'somebody takes the next one by hand');
  t.equal(await allocate(1), 44);
});

const moves: readonly (readonly [string, (query: Query) => Promise<unknown>])[] = [
  ['an insert', (query) => query('parent').insert({ id: 3 })],
  ['an update', (query) => query('parent').where({ id: 1 }).update({ name: 'z' })],
  ['plain SQL', (query) => query.raw('UPDATE child SET position = 5')],
  ['a delete', (query) => query('child').delete()],
  ['a replacement', (query) => query.raw("REPLACE INTO parent (id, name) VALUES (2, 'y')")],
];

t.test('the live counter stands still while nothing changes, and moves with', async (t) => {
  const database = await openTables(t);
  await flushed(database, (unit) => {
    unit.insert('parent', { id: 1, name: 'a' });
    unit.insert('parent', { id: 2, name: 'b' });
    unit.insert('child', { parent_id: 1, position: 0 });
  });
  const counter = () => database.read(readLiveCounter);
  for (const [what, change] of moves) {
    const before = await counter();
    t.equal(await counter(), before);
    await database.write(change);
    t.not(await counter(), before, what);
  }
  const before = await counter();
  await database.write((query) => query('meta').insert({ key: 'a', value: 'b' }));
  t.equal(await counter(), before, 'a table that is not watched does not move it');
});

function state(name: string, more: Partial<SourceState> = {}) {
  return {
    name,
    revision: 'main@1',
    policyDigest: 'sha256:0',
    liveCounter: 0,
    outcome: 'converged',
    message: 'all is as it should be',
    records: 3,
    unchanged: 2,
    loader: '',
    updatedAt: '2026-01-01T00:00:00.000Z',
    lookAgainAt: null,
    held: null,
    ...more,
  };
}

t.test('our own writes keep the sources in step that were in step before', async (t) => {
  const database = await openTables(t);
  await database.write((query) => query('parent').insert({ id: 1 }));
  const now = await database.read(readLiveCounter);
  await database.write(async (query) => {
    await writeSourceState(query, state('in_step', { liveCounter: now }));
    await writeSourceState(query, state('behind', { liveCounter: now - 1 }));
    await writeSourceState(query, state('mine', { liveCounter: now }));
    await keepingCounters(query, () => query('parent').insert({ id: 2 }), 'mine');
  });
  const states = await database.read(readSourceStates);
  t.same(Object.fromEntries(states.map((it) => [it.name, it.liveCounter])), {
    behind: now - 1,
    in_step: now + 1,
    mine: now,
  });
});

t.test('the state of a source is remembered, and since when it is so', async (t) => {
  const database = await freshDatabase(t);
  const steps = [
    { outcome: 'converged', updatedAt: '2026-01-01', since: '2026-01-01' },
    { outcome: 'converged', updatedAt: '2026-01-02', since: '2026-01-01' },
    { outcome: 'stalled', updatedAt: '2026-01-03', since: '2026-01-03' },
    { outcome: 'converged', updatedAt: '2026-01-04', since: '2026-01-04' },
  ];
  t.equal(await database.read((query) => readSourceState(query, 'a')), undefined);
  for (const { outcome, updatedAt, since } of steps) {
    const written = state('a', { outcome, updatedAt, message: `on ${updatedAt}` });
    await database.write((query) => writeSourceState(query, written));
    t.same(await database.read((query) => readSourceState(query, 'a')), { ...written, since });
  }
});

function owned(name: string, more: Partial<InventoryRow> = {}): InventoryRow {
  return {
    account: 'default',
    space: 'llm_client',
    name,
    source: 'git',
    kind: 'LLMClient',
    file: 'a.yaml',
    document: 0,
    line: 1,
    blob: 'sha1:0',
    digest: 'sha256:0',
    applied: '{"n":1}',
    revision: 'main@1',
    orphaned: false,
    appliedAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

t.test('the inventory says who owns what, with one owner to a key', async (t) => {
  const database = await freshDatabase(t);
  const rows = [
    owned('a'),
    owned('b', { document: 1, line: 9 }),
    owned('c', { source: 'folder' }),
    owned('a', { space: 'plugin', source: 'folder' }),
  ];
  await flushed(database, (unit) => {
    for (const row of rows) stageInventory(unit, row);
  });
  t.same(await database.read((query) => inventoryOf(query, 'git')), [rows[0], rows[1]]);
  t.same(await database.read((query) => inventoryOf(query, 'nobody')), []);

  await flushed(database, (unit) => {
    stageInventory(unit, owned('b', { source: 'folder', digest: 'sha256:1' }));
    markOrphaned(unit, owned('a'));
    removeInventory(unit, owned('c'));
  });
  t.same(await database.read((query) => inventoryOf(query, 'git')), [
    owned('a', { orphaned: true }),
  ]);
  const owner = (space: string, name: string, source: string) => ({
    account: 'default',
    space,
    name,
    source,
  });
  const everybody = [
    owner('llm_client', 'a', 'git'),
    owner('llm_client', 'b', 'folder'),
    owner('plugin', 'a', 'folder'),
  ];
  const sorted = (all: typeof everybody) =>
    all.sort((x, y) => (x.space + x.name < y.space + y.name ? -1 : 1));
  t.same(sorted(await database.read((query) => ownersOf(query))), everybody);
});

t.test('what is applied again stays where it is in the indexes of the inventory', async (t) => {
  const database = await freshDatabase(t);
  const stage = (row: InventoryRow, before?: InventoryRow) =>
    flushed(database, (unit) => stageInventory(unit, row, before));
  await stage(owned('a'));
  await stage(owned('b', { source: 'folder' }));
  await database.write(async (query) => {
    await query.rows('CREATE TABLE moved (name text)');
    await query.rows(
      `CREATE TRIGGER note_moved AFTER UPDATE OF account, space, name, source, file ON inventory
       BEGIN INSERT INTO moved VALUES (new.name); END`,
    );
  });
  const again = owned('a', { digest: 'sha256:2', revision: 'main@2' });
  await stage(again, owned('a', { orphaned: true }));
  await stage(owned('b', { digest: 'sha256:2' }), owned('b'));
  const theirs = owned('b', { source: 'folder' });
  t.same(
    await database.read(async (query) => [
      ...(await inventoryOf(query, 'git')),
      ...(await inventoryOf(query, 'folder')),
    ]),
    [again, theirs],
    'what another source has taken meanwhile is its own',
  );
  t.same(await database.read((query) => query.rows('SELECT * FROM moved')), []);
  const moved = owned('a', { file: 'elsewhere.yaml' });
  await stage(moved, owned('a'));
  t.same(await database.read((query) => inventoryOf(query, 'git')), [moved]);
});

t.test('what is wrong in the file index is found at once, however much is right', async (t) => {
  const taken = [];
  for (const count of [30, 30_000]) {
    const database = await freshDatabase(t);
    await database.write(async (query) => {
      const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
      await query.rows(
        `${numbers} INSERT INTO file SELECT 'git', 'f' || i, 'sha1:1', 9, 0, 0, CASE i WHEN 7 THEN '[]' END FROM n`,
      );
      await query.rows(
        `${numbers} INSERT INTO declaration SELECT 'git', 'f' || i, 0, 'default', 'plugin', 'p' || i, 'Plugin',
           'p' || i, 1, 1, 0, 1, CASE i WHEN 7 THEN NULL ELSE 'sha256:1' END, NULL, '[]', '[]', 0 FROM n`,
      );
    });
    const times = [];
    for (let turn = 0; turn < 5; turn++) {
      const before = performance.now();
      const found = await database.read(async (query) => [
        ...(await faultyFiles(query, 'git')),
        ...(await faultyDeclarations(query, 'git')),
      ]);
      times.push(performance.now() - before);
      t.same(
        found.map((it) => it.path),
        ['f7', 'f7'],
      );
    }
    taken.push(Math.min(...times));
  }
  const [small = 0, large = 0] = taken;
  t.ok(
    large < small * 8,
    `${large.toFixed(2)} ms for a thousand times what took ${small.toFixed(2)}`,
  );
});

t.test('a large inventory is read in pages, each row once, in the order of the keys', async (t) => {
  const database = await freshDatabase(t);
  const names = Array.from({ length: 2001 }, (_, at) => `n${String(at).padStart(4, '0')}`);
  await flushed(database, (unit) => {
    for (const name of [...names].reverse()) {
      stageInventory(unit, owned(name));
      stageInventory(unit, owned(`x${name}`, { source: 'other' }));
    }
  });
  const sizes: number[] = [];
  const found: string[] = [];
  await database.read(async (query) => {
    for await (const page of inventoryPages(query, 'git')) {
      sizes.push(page.length);
      found.push(...page.map(({ name }) => name));
    }
  });
  t.same(sizes, [300, 300, 300, 300, 300, 300, 201]);
  t.same(found, names);
});

function entry(more: Partial<JournalEntry>): JournalEntry {
  return {
    run: 'run 1',
    at: '2026-01-01T00:00:00.000Z',
    actor: 'source:git',
    trigger: 'interval',
    source: 'git',
    revision: 'main@1',
    file: 'a.yaml',
    line: 1,
    account: 'default',
    space: 'llm_client',
    kind: 'LLMClient',
    name: 'a',
    verb: 'create',
    outcome: 'applied',
    before: null,
    after: '{"n":1}',
    beforeDigest: null,
    afterDigest: 'sha256:1',
    message: null,
    durationMs: 3,
    ...more,
  };
}

const nobody = {
  after: null,
  file: null,
  line: null,
  account: null,
  space: null,
  kind: null,
  name: null,
};
const account = [
  entry({}),
  entry({ name: 'b', at: '2026-01-02', actor: 'eve' }),
  entry({
    ...nobody,
    verb: 'sync',
    outcome: 'converged',
    at: '2026-01-02',
    message: 'fine',
    revision: 'main@sha1:4f2c9e',
  }),
  entry({ run: 'run 2', verb: 'update', outcome: 'failed', source: null, at: '2026-01-03' }),
  entry({ run: 'run 2', kind: 'Plugin', space: 'plugin', account: 'other', at: '2026-01-04' }),
];

const questions: readonly (readonly [HistoryFilter, readonly number[]])[] = [
  [{}, [5, 4, 3, 2, 1]],
  [{ run: 'run 2' }, [5, 4]],
  [{ name: 'a', kind: 'LLMClient' }, [4, 1]],
  [{ account: 'other' }, [5]],
  [{ space: 'plugin', name: 'a' }, [5]],
  [{ source: 'git', verb: 'create' }, [5, 2, 1]],
  [{ outcome: 'failed' }, [4]],
  [{ actor: 'eve', limit: 9 }, [2]],
  [{ revision: 'main@sha1:4f2c' }, [3]],
  [{ revision: '4f2c' }, [3]],
  [{ revision: 'f2c' }, []],
  [{ since: '2026-01-02', until: '2026-01-04' }, [4, 3, 2]],
  [{ limit: 2 }, [5, 4]],
  [{ limit: 2, beforeId: 4 }, [3, 2]],
  [{ run: undefined, name: undefined, limit: undefined }, [5, 4, 3, 2, 1]],
  [{ run: "'; DROP TABLE journal; --" }, []],
];

t.test('the journal answers, newest first', async (t) => {
  const database = await freshDatabase(t);
  await flushed(database, (unit) => {
    for (const one of account) stageEntry(unit, one);
  });
  for (const [filter, ids] of questions) {
    const rows = await database.read((query) => history(query, filter));
    t.same(
      rows.map(({ id }) => id),
      ids,
      JSON.stringify(filter),
    );
    t.same(
      rows,
      ids.map((id) => ({ ...account[id - 1], id })),
    );
  }
});

t.test('a follower gets what was written after the last entry it saw, oldest first', async (t) => {
  const database = await freshDatabase(t);
  t.equal(await database.read(newestEntryId), 0);
  await flushed(database, (unit) => {
    for (const one of account) stageEntry(unit, one);
  });
  t.equal(await database.read(newestEntryId), 5);
  const after = async (filter: HistoryFilter, id: number) =>
    (await database.read((query) => entriesAfter(query, filter, id))).map((row) => row.id);
  t.same(await after({}, 0), [1, 2, 3, 4, 5]);
  t.same(await after({ limit: 2 }, 1), [2, 3]);
  t.same(await after({ name: 'a' }, 1), [4, 5]);
  t.same(await after({}, 5), []);
});

t.test('the journal is only ever added to, and trimmed by age', async (t) => {
  const database = await freshDatabase(t);
  await flushed(database, (unit) => {
    for (const one of account) stageEntry(unit, one);
  });
  const rewriting = database.write((query) => query('journal').update({ actor: 'somebody' }));
  await t.rejects(rewriting, { message: /the journal is append-only/ });
  const old = (before: string, after?: EntryTime) =>
    database.read((query) => oldEntries(query, before, after));
  t.same(await old('2026-01-01'), undefined);
  const first = { dispensable: [3], upTo: { at: '2026-01-02', id: 3 } };
  t.same(await old('2026-01-03'), first, 'what a record holds since is told by nothing else');
  await flushed(database, (unit) => {
    stageEntry(unit, entry({ verb: 'update' }));
    stageEntry(unit, entry({ verb: 'delete', name: 'b', before: '{"n":1}', after: null }));
  });
  const all = await old('2027');
  const upTo = { at: '2026-01-04', id: 5 };
  t.same(all, { dispensable: [1, 7, 2, 3, 4], upTo }, 'nor is it needed any more');
  t.same(await old('2027', { at: '2026-01-02', id: 3 }), { dispensable: [4], upTo });
  await database.write((query) => removeEntries(query, all?.dispensable ?? []));
  await flushed(database, (unit) => stageEntry(unit, entry({})));
  const rows = await database.read((query) => history(query, {}));
  t.same(
    rows.map(({ id }) => id),
    [8, 6, 5],
    'an id is not used again',
  );
});

t.test(
  'questions by time find what a clock that was set back has written out of order',
  async (t) => {
    const database = await freshDatabase(t);
    const days = ['05', '01', '04', '02', '03'];
    await flushed(database, (unit) => {
      for (const day of days) stageEntry(unit, entry({ at: `2026-01-${day}`, after: null }));
    });
    const ids = async (filter: HistoryFilter) =>
      (await database.read((query) => history(query, filter))).map((row) => row.id);
    t.same(await ids({ since: '2026-01-03' }), [5, 3, 1]);
    t.same(await ids({ until: '2026-01-03' }), [4, 2]);
    t.same(await ids({ since: '2026-01-02', until: '2026-01-05', beforeId: 5 }), [4, 3]);
    t.same(await ids({ since: '2027' }), []);
    const old = await database.read((query) => oldEntries(query, '2026-01-04'));
    t.same(old, { dispensable: [2, 4, 5], upTo: { at: '2026-01-03', id: 5 } });
  },
);

t.test('questions by time go by the index of the journal, not through all of it', async (t) => {
  const database = await freshDatabase(t);
  const asked: Record<string, (query: Query) => Promise<unknown>> = {
    since: (query) => history(query, { since: '2026-01-03' }),
    until: (query) => history(query, { until: '2026-01-03' }),
    'a follower': (query) => entriesAfter(query, { since: '2026-01-03' }, 1),
    trimming: (query) => oldEntries(query, '2026-01-03'),
  };
  for (const [what, ask] of Object.entries(asked)) await t.resolves(database.read(ask), what);
  // A statement that names its index is refused without it; any other would be answered all the same.
  await database.write((query) => query.raw('DROP INDEX journal_at'));
  for (const [what, ask] of Object.entries(asked)) await t.rejects(database.read(ask), what);
});
