import fc from 'fast-check';
import { keyId } from '../../src/manifest/manifest.ts';
import type { Plan } from '../../src/plan/change.ts';
import { planReport } from '../../src/plan/report.ts';
import { planTarget } from '../../src/reconcile/judge.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import type { Ports } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { readLive } from '../support/standing.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/** A run that may build on the one before, and one that takes nobody's word. */
const occasions = {
  scoped: ['converged', 'held', 'stalled', 'drifted'],
  whole: [],
} as const;

const run = (ports: Ports, source: FakeSource, of: keyof typeof occasions) =>
  reconcile(
    ports,
    targetOf(source, { limits: limits(3) }),
    { trigger: 'interval', actor: 'test', settled: occasions[of] },
    never,
  );

function limits(deletes: number) {
  const none = {};
  return { deletes: { count: deletes }, updates: none, exposure: none, window: 1 };
}

/** Some names come often, so that they meet: in two files, in a reference, in an address. */
const closed = { apiKey: 'key_0' };
const document = fc.oneof(
  { weight: 5, arbitrary: fc.constant(tokenYaml('key_0')) },
  fc.nat(1).map((at) => tokenYaml(`key_${at}`)),
  { weight: 4, arbitrary: fc.record({ at: fc.nat(3), topic: fc.nat(2) }).map(plugin) },
  { weight: 8, arbitrary: fc.record({ at: fc.nat(5), more: fc.nat(9) }).map(client) },
  { weight: 1, arbitrary: fc.constantFrom('kind: [', 'a: 1', '', '{"kind": "LLMClient"}') },
  { weight: 1, arbitrary: fc.constant(clientYaml('bot-1', { nobody: 'knows this' })) },
);

function plugin({ at, topic }: { at: number; topic: number }): string {
  return pluginYaml(`plugin_${at}`, { topic: `topic ${topic}` });
}

function client({ at, more }: { at: number; more: number }): string {
  const name = more === 0 ? `bot-${at}` : `bot_${at}`;
  const config = {
    appName: `bot ${more}`,
    ...(more === 1 ? { subdomain: 'shared' } : {}),
    ...(more > 6 ? { deployed: more > 7 } : {}),
  };
  return clientYaml(name, config, { ...closed, plugins: more % 2 ? [`plugin_${more % 4}`] : [] });
}

const path = fc.nat(7).map((at) => `${at % 2 ? 'a' : 'b'}/${at}.yaml`);
/** A file with no documents is removed. */
const edit = fc.tuple(path, fc.array(document, { maxLength: 2 }));
const commits = fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), {
  minLength: 2,
  maxLength: 7,
});

/** A well-formed beginning, so that most histories have something to build on. */
const start = {
  'key.yaml': tokenYaml('key_0'),
  'plugins.yaml': [0, 1, 2, 3].map((at) => plugin({ at, topic: 0 })).join('---\n'),
  'a/1.yaml': client({ at: 0, more: 2 }),
  'b/2.yaml': client({ at: 1, more: 3 }),
};

const report = (plan: Plan | undefined) =>
  plan === undefined ? undefined : JSON.stringify(planReport(plan, 'Plan'), null, 1);

/** What the file index says, row by row. */
async function indexOf(ports: Ports) {
  const tables = [];
  for (const table of ['file', 'declaration', 'claim'])
    tables.push(
      await ports.database.read((query) =>
        query.rows(`SELECT * FROM ${table} ORDER BY 1, 2, 3, 4`),
      ),
    );
  return tables;
}

const refused = ({ outcomes }: RunResult) => outcomes.filter((it) => it.outcome === 'failed');

async function standing(ports: Ports) {
  const { live, owned } = await readLive(ports.database, ports.brokers, 'default', 'team');
  return {
    records: live.map(({ key, manifest, deployed }) => [keyId(key), manifest, deployed]),
    inventory: owned,
  };
}

t.test('a look at what has changed finds what a look at everything finds', async (t) => {
  let scoped = 0;
  let looks = 0;
  await fc.assert(
    fc.asyncProperty(commits, async (history) => {
      const ports = { scoped: await freshPorts(t), whole: await freshPorts(t) };
      const sources = { scoped: new FakeSource(start), whole: new FakeSource(start) };
      sources.whole.forgets = true;
      const files: Record<string, string> = { ...start };
      for (const commit of [[], ...history]) {
        for (const [name, documents] of commit) {
          if (documents.length === 0) delete files[name];
          else files[name] = documents.join('---\n');
        }
        sources.scoped.files = { ...files };
        sources.whole.files = { ...files };
        const planned = await planTarget(
          ports.scoped,
          targetOf(sources.scoped, { limits: limits(3) }),
          never,
        );
        const one = await run(ports.scoped, sources.scoped, 'scoped');
        const other = await run(ports.whole, sources.whole, 'whole');
        if (!one.settled) {
          t.equal(report(one.plan), report(other.plan), 'the same plan, to the byte');
          t.equal(report(planned.plan), report(other.plan), 'looked at or carried out');
        }
        t.same(
          [one.outcome, one.message],
          [other.outcome, one.settled ? one.message : other.message],
        );
        t.same(refused(one), [], 'nothing is tried that cannot be written');
        t.same(await standing(ports.scoped), await standing(ports.whole));
        looks += 1;
      }
      const fresh = await freshPorts(t);
      const source = new FakeSource(files);
      await run(fresh, source, 'whole');
      t.same(
        await indexOf(ports.scoped),
        await indexOf(fresh),
        'the index of all commits as of one',
      );
      scoped += sources.scoped.told;
      return t.passing();
    }),
    { numRuns: Number(process.env['PLUMBLINE_RUNS'] ?? 25), endOnFailure: true },
  );
  t.ok(scoped > looks / 4, `${scoped} of ${looks} looks were at what had changed only`);
});

t.test('what waits for a host label still waits when only other files change', async (t) => {
  const ports = await freshPorts(t);
  const has = clientYaml('has_it', { subdomain: 'shared' }, closed);
  const source = new FakeSource({ 'key.yaml': tokenYaml('key_0'), 'has.yaml': has });
  await run(ports, source, 'scoped');
  const wants = clientYaml('wants_it', { subdomain: 'shared' }, closed);
  const commits = [
    // Declared twice, a record stays as it is.
    { 'has.yaml': clientYaml('has_it'), 'too.yaml': clientYaml('has_it'), 'wants.yaml': wants },
    { 'other.yaml': pluginYaml('other') },
    { 'other.yaml': pluginYaml('other', { topic: 'another' }) },
  ];
  for (const commit of commits) {
    source.files = { ...source.files, ...commit };
    const result = await run(ports, source, 'scoped');
    const waiting = result.plan?.changes.find(({ key }) => key.name === 'wants_it');
    t.match(waiting, { action: 'create', held: true, reason: /which LLMClient has_it has/ });
    t.same(refused(result), []);
  }
});
