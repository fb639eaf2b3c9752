import { llmClient } from '../../src/kinds/llm-client/kind.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import { planRestore } from '../../src/reconcile/restore.ts';
import { counted, type Work } from '../../src/reconcile/work.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/** Many clients that refer to a few others, as in a real repository. */
function files(count: number): Record<string, string> {
  const clients = Array.from({ length: count }, (_, at) => [
    `clients/${at}.yaml`,
    clientYaml(`bot_${at}`, { appName: 'a bot' }, { apiKey: 'key', plugins: [`p_${at % 3}`] }),
  ]);
  const plugins = [0, 1, 2].map((at) => [`plugins/${at}.yaml`, pluginYaml(`p_${at}`)]);
  return Object.fromEntries([['key.yaml', tokenYaml('key')], ...clients, ...plugins]);
}

async function settled(t: Parameters<typeof freshPorts>[0], count: number) {
  const ports = await freshPorts(t);
  const source = new FakeSource(files(count));
  const first = await look(ports, source);
  if (first.outcome !== 'converged') throw new Error(first.message);
  return { ports, source, first };
}

async function look(ports: Ports, source: FakeSource, trusting = true) {
  const occasion = {
    trigger: 'interval',
    actor: 'test',
    settled: trusting ? ['converged'] : [],
  } as const;
  return reconcile(ports, targetOf(source), occasion, never);
}

const sizes = [20, 200];

const by = { actor: 'user:ann', signal: never };
const refers = { apiKey: 'key', plugins: ['p_0'] };
const more = { appName: 'another' };

t.test(
  'a look where nothing has moved costs the same few rows, however much there is',
  async (t) => {
    const works = [];
    for (const size of sizes) {
      const { ports, source } = await settled(t, size);
      const { work, settled: quiet } = await look(ports, source);
      t.equal(quiet, true);
      works.push(work);
    }
    const [small, large] = works;
    t.same(large, small);
    t.match(small, { filesListed: 0, filesRead: 0 });
    t.ok((small?.statements ?? 99) <= 8, `${small?.statements} statements`);
    t.ok((small?.rows ?? 99) <= 3, `${small?.rows} rows`);
  },
);

t.test(
  'one changed file is read alone, and asks the database the same, however much there is',
  async (t) => {
    for (const change of ['changed', 'new', 'moved', 'removed'] as const) {
      const works = [];
      for (const size of sizes) {
        const { ports, source } = await settled(t, size);
        const { 'clients/7.yaml': seven = '', ...others } = source.files;
        const after = {
          changed: { ...source.files, 'clients/7.yaml': seven.replace('a bot', 'another bot') },
          new: { ...source.files, 'new.yaml': clientYaml('newcomer', {}, { apiKey: 'key' }) },
          moved: { ...others, 'moved/7.yaml': seven },
          removed: others,
        };
        source.files = after[change];
        const { work, outcome, summary } = await look(ports, source);
        t.equal(outcome, 'converged');
        t.equal(
          summary.unchanged,
          change === 'changed' || change === 'removed' ? size + 3 : size + 4,
        );
        works.push(work);
      }
      const [small, large] = works;
      t.same(large, small, `a file is ${change}`);
      const read = change === 'removed' ? 0 : 1;
      t.match(small, { filesListed: read, filesRead: read });
      t.ok((small?.statements ?? 999) < 110, `${change}: ${small?.statements} statements`);
    }
  },
);

t.test('of a changed file the index is written where it says something else', async (t) => {
  const { ports, source } = await settled(t, 3);
  const written = async (after: Record<string, string>) => {
    await ports.database.write((query) => query.rows('DELETE FROM written'));
    source.files = after;
    t.equal((await look(ports, source)).outcome, 'converged');
    const rows = await ports.database.read((query) =>
      query.rows<{ what: string; n: number }>(
        'SELECT what, count(*) AS n FROM written GROUP BY what',
      ),
    );
    return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
  };
  await ports.database.write(async (query) => {
    await query.rows('CREATE TABLE written (what text)');
    for (const table of ['file', 'declaration', 'claim'])
      for (const verb of ['insert', 'update', 'delete'])
        await query.rows(
          `CREATE TRIGGER note_${table}_${verb} AFTER ${verb} ON ${table} BEGIN INSERT INTO written VALUES ('${verb} ${table}'); END`,
        );
  });
  const { 'clients/1.yaml': one = '', ...others } = source.files;
  const changed = one.replace('a bot', 'another');
  t.same(await written({ ...others, 'clients/1.yaml': changed }), {
    'update file': 1,
    'update declaration': 1,
  });
  const moved = changed.replace('"appName"', '"subdomain": "there", "appName"');
  t.same(
    await written({ ...others, 'clients/1.yaml': moved }),
    { ...{ 'update file': 1, 'update declaration': 1 }, 'delete claim': 1, 'insert claim': 1 },
    'another address is another claim',
  );
  t.same(
    await written({ ...others, 'clients/1.yaml': `${pluginYaml('one')}---\n${moved}` }),
    {
      ...{ 'update file': 1, 'update declaration': 1, 'insert declaration': 1 },
      ...{ 'delete claim': 1, 'insert claim': 1 },
    },
    'what moved down in the file lies at another place',
  );
  t.same(
    await written({ ...others, 'clients/1.yaml': moved }),
    {
      ...{ 'update file': 1, 'update declaration': 1, 'delete declaration': 1 },
      ...{ 'delete claim': 1, 'insert claim': 1 },
    },
    'and up again',
  );
  t.same(await written(others), {
    'delete file': 1,
    'delete declaration': 1,
    'delete claim': 1,
  });
});

