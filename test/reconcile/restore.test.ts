import fc from 'fast-check';
import { recordShape } from '../../src/broker/record-shape.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import type { ResourceKey } from '../../src/manifest/manifest.ts';
import { executeManual, planDelete } from '../../src/reconcile/manual.ts';
import type { Target } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { planRestore, type Restoration } from '../../src/reconcile/restore.ts';
import { history } from '../../src/store/journal.ts';
import { trash } from '../../src/store/trash.ts';
import { manifestSet, secretEnvironment } from '../support/generate.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

type Ports = Awaited<ReturnType<typeof freshPorts>>;

const sync = (ports: Ports, target: Target) =>
  reconcile(ports, target, { trigger: 'command', actor: 'user:ann', settled: [] }, never);

const ann = { actor: 'user:ann', signal: never };

const kindOf = (name: string) => kinds.byName(name) as Kind;

async function restore(ports: Ports, kind: string, name: string): Promise<Restoration> {
  const { space } = kindOf(kind);
  const made = await planRestore(ports, kindOf(kind), { account: 'default', space, name });
  const results = await executeManual(ports, made.plan, ann);
  const failed = results.find((it) => it.outcome === 'failed');
  if (failed !== undefined) throw new Error(`${name}: ${failed.error?.message}`);
  return made;
}

/** Every row of every kind's tables, but for what counts writes and when the last one was. */
async function rows({ database }: Ports): Promise<Record<string, unknown[]>> {
  const shapes = kinds.all.map((kind) => recordShape(kind, kinds));
  const tables = new Set(
    shapes.flatMap((it) => [
      it.main,
      ...it.ones.map((one) => one.table),
      ...it.lists.map((list) => list.table),
    ]),
  );
  const all: Record<string, unknown[]> = {};
  for (const table of tables) {
    const found = await database.read((query) => query(table).select<Record<string, unknown>[]>());
    all[table] = found
      .map(({ generation: _, updated_at: __, ...row }) => JSON.stringify(row))
      .sort();
  }
  return all;
}

async function keysOf({ database }: Ports): Promise<{ kind: string; key: ResourceKey }[]> {
  const now = '2000-01-01';
  const all = await database.read((query) => trash(query, now));
  return all.map(({ kind, account, space, name }) => ({ kind, key: { account, space, name } }));
}

t.test(
  'whatever a sync deletes comes back to the byte, of every kind, with its children and its sealed values',
  async (t) => {
    const ports = await freshPorts(t, kinds, secretEnvironment);
    const counts = {
      tokens: 4,
      secrets: 4,
      providers: 4,
      sqlConnections: 4,
      apiConnections: 4,
      plugins: 6,
      sqlPlugins: 4,
      apiPlugins: 4,
      clients: 12,
    };
    const seed = Number(process.env['PLUMBLINE_SEED'] ?? Date.now() % 1_000_000);
    t.comment(`seed ${seed}`);
    const [set = []] = fc.sample(manifestSet(counts), { seed, numRuns: 1 });
    const files = Object.fromEntries(set.map((it, at) => [`${at}.yaml`, JSON.stringify(it)]));
    const source = new FakeSource(files);
    const target = targetOf(source, { allowEmpty: true });
    const made = await sync(ports, target);
    t.equal(made.outcome, 'converged', made.message);
    const before = await rows(ports);
    const endpoints = ports.endpoint.standing();
    const ids = async () => ports.database.read((query) => query('llm_client').pluck('generation'));
    const generations = await ids();
    source.files = {};
    t.equal((await sync(ports, target)).outcome, 'converged');
    t.same(Object.values(await rows(ports)).flat(), [], 'all of it is gone');
    t.ok(Object.values(ports.endpoint.standing()).every((it) => it === 'withdrawn'));

    const deleted = await keysOf(ports);
    t.equal(deleted.length, set.length);
    const inOrder = [...deleted].sort((a, b) => kinds.rank(a.key.space) - kinds.rank(b.key.space));
    for (const { kind, key } of inOrder) t.same((await restore(ports, kind, key.name)).lost, []);
    t.same(await rows(ports), before);
    t.same(ports.endpoint.standing(), endpoints, 'what was published is published again');
    t.ok(
      (await ids()).every((it) => it > Math.max(...generations)),
      'generations move on',
    );
    t.same(await keysOf(ports), [], 'the trash is empty');

    t.equal((await sync(ports, target)).outcome, 'converged');
    t.same(await rows(ports), before, 'no sync deletes what belongs to nobody');
    source.files = files;
    const again = await sync(ports, target);
    t.same(
      [...new Set(again.outcomes.map((it) => it.change.action))],
      ['adopt'],
      'committed again, it is simply taken over',
    );
    t.same(await rows(ports), before);
  },
);

