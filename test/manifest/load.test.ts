import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { kinds } from '../../src/kinds/kinds.ts';
import { canonicalJson } from '../../src/lib/digest.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { kindSet } from '../../src/manifest/kind-set.ts';
import { type LoadResult, ManifestLoader } from '../../src/manifest/load.ts';
import { canonicalName, normalise } from '../../src/manifest/normal.ts';
import { printManifest } from '../../src/manifest/print.ts';
import { looseReferences, unknownReferences } from '../../src/manifest/references.ts';
import { config, metadata, named, spec } from '../support/catalogue.ts';
import { manifestSet } from '../support/generate.ts';
import { t } from '../support/tap.ts';

function load(files: Readonly<Record<string, string>>, set = kinds): LoadResult {
  const loader = new ManifestLoader(set, 'acme');
  for (const [path, text] of Object.entries(files))
    loader.add({ path, blob: `sha1:${path}` }, Buffer.from(text));
  return loader.finish();
}

const client = kinds.byName('LLMClient') as Kind;
const plugin = kinds.byName('Plugin') as Kind;

t.test('the example manifests and the examples of all kinds load without a word', async (t) => {
  const folder = 'manifests-example';
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((it) =>
    it.endsWith('.yaml'),
  );
  const files = Object.fromEntries(names.map((it) => [it, readFileSync(join(folder, it), 'utf8')]));
  const { manifests, problems, ignored, counts } = load(files);
  t.same([problems, ignored], [[], []]);
  t.equal(counts.files, names.length);
  t.equal(manifests.length, counts.manifests);
  t.same(looseReferences(manifests, kinds), []);
  for (const kind of kinds.all) {
    const { manifests, problems } = load({ 'a.yaml': kind.example });
    t.same(problems, [], kind.name);
    t.equal(manifests[0]?.manifest.kind, kind.name);
  }
});

t.test('a loaded manifest says where it came from and what it refers to', async (t) => {
  const text = `# top\n---\n---\n${spec('  config: { deployed: true }\n  plugins: [own-plugin, b]\n  apiKey: key\n')}`;
  const { manifests } = load({ 'b/c.yaml': text });
  t.match(manifests, [
    {
      key: { account: 'acme', space: 'llm_client', name: 'bot' },
      deployed: true,
      file: 'b/c.yaml',
      document: 1,
      line: 4,
      blob: 'sha1:b/c.yaml',
      references: [
        { path: 'spec.plugins.0', space: 'plugin', name: 'own_plugin', line: 9, column: 13 },
        { path: 'spec.plugins.1', space: 'plugin', name: 'b', line: 9, column: 25 },
        { path: 'spec.apiKey', space: 'smarter_auth_token', name: 'key', line: 10, column: 11 },
      ],
    },
  ]);
  t.equal(load({ 'a.yaml': config('deployed: false') }).manifests[0]?.deployed, false);
  t.equal(load({ 'a.yaml': config('deployed: null') }).manifests[0]?.deployed, undefined);
});

t.test('the order of files and of the items of a set makes no difference', async (t) => {
  const a = spec('  config: {}\n  plugins: [x, y]\n  functions: [calculator, date_calculator]\n');
  const b = spec('  functions: [date_calculator, calculator]\n  plugins: [y, x]\n  config: {}\n');
  t.equal(load({ a }).manifests[0]?.digest, load({ b }).manifests[0]?.digest);
  const other = named('other');
  t.same(load({ b: other, a }), { ...load({ a, b: other }) });
});

t.test('two spellings of one meaning have one normal form', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [metadata('  name: a-b\n'), metadata('  name: a_b\n')],
    [
      metadata('  name: a\n  description:\n  tags: []\n  annotations: null\n'),
      metadata('  name: a\n'),
    ],
    [config('provider: null'), spec('  config: {}\n')],
    [config('deployed: null'), spec('  config: {}\n')],
    [config('appFileAttachment: false'), spec('  config: {}\n')],
    [config('customDomain: null'), spec('  config: {}\n')],
    [config('dnsVerificationStatus: x'), spec('  config: {}\n')],
    [spec('  config: {}\n  plugins: [a-b, a_b, a_b]\n'), spec('  config: {}\n  plugins: [a_b]\n')],
    [`${spec('  config: {}\n')}status: { a: 1 }\n`, spec('  config: {}\n')],
  ];
  for (const [one, two] of cases) {
    const [first, second] = [load({ one }), load({ two })].map((it) => it.manifests[0]?.manifest);
    t.ok(first, one);
    t.strictSame(first, second, one);
  }
});

