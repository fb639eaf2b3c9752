import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { kinds } from '../src/kinds/kinds.ts';
import { ManifestLoader } from '../src/manifest/load.ts';
import { manifestSet, type Written } from './support/generate.ts';
import { type Test, t } from './support/tap.ts';
import { World } from './support/world.ts';

/** Sets of this many manifests and runs make some thousand manifests in a few seconds. */
const runs = Number(process.env['PLUMBLINE_LAW_RUNS'] ?? 40);

const fileHash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every law, on a world that holds some manifests not yet synced. */
async function holdLaws(t: Test, world: World): Promise<void> {
  const first = await world.report('sync');
  t.equal(first.exit, 0, JSON.stringify(first.problems.filter((it) => it.severity === 'error')));

  const plan = await world.run('plan', '-o', 'json');
  t.equal(plan.exit, 0, `law 1: after a sync the plan is empty ${plan.out}`);

  const exported = (await world.run('export')).out;
  t.same(normalForms(exported), normalFormsOf(world), 'law 2: export prints what was applied');

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

  const again = new World(t);
  again.write('all.yaml', exported);
  const second = await again.report('sync');
  t.equal(second.exit, 0, `law 2: an export can be applied ${JSON.stringify(second.problems)}`);
  t.equal((await again.run('export')).out, exported, 'law 2: and prints itself again');
  world.write('../exported.yaml', exported);
}

/** Manifests of a text in normal form, by key; the field that says whether it is published only where it was written. */
function normalForms(text: string): Record<string, unknown> {
  const loader = new ManifestLoader(kinds, 'default');
  loader.add({ path: 'export.yaml', blob: '' }, Buffer.from(text));
  return byKey(loader);
}

function normalFormsOf(world: World): Record<string, unknown> {
  const loader = new ManifestLoader(kinds, 'default');
  const root = world.path('');
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }))
    if (/\.ya?ml$/.test(name)) loader.add({ path: name, blob: '' }, readFileSync(join(root, name)));
  return byKey(loader);
}

function byKey(loader: ManifestLoader): Record<string, unknown> {
  const { manifests } = loader.finish();
  const entries = manifests.map((it) => [`${it.key.space}/${it.key.name}`, it.manifest] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

t.test('the laws hold for the examples', async (t) => {
  const world = new World(t);
  cpSync('manifests-example', world.path(''), { recursive: true });
  t.ok(existsSync(world.path('clients')));
  await holdLaws(t, world);
});

for (const kind of kinds.all) {
  t.test(`the laws hold for the example of ${kind.name}`, async (t) => {
    const world = new World(t);
    const referred = kinds.all.filter((it) => kinds.rank(it.space) < kinds.rank(kind.space));
    world.write('example.yaml', [...referred, kind].map((it) => it.example).join('---\n'));
    await holdLaws(t, world);
  });
}

t.test('the laws hold for generated sets of manifests', async (t) => {
  await fc.assert(
    fc.asyncProperty(manifestSet, async (manifests) => {
      const world = new World(t);
      for (const [at, manifest] of manifests.entries())
        world.write(`${at % 3}/${manifest.kind}-${at}.yaml`, text(manifest, at));
      await holdLaws(t, world);
      return t.passing();
    }),
    { numRuns: runs },
  );
});

/** As YAML or as JSON, which is YAML too. */
function text(manifest: Written, at: number): string {
  const written =
    at % 4 === 0 ? JSON.stringify(manifest, null, 1) : stringify(manifest, { lineWidth: 0 });
  if (JSON.stringify(parse(written)) !== JSON.stringify(manifest)) return JSON.stringify(manifest);
  return written;
}
