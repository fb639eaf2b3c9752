import { behindItsBack, freshDatabase } from '../support/database.ts';
import { t } from '../support/tap.ts';

t.test('statements are kept prepared, and nobody notices', async (t) => {
  const database = await freshDatabase(t);
  const ask = <T>(sql: string, ...values: readonly unknown[]) =>
    database.read((query) => query.rows<T>(sql, values));

  t.test('what was asked before is asked with other values', async (t) => {
    const sql = 'SELECT ? AS said, length(?) AS size';
    const long = 'x'.repeat(50_000);
    for (const said of ['a', long, 'b', null, 3, 'a'])
      t.same(await ask(sql, said, said), [
        { said, size: said === null ? null : String(said).length },
      ]);
  });

  t.test('the same statement is under way more than once', async (t) => {
    const answers = await database.read((query) =>
      Promise.all([1, 2, 3].map((it) => query.rows('SELECT ? AS it', [it]))),
    );
    t.same(answers, [[{ it: 1 }], [{ it: 2 }], [{ it: 3 }]]);
  });

  t.test(
    'one that cannot be prepared, or fails, is told each time and spoils no other',
    async (t) => {
      const attempts = [
        ['SELECT * FROM nowhere', []],
        ["SELECT json_extract(?, '$')", ['no json']],
      ] as const;
      for (const [sql, values] of attempts) {
        await t.rejects(database.read((query) => query.rows(sql, values)));
        const both = await database.read((query) =>
          Promise.allSettled([query.rows(sql, values), query.rows(sql, values)]),
        );
        t.same(
          both.map((it) => it.status),
          ['rejected', 'rejected'],
        );
      }
      t.same(await ask("SELECT json_extract(?, '$') AS it", '7'), [{ it: 7 }]);
    },
  );

  t.test('a table that somebody else has changed since is seen as it is', async (t) => {
    const columns = async () => Object.keys((await ask<object>('SELECT * FROM meta'))[0] ?? {});
    const before = await columns();
    await behindItsBack(database.location, 'ALTER TABLE meta ADD COLUMN remark TEXT');
    t.same(await columns(), [...before, 'remark']);
  });

  t.test('however many there are, a few hundred are kept and the database is closed', async (t) => {
    for (let at = 0; at < 500; at++) t.same(await ask(`SELECT ${at} AS it`), [{ it: at }]);
  });

  t.test('they are counted each time, transactions apart', async (t) => {
    const counted = await database.read(async (query) => {
      const before = [query.statements, query.rowsGiven];
      for (const _ of [1, 2, 3]) await query.rows('SELECT 1 AS it UNION SELECT 2');
      return [query.statements, query.rowsGiven].map((it, index) => it - (before[index] ?? 0));
    });
    t.same(counted, [3, 6]);
  });
});
