import fc from 'fast-check';
import type { Database } from '../../src/store/database.ts';
import { countDeclarations } from '../../src/store/file-index.ts';
import { countOwned, removeInventory, stageInventory } from '../../src/store/inventory.ts';
import { storeMigrations } from '../../src/store/migrations.ts';
import { UnitOfWork } from '../../src/store/unit-of-work.ts';
import { freshDatabase } from '../support/database.ts';
import { t } from '../support/tap.ts';

const sources = ['git', 'folder', 'other'];
const row = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  account: fc.constantFrom('default', 'second'),
  source: fc.constantFrom(...sources),
});
type Owner = { name: string; account: string; source: string };

const owned = ({ name, account, source }: Owner) => ({
  ...{ account, space: 'plugin', name, source, kind: 'Plugin', file: 'a.yaml', document: 0 },
  ...{ line: 1, blob: 'sha1:1', digest: 'sha256:1', applied: '{}', revision: 'main@1' },
  ...{ orphaned: false, appliedAt: '2026-01-01T00:00:00.000Z' },
});

/** What is counted as it comes and goes, and what there is. */
async function counts(database: Database) {
  return database.read(async (query) => {
    const told: Record<string, number> = {};
    const real: Record<string, number> = {};
    const add = async (id: string, count: Promise<number>, sql: string) => {
      told[id] = await count;
      real[id] = (await query.rows<{ count: number }>(sql))[0]?.count ?? -1;
    };
    for (const source of sources) {
      const declared = `SELECT count(*) AS count FROM declaration WHERE source = '${source}'`;
      await add(`${source} declares`, countDeclarations(query, source), declared);
      for (const account of ['default', 'second'])
        await add(
          `${source} owns in ${account}`,
          countOwned(query, source, account),
          `SELECT count(*) AS count FROM inventory WHERE source = '${source}' AND account = '${account}'`,
        );
    }
    return { told, real };
  });
}

t.test(
  'rows are counted as they come and go, whoever makes them and takes them over',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ row, how: fc.constantFrom('put', 'gone', 'sql') }), { maxLength: 12 }),
        async (acts) => {
          const database = await freshDatabase(t);
          for (const { row: it, how } of acts) {
            await database.write(async (query) => {
              const unit = new UnitOfWork();
              if (how === 'put') stageInventory(unit, owned(it));
              if (how === 'gone') removeInventory(unit, owned(it));
              await unit.flush(query);
              if (how !== 'sql') return;
              const { source, account, name } = it;
              await query.rows(`DELETE FROM inventory WHERE name = '${name}'`);
              await query.rows(
                `UPDATE inventory SET source = '${source}' WHERE account = '${account}'`,
              );
              await query.rows(
                `INSERT OR IGNORE INTO declaration VALUES ('${source}', '${name}', 0, '${account}', 'plugin', 'p', 'Plugin', 'p', 1, 1, 0, 1, NULL, NULL, '[]', '[]', 0)`,
              );
              if (account === 'second')
                await query.rows(`DELETE FROM declaration WHERE source = 'git'`);
            });
          }
          const { told, real } = await counts(database);
          t.same(told, real);
        },
      ),
      { numRuns: 30 },
    );
  },
);

t.test('a database from before is counted when it is brought up to date', async (t) => {
  const database = await freshDatabase(t);
  const count = storeMigrations.find(({ id }) => id === 'count_1');
  await database.write(async (query) => {
    for (const table of ['inventory', 'declaration'])
      for (const what of ['added', 'gone', 'moved'])
        await query.rows(`DROP TRIGGER ${table}_${what}`);
    await query.rows('DROP TABLE row_count');
    const unit = new UnitOfWork();
    for (const name of ['a', 'b'])
      stageInventory(unit, owned({ name, account: 'default', source: 'git' }));
    await unit.flush(query);
    await count?.up(query);
  });
  const { told, real } = await counts(database);
  t.same(told, real);
  t.equal(told['git owns in default'], 2);
});
