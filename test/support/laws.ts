import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { ManifestLoader } from '../../src/manifest/load.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import { planTarget } from '../../src/reconcile/judge.ts';

import type { Ports, Target } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { Ended } from './command-line.ts';
import { secretEnvironment } from './generate.ts';
import { FailingDatabase, FakeSource, freshPorts, targetOf } from './ports.ts';
import { never } from './snapshots.ts';
import { readLive } from './standing.ts';
import type { Test } from './tap.ts';
import { pluginYaml, World } from './world.ts';

/*
 * The laws of ARCHITECTURE.md. Every kind is held to them by its example, and by nothing that is
 * written for it: what holds for the kinds that are there holds for one that is added.
 */

/** What the secrets of examples and of generated manifests are read from. */
const environment = { ...secretEnvironment, WAREHOUSE_KEY: 'canary-of-the-warehouse' };
const secrets = /canary-of-the-warehouse|generated value/;

/** A world that remembers everything that was said in it. */
export class HeardWorld extends World {
  readonly #said: string[] = [];

  constructor(t: Test) {
    super(t, environment);
  }

  override async run(...words: string[]): Promise<Ended> {
    const ended = await super.run(...words);
    this.#said.push(ended.out, ended.err);
    return ended;
  }

  get said(): string {
    return this.#said.join('\n');
  }
}

const fileHash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Laws 1 to 4 and 7, on a world that holds some manifests not yet synced. */
export async function holdLaws(t: Test, world: HeardWorld): Promise<void> {
  const first = await world.report('sync');
  t.equal(first.exit, 0, JSON.stringify(first.problems.filter((it) => it.severity === 'error')));

  const plan = await world.run('plan', '-o', 'json');
  t.equal(plan.exit, 0, 'law 1: after a sync the plan is empty');

  const exported = await exportOf(t, world);
  t.same(
    normalForms(exported),
    normalForms(world.path('')),
    'law 2: export prints what was applied',
  );

  const reapplied = await world.run('plan', '--path', exported);
  t.equal(reapplied.exit, 0, `law 2: applying an export changes nothing ${reapplied.out}`);

  const hash = fileHash(world.database);
  await world.run('plan');
  await world.run('drift');
  t.equal(fileHash(world.database), hash, 'law 3: a dry run changes no byte');
  t.equal((await world.run('drift')).exit, 0, 'what was just applied has not drifted');

  const changes = () =>
    world
      .run('history', '--limit', '100000', '-o', 'json')
      .then(
        ({ out }) =>
          (JSON.parse(out) as { verb: string }[]).filter((it) => it.verb !== 'sync').length,
      );
  const before = await changes();
  t.equal((await world.run('sync')).exit, 0);
  t.equal(await changes(), before, 'law 4: the same revision twice journals one set of changes');

  const again = new HeardWorld(t);
  cpSync(exported, again.path(''), { recursive: true });
  const second = await again.report('sync');
  t.equal(
    second.exit,
    0,
    `law 2: an export can be applied ${JSON.stringify(second.problems.filter((it) => it.severity === 'error'))}`,
  );
  const once = contents(exported);
  t.same(contents(await exportOf(t, again)), once, 'law 2: and exports itself again');

  for (const kind of kinds.all) await world.run('get', kind.name, '-o', 'json');
  const written = [JSON.stringify(once), readFileSync(world.database, 'latin1')];
  for (const text of [world.said, again.said, ...written])
    t.notMatch(text, secrets, 'law 7: no secret in any output');
}

async function exportOf(t: Test, world: World): Promise<string> {
  const folder = join(world.folder, 'export');
  const { exit, err } = await world.run('export', '--to', folder);
  t.equal(exit, 0, err);
  return folder;
}

function manifestFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.ya?ml$/.test(name)).sort();
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    manifestFiles(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** The manifests of a folder in normal form, by key. */
function normalForms(folder: string): Record<string, unknown> {
  const loader = new ManifestLoader(kinds, 'default');
  for (const name of manifestFiles(folder))
    loader.add({ path: name, blob: '' }, readFileSync(join(folder, name)));
  const { manifests } = loader.finish();
  return Object.fromEntries(
    manifests.map((it) => [`${it.key.space}/${it.key.name}`, it.manifest] as const),
  );
}

/** The examples of a kind and of all that it may refer to, as one file. */
function examplesFor(kind: Kind): string {
  const referred = kinds.all.filter((it) => kinds.rank(it.space) < kinds.rank(kind.space));
  return [...referred, kind].map((it) => it.example).join('---\n');
}

/** The same manifests with something else to say of each. */
const changed = (text: string) => text.replace(/^( {2}description: ).*$/gm, '$1Otherwise');

async function run(ports: Ports, target: Target): Promise<string> {
  const occasion = { trigger: 'command', actor: 'test', settled: ['converged'] } as const;
  return (await reconcile(ports, target, occasion, never)).outcome;
}

/** Records and inventory without what differs between two runs that did the same. */
async function standing({ database, brokers }: Ports) {
  const { live, owned } = await readLive(database, brokers, 'default', 'team');
  const records = live.map(({ key, manifest, deployed, owed }) => ({
    key: keyId(key),
    ...{ manifest, deployed, owed: owed?.verb },
  }));
  return { records, owned };
}

/** Law 5, for the creation, the change and the removal of a kind's example. */
async function holdInterruption(t: Test, kind: Kind): Promise<void> {
  const examples = { 'all.yaml': examplesFor(kind) };
  const other = { 'other.yaml': pluginYaml('other') };
  const otherwise = { 'all.yaml': changed(examples['all.yaml']) };
  // One key for all, so that what is sealed can be compared.
  const { vault } = await freshPorts(t, kinds, environment);
  for (const [what, from, to] of [
    ['created', other, examples],
    ['changed', examples, otherwise],
    ['removed', { ...examples, ...other }, other],
  ] as const) {
    const start = async () => {
      const ports = { ...(await freshPorts(t, kinds, environment)), vault };
      const source = new FakeSource(from);
      const target = targetOf(source);
      t.equal(await run(ports, target), 'converged', `law 5: before it is ${what}`);
      source.files = to;
      return { ports, target };
    };
    const undisturbed = await start();
    t.equal(await run(undisturbed.ports, undisturbed.target), 'converged');
    const expected = await standing(undisturbed.ports);
    let points = 0;
    for (let nth = 1, struck = true; struck && nth < 100; nth += 1) {
      const { ports, target } = await start();
      const fault = { call: 'write', moment: 'committed', dies: true, nth } as const;
      const database = new FailingDatabase(ports.database, fault);
      await run({ ...ports, database }, target);
      struck = database.struck;
      if (struck) points += 1;
      const again = await run(ports, target);
      t.equal(again, 'converged', `law 5: ${what}, stopped after write ${nth}`);
      t.same(await standing(ports), expected, `law 5: ${what}, stopped after write ${nth}`);
      const { plan } = await planTarget(ports, target, never);
      t.same(plan.changes, [], `law 5: ${what}, stopped after write ${nth}: nothing is left`);
    }
    t.ok(points > 1, `law 5: ${what}: stopped at ${points} steps`);
  }
}

/** Law 6: neither a source without them nor one that declares them otherwise touches records of others. */
async function holdForeign(t: Test, kind: Kind): Promise<void> {
  const world = new HeardWorld(t);
  const examples = examplesFor(kind);
  world.write('../examples.yaml', examples);
  t.equal((await world.run('apply', '-f', join(world.folder, 'examples.yaml'))).exit, 0);
  const records = async () => {
    const { out } = await world.run('get', kind.name, '-o', 'json');
    const { items } = JSON.parse(out) as { items: { metadata: { name: string } }[] };
    return items.filter((it) => it.metadata.name !== 'own');
  };
  const before = await records();
  t.equal(before.length, 1);
  world.write('own.yaml', pluginYaml('own'));
  t.equal((await world.run('sync')).exit, 0);
  t.same(await records(), before, 'law 6: none is pruned');
  world.write('theirs.yaml', changed(examples));
  const { changes } = await world.report('sync');
  t.notMatch(JSON.stringify(changes), '"outcome":"applied"', 'law 6: none is taken');
  t.same(await records(), before, 'law 6: nothing foreign is touched');
}

/** Every law, by the example of a kind. */
export async function holdKind(t: Test, kind: Kind): Promise<void> {
  const world = new HeardWorld(t);
  world.write('example.yaml', examplesFor(kind));
  await holdLaws(t, world);
  await holdInterruption(t, kind);
  await holdForeign(t, kind);
}