t.test('a look at everything parses nothing that is known, and asks page by page', async (t) => {
  const [small, large] = await Promise.all(
    [500, 2500].map(async (size) => {
      const { ports, source, first } = await settled(t, size);
      const { work, summary } = await look(ports, source, false);
      t.match(work, { filesListed: size + 4, filesRead: 0 });
      t.equal(summary.unchanged, size + 4);
      return { cold: first.work, again: work };
    }),
  );
  // Twice a thousand more: two pages more of each of a handful of tables.
  const more = (of: 'cold' | 'again') =>
    (large?.[of].statements ?? 0) - (small?.[of].statements ?? 0);
  t.ok(more('again') < 20, `${more('again')} statements for 2,000 records`);
  t.ok(more('cold') < 200, `${more('cold')} statements for 2,000 new records`);
});

t.test(
  'a file that could not be learned is tried again, though its content is the same',
  async (t) => {
    const { ports, source } = await settled(t, 5);
    const problem = {
      severity: 'error',
      code: 'MANIFEST_LIMIT',
      file: 'key.yaml',
      message: 'too slow',
    };
    await ports.database.write(async (query) => {
      const learned = { unknown: true, problems: JSON.stringify([problem]) };
      await query('file').where({ path: 'key.yaml' }).update(learned);
      await query('source').update({ outcome: 'stalled' });
    });
    source.files = { ...source.files, 'new.yaml': pluginYaml('new') };
    const { outcome, problems, work } = await look(ports, source);
    t.equal(outcome, 'converged');
    t.same(problems, []);
    t.equal(work.filesRead, 2);
  },
);

t.test('a full comparison costs in proportion to what there is', async (t) => {
  const taken: number[] = [];
  for (const size of [300, 3000]) {
    const { ports, source } = await settled(t, size);
    // Of all threads, so that a statement that looks through a table for each record shows too.
    const before = process.cpuUsage();
    const { outcome, work } = await look(ports, source, false);
    const { user, system } = process.cpuUsage(before);
    t.equal(outcome, 'converged');
    t.equal(work.filesRead, 0);
    taken.push(user + system);
  }
  const [small = 0, large = 0] = taken;
  t.ok(large < small * 15, `ten times as much takes ${(large / small).toFixed(1)} times as long`);
});

t.test('a verb by hand reads what it is about, however much there is', async (t) => {
  const verbs: Readonly<Record<string, (resources: Resources, ports: Ports) => Promise<unknown>>> =
    {
      apply: (resources) => resources.ofText(clientYaml('by_hand', more, refers)).apply(by),
      'apply anew': (resources) => resources.ofText(clientYaml('fresh', more, refers)).apply(by),
      deploy: (resources) => resources.named('llmclient', 'by_hand').deploy(by),
      undeploy: (resources) => resources.named('llmclient', 'by_hand').undeploy(by),
      delete: (resources) => resources.named('llmclient', 'by_hand').delete(by),
      restore: (_, ports) =>
        planRestore(ports, llmClient, { account: 'default', space: 'llm_client', name: 'by_hand' }),
    };
  const works = await Promise.all(
    sizes.map(async (size) => {
      const { ports } = await settled(t, size);
      const work: Record<string, Work> = {};
      const resources = (of: Ports) => Object.assign(new Resources(of, 'default'), { ports: of });
      await resources(ports)
        .ofText(clientYaml('by_hand', {}, refers))
        .apply(by);
      for (const [verb, act] of Object.entries(verbs)) {
        const each = counted(ports, targetOf(new FakeSource()));
        await act(new Resources(each.ports, 'default'), each.ports);
        work[verb] = each.work;
      }
      return work;
    }),
  );
  const [small, large] = works;
  t.same(large, small);
  for (const verb of Object.keys(verbs))
    t.ok((small?.[verb]?.rows ?? 999) < 30, `${verb}: ${small?.[verb]?.rows} rows`);
});
