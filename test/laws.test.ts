import { cpSync, existsSync } from 'node:fs';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { kinds } from '../src/kinds/kinds.ts';
import { manifestSet, type Written } from './support/generate.ts';
import { HeardWorld, holdKind, holdLaws } from './support/laws.ts';
import { t } from './support/tap.ts';

t.test('the laws hold for the examples', async (t) => {
  const world = new HeardWorld(t);
  cpSync('manifests-example', world.path(''), { recursive: true });
  t.ok(existsSync(world.path('clients')));
  await holdLaws(t, world);
});

for (const kind of kinds.all)
  t.test(`the laws hold for the example of ${kind.name}`, (t) => holdKind(t, kind));

t.test('the laws hold for two thousand generated manifests', async (t) => {
  const world = new HeardWorld(t);
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
        const world = new HeardWorld(t);
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