t.test('the normal form keeps what it must not touch', async (t) => {
  const raw: JsonObject = {
    metadata: { name: 'p', tags: ['b', 'a-b'], annotations: [{ 'a.b/c': 'None', d: '' }] },
    spec: {
      selector: { directive: 'always' },
      prompt: { systemRole: '  spaced \n' },
      data: { staticData: { 'key-a': null, list: [], nested: [null, 'a-b', {}] } },
    },
  };
  t.strictSame(normalise(raw, plugin) as unknown, {
    apiVersion: 'smarter.sh/v1',
    kind: 'Plugin',
    metadata: {
      name: 'p',
      tags: ['b', 'a-b'],
      annotations: [{ 'a.b/c': 'None', d: '' }],
      pluginClass: 'static',
    },
    spec: {
      selector: { directive: 'always' },
      prompt: {
        provider: 'openai',
        systemRole: '  spaced \n',
        model: 'gpt-4o-mini',
        temperature: 0.5,
        maxTokens: 2048,
      },
      data: { staticData: { 'key-a': null, list: [], nested: [null, 'a-b', {}] } },
    },
  });
});

t.test('whatever is loaded has a normal form that stays, also through a print', async (t) => {
  fc.assert(
    fc.property(manifestSet({ tokens: 2, plugins: 2, clients: 3 }), (set) => {
      const files = Object.fromEntries(
        set.map((it, index) => [`${index}.json`, JSON.stringify(it)]),
      );
      const { manifests, problems } = load(files);
      assert.deepEqual(
        problems.filter((it) => it.severity === 'error'),
        [],
      );
      assert.equal(manifests.length, set.length);
      for (const { manifest, digest } of manifests) {
        const kind = kinds.byName(manifest.kind) as Kind;
        assert.deepEqual(normalise(manifest as unknown as JsonObject, kind), manifest);
        const [again] = load({ 'a.yaml': printManifest(manifest, kind) }).manifests;
        assert.equal(canonicalJson(again?.manifest), canonicalJson(manifest));
        assert.equal(again?.digest, digest);
      }
    }),
    { numRuns: 50 },
  );
  t.pass('for 50 sets of manifests');
});

t.test('a name is canonical, or it is told which one was meant', async (t) => {
  const cases: readonly (readonly [
    text: string,
    name: string | undefined,
    suggestion?: string | undefined,
  ])[] = [
    ['support_bot', 'support_bot'],
    ['support-bot', 'support_bot'],
    ['a1', 'a1'],
    ['0', '0'],
    ['x'.repeat(50), 'x'.repeat(50)],
    ['x'.repeat(51), undefined, 'x'.repeat(50)],
    ['HeldBot', undefined, 'held_bot'],
    ['LLMClient', undefined, 'llm_client'],
    ['My Bot', undefined, 'my_bot'],
    ['naïve bot', undefined, 'naive_bot'],
    ['a.b', undefined, 'a_b'],
    ['../etc', undefined, 'etc'],
    ['_lead', undefined, 'lead'],
    ['trail_', undefined, 'trail'],
    ['a__b', undefined, 'a_b'],
    ['a--b', undefined, 'a_b'],
    ['--', undefined, undefined],
    ['', undefined, undefined],
    [' ', undefined, undefined],
    ['bоt', undefined, undefined],
    ['日本', undefined, undefined],
    [`${'A'.repeat(100_000)}!`, undefined, 'a'.repeat(50)],
  ];
  for (const [text, name, suggestion] of cases) {
    const verdict = canonicalName(text);
    const label = text.slice(0, 60);
    if ('name' in verdict) t.equal(verdict.name, name, label);
    else {
      t.equal(name, undefined, label);
      t.equal(verdict.suggestion, suggestion, label);
      if (suggestion !== undefined) t.same(canonicalName(suggestion), { name: suggestion });
    }
  }
});

t.test('old keys are accepted with a warning', async (t) => {
  const text = metadata('  name: bot\n  author: x\n  description: d\n  version: 1.0.0\n').replace(
    'config: {}',
    'config:\n    dnsVerificationStatus: Verified',
  );
  const { manifests, problems } = load({ 'a.yaml': text });
  t.equal(manifests.length, 1);
  t.match(problems, [
    {
      severity: 'warning',
      code: 'MANIFEST_LEGACY_KEY',
      line: 5,
      column: 3,
      path: 'metadata.author',
      hint: 'remove it',
    },
    { severity: 'warning', code: 'MANIFEST_LEGACY_KEY', line: 10, column: 5 },
  ]);
});

t.test("a kind's own rules are told at their places", async (t) => {
  const text = plugin.example.replace('directive: search_terms', 'directive: always');
  const { manifests, problems, declared } = load({ 'a.yaml': text });
  t.same(manifests, []);
  t.same(
    declared.map((it) => it.name),
    ['return_policy'],
  );
  t.match(problems, [
    { code: 'MANIFEST_BAD_VALUE', path: 'spec.selector.searchTerms', line: 15, column: 7 },
  ]);
});

