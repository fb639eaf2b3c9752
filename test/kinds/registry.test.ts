import { z } from 'zod';
import { kinds } from '../../src/kinds/kinds.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { kindJsonSchema } from '../../src/manifest/json-schema.ts';
import { kindSet } from '../../src/manifest/kind-set.ts';
import { ManifestLoader } from '../../src/manifest/load.ts';
import { printManifest } from '../../src/manifest/print.ts';
import { t } from '../support/tap.ts';
import { greeting } from './greeting/kind.ts';

function loadText(text: string) {
  const loader = new ManifestLoader(kinds, 'default');
  loader.add({ path: 'it.yaml', blob: '' }, Buffer.from(text));
  return loader.finish();
}

t.test('the kinds are those of the platform that records are kept for', async (t) => {
  t.same(kinds.all.map((it) => it.name).sort(), [
    'ApiConnection',
    'ApiPlugin',
    'LLMClient',
    'Plugin',
    'Provider',
    'Secret',
    'SmarterAuthToken',
    'SqlConnection',
    'SqlPlugin',
  ]);
  for (const [before, after] of [
    ['secret', 'provider'],
    ['secret', 'sql_connection'],
    ['secret', 'api_connection'],
    ['sql_connection', 'plugin'],
    ['api_connection', 'plugin'],
    ['plugin', 'llm_client'],
    ['smarter_auth_token', 'llm_client'],
  ] as const)
    t.ok(kinds.rank(before) < kinds.rank(after), `${before} is applied before ${after}`);
});

type Schema = Parameters<typeof z.fromJSONSchema>[0];

/** Patterns of JSON Schema are Unicode ones; zod reads them as others, so those with classes are left out. */
function withUnicode(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key !== 'pattern' || typeof value !== 'string' || !value.includes('\\p{')) return value;
    return new RegExp(value, 'u') && undefined;
  });
}

for (const kind of kinds.all) {
  t.test(`the example of ${kind.name} is right in every way`, async (t) => {
    const { manifests, problems } = loadText(kind.example);
    t.same(problems, [], 'not even a warning');
    const [loaded] = manifests;
    if (loaded === undefined) return;
    t.match(kind.example, / # /, 'it is commented');
    const print = printManifest(loaded.manifest, kind);
    t.same(loadText(print).manifests[0]?.manifest, loaded.manifest, 'its print means the same');
    const schema = z.fromJSONSchema(withUnicode(kindJsonSchema(kind)) as Schema);
    const [document] = parseYaml(Buffer.from(kind.example), 'it.yaml').documents;
    const taken = schema.safeParse(document?.value);
    t.ok(taken.success, `its JSON Schema takes it: ${taken.error?.message}`);
    const wrong = { ...(document?.value as object), nonsense: true };
    t.notOk(schema.safeParse(wrong).success, 'and not everything');
  });
}

t.test('a kind of the same name that belongs to somebody else is passed over', async (t) => {
  for (const [apiVersion, kind] of [
    ['v1', 'Secret'],
    ['pkg.crossplane.io/v1', 'Provider'],
    ['notification.toolkit.fluxcd.io/v1beta3', 'Provider'],
  ] as const) {
    const { problems, ignored } = loadText(`apiVersion: ${apiVersion}\nkind: ${kind}\ndata: {}\n`);
    t.same(problems, [], apiVersion);
    t.match(ignored, [{ path: 'it.yaml' }]);
  }
  t.match(loadText('apiVersion: smarter.sh/v2\nkind: Secret\n').problems, [
    { code: 'MANIFEST_API_VERSION' },
  ]);
});

t.test('every table belongs to one name space, every column to one field', async (t) => {
  const owner = new Map<string, string>();
  for (const kind of kinds.all) {
    const lists = kind.fields.flatMap(({ storage }) => ('list' in storage ? [storage.list] : []));
    const tables = [kind.tables.main, ...kind.tables.ones.map((it) => it.table), ...lists];
    t.equal(new Set(tables).size, tables.length, `${kind.name} uses each table once`);
    for (const table of tables) {
      t.equal(owner.get(table) ?? kind.space, kind.space, `${table} of ${kind.name}`);
      owner.set(table, kind.space);
    }
    const columns = kind.fields.map(({ storage }) =>
      'list' in storage ? storage.list : `${storage.table ?? kind.tables.main}.${storage.column}`,
    );
    const server = Object.keys(kind.serverColumns ?? {}).map((it) => `${kind.tables.main}.${it}`);
    const all = [...columns, ...server];
    t.equal(new Set(all).size, all.length, `${kind.name} has no column twice`);
    t.equal(new Set(kind.fields.map((it) => it.path)).size, kind.fields.length);
    for (const column of all) t.match(column, /^[a-z0-9_]+(?:\.[a-z0-9_]+)?$/);
  }
});

t.test('every word for a kind means one kind, and a circle of references is refused', async (t) => {
  const words = kinds.all.flatMap((it) => [it.name.toLowerCase(), ...it.aliases]);
  t.equal(new Set(words).size, words.length);
  for (const { references } of kinds.all.flatMap((it) => it.fields))
    if (references !== undefined)
      t.ok(
        kinds.all.some((it) => it.space === references),
        `${references} is a name space`,
      );
  const field = (references: string) =>
    ({
      path: 'spec.to',
      storage: { column: 'to_id', type: 'integer' },
      class: 'cosmetic',
      references,
    }) as const;
  const circle = [
    { ...greeting, name: 'A', space: 'a', fields: [field('b')] },
    { ...greeting, name: 'B', space: 'b', fields: [field('a')] },
  ];
  t.throws(() => kindSet(circle), { message: /circle/ });
});
