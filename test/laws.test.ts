import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { kinds } from '../src/kinds/kinds.ts';
import { ManifestLoader } from '../src/manifest/load.ts';
import { manifestSet, secretEnvironment, type Written } from './support/generate.ts';
import { type Test, t } from './support/tap.ts';
import { World } from './support/world.ts';

const fileHash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What the secrets of examples and of generated manifests are read from. */
const environment = { ...secretEnvironment, WAREHOUSE_KEY: 'example value' };

/** Every law, on a world that holds some manifests not yet synced. */
async function holdLaws(t: Test, world: World): Promise<void> {
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

  const again = new World(t, environment);
  cpSync(exported, again.path(''), { recursive: true });
  const second = await again.report('sync');
  t.equal(
    second.exit,
    0,
    `law 2: an export can be applied ${JSON.stringify(second.problems.filter((it) => it.severity === 'error'))}`,
  );
  const once = contents(exported);
  t.same(contents(await exportOf(t, again)), once, 'law 2: and exports itself again');
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

t.test('the laws hold for the examples', async (t) => {
  const world = new World(t, environment);
  cpSync('manifests-example', world.path(''), { recursive: true });
  t.ok(existsSync(world.path('clients')));
  await holdLaws(t, world);
});

for (const kind of kinds.all) {
  t.test(`the laws hold for the example of ${kind.name}`, async (t) => {
    const world = new World(t, environment);
    const referred = kinds.all.filter((it) => kinds.rank(it.space) < kinds.rank(kind.space));
    world.write('example.yaml', [...referred, kind].map((it) => it.example).join('---\n'));
    await holdLaws(t, world);
  });
}

t.test('the laws hold for two thousand generated manifests', async (t) => {
  const world = new World(t, environment);
  const seed = Number(process.env['PLUMBLINE_SEED'] ?? Date.now() % 1_000_000);
  t.comment(`seed ${seed}`);
  const thousands = {
    ...{ tokens: 100, secrets: 100, providers: 50, sqlConnections: 50, apiConnections: 50 },
    ...{ plugins: 350, sqlPlugins: 150, apiPlugins: 150, clients: 1000 },
  };
  const [manifests = []] = fc.sample(manifestSet(thousands), {
    seed,
    numRuns: 1,
  });
  for (let at = 0; at < manifests.length; at += 50)
    world.write(
      `${at % 7}/set-${at}.yaml`,
      manifests
        .slice(at, at + 50)
        .map((manifest, index) => text(manifest, index))
        .join('\n---\n'),
    );
  await holdLaws(t, world);
});

t.test(
  'the laws hold for small generated sets, down to the smallest that breaks one',
  async (t) => {
    const small = fc
      .record({
        ...{ tokens: fc.nat(2), secrets: fc.nat(2), providers: fc.nat(1) },
        ...{ sqlConnections: fc.nat(2), apiConnections: fc.nat(2) },
        ...{ plugins: fc.nat(2), sqlPlugins: fc.nat(2), apiPlugins: fc.nat(2) },
        clients: fc.integer({ min: 1, max: 4 }),
      })
      .chain(manifestSet);
    await fc.assert(
      fc.asyncProperty(small, async (manifests) => {
        const world = new World(t, environment);
        for (const [at, manifest] of manifests.entries())
          world.write(`${at % 3}/${manifest.kind}-${at}.yaml`, text(manifest, at));
        await holdLaws(t, world);
        return t.passing();
      }),
      { numRuns: 8, endOnFailure: true },
    );
  },
);

/** As YAML or as JSON, which is YAML too. */
function text(manifest: Written, at: number): string {
  const written =
    at % 4 === 0 ? JSON.stringify(manifest, null, 1) : stringify(manifest, { lineWidth: 0 });
  if (JSON.stringify(parse(written)) !== JSON.stringify(manifest)) return JSON.stringify(manifest);
  return written;
}