t.test('what is not loaded is declared, or its file is unknown', async (t) => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [config('nonsense: 1'), ['bot'], []],
    [named('Bad Name'), [], ['a.yaml']],
    [named('a-b').replace('v1', 'v2'), ['a_b'], []],
    [named('a').replace('LLMClient', 'Teapot'), [], ['a.yaml']],
    [named('a').replace('LLMClient', 'Vectorstore'), [], []],
    ['metadata: { name: a }\nspec: {}\n', [], ['a.yaml']],
    ['Kind: LLMClient\n', [], ['a.yaml']],
    ['a: [', [], ['a.yaml']],
    ['a: 1\na: 2\n', [], []],
    ['kind: x\nkind: y\n', [], ['a.yaml']],
    ['kind: pipeline\nsteps: []\n', [], []],
    [`${named('a')}---\n${named('Bad')}`, [], ['a.yaml']],
  ];
  for (const [text, declared, unknown] of cases) {
    const result = load({ 'a.yaml': text });
    t.same(
      result.declared.map((it) => it.name),
      declared,
      text,
    );
    t.same(result.unknown, unknown, text);
    t.equal(result.ignored.length, unknown.length + declared.length > 0 ? 0 : 1, text);
  }
});

t.test('many that are the same are all refused, with a few of the places', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, it) => [`${it + 10}.yaml`, named('bot')]),
  );
  const { manifests, problems, declared } = load({ ...files, 'other.yaml': named('other') });
  const errors = problems.filter((it) => it.severity === 'error');
  t.same(
    manifests.map((it) => it.key.name),
    ['other'],
  );
  t.equal(errors.length, 30);
  t.equal(declared.length, 1);
  t.equal(
    errors[0]?.message,
    'bot is declared 30 times; also at 11.yaml:4:9, 12.yaml:4:9, 13.yaml:4:9 and 26 more places',
  );
});

t.test('kinds that share a name space share their names', async (t) => {
  const twin: Kind = { ...plugin, name: 'TwinPlugin' };
  const set = kindSet([...kinds.all, twin]);
  const text = plugin.example;
  const { problems } = load(
    { 'a.yaml': text, 'b.yaml': text.replace('Plugin', 'TwinPlugin') },
    set,
  );
  t.same(
    problems.map((it) => `${it.file} ${it.code}`),
    ['a.yaml MANIFEST_DUPLICATE', 'b.yaml MANIFEST_DUPLICATE'],
  );
});

t.test('a reference to nothing is told with what may have been meant', async (t) => {
  const text = spec('  config: {}\n  plugins: [return_policie, here]\n  apiKey: thre\n');
  const { manifests } = load({ 'a.yaml': text, 'b.yaml': plugin.example });
  const exists = (space: string, name: string) => space === 'plugin' && name === 'here';
  const candidates = (space: string) => (space === 'plugin' ? ['here'] : ['there']);
  t.match(unknownReferences(manifests, exists, kinds, candidates), [
    {
      code: 'MANIFEST_UNKNOWN_REFERENCE',
      severity: 'error',
      file: 'a.yaml',
      line: 6,
      column: 13,
      path: 'spec.plugins.0',
      message: 'there is no Plugin, SqlPlugin or ApiPlugin named return_policie',
      hint: 'did you mean return_policy?',
    },
    {
      line: 7,
      column: 11,
      message: 'there is no SmarterAuthToken named thre',
      hint: 'did you mean there?',
    },
  ]);
  t.match(looseReferences(manifests, kinds), [
    { severity: 'warning', hint: 'did you mean return_policy?' },
    { severity: 'warning', path: 'spec.plugins.1', hint: 'fine if there is such a record already' },
    { severity: 'warning', path: 'spec.apiKey' },
  ]);
});

t.test('nothing that a file holds makes the loader throw', async (t) => {
  const seeds = [client.example, plugin.example, named('bot'), '{"kind": "LLMClient", "a": [1]}'];
  const part = fc.oneof(
    fc.constantFrom(
      ': ',
      '- ',
      '\n',
      '  ',
      '\t',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      '*a',
      '&a ',
      '!x ',
      '? ',
      '<<',
      '|',
      '>',
      '---\n',
      '#',
      '%',
      '\0',
      '\r',
      '\ufeff',
      '__proto__',
      'null',
      '.inf',
      '1e999',
      '\ud800',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(20),
    part,
  });
  let count = 0;
  let slowest = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(edit, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (seed, edits, latin) => {
        let text = seed;
        for (const { at, drop, part } of edits) {
          const start = Math.floor(at * text.length);
          text = text.slice(0, start) + part + text.slice(start + drop);
        }
        const loader = new ManifestLoader(kinds, 'acme');
        const started = performance.now();
        loader.add({ path: 'a.yaml', blob: 'x' }, Buffer.from(text, latin ? 'latin1' : 'utf8'));
        const { manifests, problems, ignored, declared, unknown } = loader.finish();
        slowest = Math.max(slowest, performance.now() - started);
        count += 1;
        const errors = problems.filter((it) => it.severity === 'error');
        assert.ok(manifests.length + ignored.length + declared.length + unknown.length > 0);
        assert.equal(errors.length > 0, declared.length + unknown.length > 0);
        for (const it of problems) {
          assert.doesNotMatch(`${it.message}${it.hint}${it.path}`, /\p{Cc}/u);
          assert.doesNotMatch(it.frame ?? '', /[^\P{Cc}\n]/u);
        }
      },
    ),
    { numRuns: 4000 },
  );
  t.equal(count, 4000);
  t.ok(slowest < 1000, `the slowest takes ${Math.round(slowest)} ms`);
});