/** A client with a key and plugins, deployed, and then deleted by its source together with what is named. */
async function deletedWith(t: Test, ...gone: string[]): Promise<Ports> {
  const ports = await freshPorts(t);
  const files: Record<string, string> = {
    'key.yaml': tokenYaml('key'),
    'returns.yaml': pluginYaml('returns'),
    'hours.yaml': pluginYaml('hours'),
    'bot.yaml': clientYaml(
      'bot',
      { deployed: true },
      { apiKey: 'key', plugins: ['returns', 'hours'] },
    ),
    'stays.yaml': pluginYaml('stays'),
  };
  const source = new FakeSource(files);
  await sync(ports, targetOf(source));
  source.files = Object.fromEntries(
    Object.entries(files).filter(([file]) => ![...gone, 'bot'].includes(file.replace('.yaml', ''))),
  );
  const { outcome, message } = await sync(ports, targetOf(source));
  if (outcome !== 'converged') throw new Error(message);
  return ports;
}

const clientOf = async ({ database, brokers }: Ports) =>
  database.read((query) => brokers.of('LLMClient').find(query, 'default', 'bot'));

t.test('a restored record is journalled, and says where it came from', async (t) => {
  const ports = await deletedWith(t);
  const { trashed } = await restore(ports, 'LLMClient', 'bot');
  t.match(trashed, { source: 'team', file: 'bot.yaml', revision: /^sha256:/, actor: 'user:ann' });
  t.match(await clientOf(ports), {
    deployed: true,
    manifest: { spec: { apiKey: 'key', plugins: ['returns', 'hours'] } },
  });
  const [entry] = await ports.database.read((query) => history(query, { verb: 'restore' }));
  t.match(entry, { name: 'bot', actor: 'user:ann', outcome: 'applied' });
});

t.test('what it referred to and is gone is told, and it comes back without that', async (t) => {
  const ports = await deletedWith(t, 'returns');
  const { lost } = await restore(ports, 'LLMClient', 'bot');
  t.same(lost, [{ path: 'spec.plugins', space: 'plugin', name: 'returns' }]);
  t.match(await clientOf(ports), { deployed: true, manifest: { spec: { plugins: ['hours'] } } });

  const open = await deletedWith(t, 'key');
  const without = await restore(open, 'LLMClient', 'bot');
  t.match(without.lost, [{ path: 'spec.apiKey', name: 'key' }]);
  t.match(
    await clientOf(open),
    { deployed: false },
    'never published without the key that guarded it',
  );
});

t.test(
  'a record of that name is not replaced, and what is not there or over its time is not found',
  async (t) => {
    const ports = await deletedWith(t);
    const key = { account: 'default', space: 'llm_client', name: 'bot' };
    const plan = () => planRestore(ports, kindOf('LLMClient'), key);
    await t.rejects(planRestore(ports, kindOf('LLMClient'), { ...key, name: 'nobody' }), {
      code: 'RECORD_NOT_FOUND',
    });
    await t.rejects(planRestore(ports, kindOf('Plugin'), { ...key, space: 'plugin' }), {
      code: 'RECORD_NOT_FOUND',
    });
    ports.clock.advance(ports.trashKept - 1);
    await restore(ports, 'LLMClient', 'bot');
    await t.rejects(plan(), { code: 'RECORD_EXISTS' });
    await executeManual(
      ports,
      await planDelete(ports, 'default', [{ kind: kindOf('LLMClient'), key }]),
      ann,
    );
    await plan();
    ports.clock.advance(ports.trashKept);
    await t.rejects(plan(), { code: 'RECORD_NOT_FOUND' }, 'its time is over');
    const kept = await ports.database.read((query) => query('trash').pluck('name'));
    t.same(kept, ['bot'], 'nobody has purged it yet');
    const source = new FakeSource({ 'stays.yaml': pluginYaml('stays') });
    await sync(ports, targetOf(source));
    t.notOk(
      (await ports.database.read((query) => query('trash').pluck<string[]>('name'))).includes(
        'bot',
      ),
      'the next run over any source does',
    );
  },
);

t.test('a delete that is not done leaves nothing in the trash', async (t) => {
  const ports = await deletedWith(t);
  await restore(ports, 'LLMClient', 'bot');
  await ports.database.write((query) =>
    query.raw(
      `CREATE TRIGGER keep BEFORE DELETE ON llm_client BEGIN SELECT RAISE(ABORT, 'no'); END`,
    ),
  );
  const key = { account: 'default', space: 'llm_client', name: 'bot' };
  const results = await executeManual(
    ports,
    await planDelete(ports, 'default', [{ kind: kindOf('LLMClient'), key }]),
    ann,
  );
  t.ok(results.some((it) => it.outcome === 'failed'));
  t.same(await keysOf(ports), []);
});
