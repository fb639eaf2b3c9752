import { kinds } from '../../src/kinds/kinds.ts';
import { valueAt } from '../../src/lib/json.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { t } from '../support/tap.ts';
import { errorsOf, holdRows, load } from './field-law.ts';
import { badName, badValue, long, type Row, words, wrongType } from './field-rows.ts';

/*
 * What all kinds have: metadata, the maps that must be there, and what is said of unknown, old and
 * wrong keys. The fields of each kind stand in the files fields-*.test.ts beside this one.
 */

const notes = 'metadata.annotations';
const annotation = `${notes}.0`;

const metadata = ({ tables: { main } }: Kind): readonly Row[] => [
  words('metadata.description', 'description', 65_536),
  {
    path: 'metadata.version',
    column: 'version',
    cell: 'text',
    takes: ['1.0.0', '0.12.3', '1.0.0-rc.1+build.5'],
    refuses: [['v1.0.0'], ['1.0'], ['01.0.0'], ['1.0.0-01'], [''], [1, wrongType]],
  },
  {
    path: 'metadata.tags',
    column: `${main}_tag.name`,
    cell: 'texts',
    takes: [['b', 'a', 'with space', 'naïve', long(255)]],
    refuses: [
      ['a', wrongType],
      [[1], wrongType, 'metadata.tags.0'],
      [['a', ''], badValue, 'metadata.tags.1'],
      [['a', ' '], badValue, 'metadata.tags.1'],
      [[long(256)], badValue, 'metadata.tags.0'],
    ],
  },
  {
    path: notes,
    column: 'annotations',
    cell: 'json',
    takes: [
      [
        { 'example.com/a_b-c': 'None', empty: '' },
        { n: 1.5, is: true },
      ],
      [{ list: [1, 'a', null], map: { deep: { camelCase: null } } }],
      [{ text: long(2048) }],
    ],
    refuses: [
      [{ a: 1 }, wrongType],
      ['[]', wrongType],
      [['a'], wrongType, annotation],
      [[{ 'a b': 1 }], badValue, annotation],
      [[{ a: null }], badValue, annotation],
      [[{ a: long(2049) }], badValue, annotation],
    ],
    emptyCell: '[]',
  },
];

for (const kind of kinds.all) holdRows(kind, metadata(kind));

/** A name as written, and as the record has it; what has no second is refused. */
const names: readonly (readonly [written: unknown, stored?: string])[] = [
  ...['my_bot', 'x', '7', 'a1_2', long(50)].map((it) => [it, it] as const),
  ['my-bot', 'my_bot'],
  ['a-b_c', 'a_b_c'],
  ...['My Bot', 'myBot', 'LLMClient', '_lead', 'trail_', 'a__b', 'a--b', 'a.b', 'ab/cd'].map(
    (it) => [it] as const,
  ),
  ...['naïve', '!!!', '', ' x', long(51), 'a\nb', 5, true, null, ['a']].map((it) => [it] as const),
];

for (const { name: kind, fields } of kinds.all)
  t.test(`${kind}: a name is kept, folded with a warning, or refused`, async (t) => {
    const inSpec = fields.find((it) => it.path === 'spec.provider.name')?.path;
    for (const [written, stored] of names) {
      const beside = inSpec === undefined ? {} : { [inSpec]: stored ?? 'it' };
      const { manifest, problems } = load(kind, { 'metadata.name': written, ...beside });
      const what = JSON.stringify(written);
      t.equal(manifest?.metadata.name, stored, what);
      const told = problems.filter((it) => it.path === 'metadata.name');
      if (stored === written) t.same(told, [], what);
      else t.equal(told[0]?.severity, stored === undefined ? 'error' : 'warning', what);
    }
    const { problems } = load(kind, { 'metadata.name': undefined });
    t.match(errorsOf(problems), [{ code: 'MANIFEST_MISSING_KEY', path: 'metadata.name' }]);
  });

/** The maps that each kind must have. */
const needed: Readonly<Record<string, readonly string[]>> = {
  LLMClient: ['spec', 'spec.config'],
  Plugin: ['spec', 'spec.selector', 'spec.prompt', 'spec.data'],
  SqlPlugin: ['spec', 'spec.selector', 'spec.prompt', 'spec.sqlData'],
  ApiPlugin: ['spec', 'spec.selector', 'spec.prompt', 'spec.apiData'],
  SqlConnection: ['spec', 'spec.connection'],
  ApiConnection: ['spec', 'spec.connection'],
  Secret: ['spec', 'spec.config'],
  SmarterAuthToken: ['spec', 'spec.config'],
  Provider: ['spec', 'spec.provider'],
};

for (const kind of kinds.all) {
  t.test(`${kind.name}: the maps that it needs are asked for, and are maps`, async (t) => {
    const paths = ['metadata', ...(needed[kind.name] ?? [])];
    t.ok(paths.length > 2, 'there are some');
    for (const path of paths) {
      const missing = errorsOf(load(kind.name, { [path]: undefined }).problems);
      t.match(missing, [{ code: 'MANIFEST_MISSING_KEY', path }], path);
      for (const value of ['text', 5, ['a'], null]) {
        const { manifest, problems } = load(kind.name, { [path]: value });
        t.equal(manifest, undefined, `${path} is not ${JSON.stringify(value)}`);
        t.match(errorsOf(problems), [{ path }], `${path} is not ${JSON.stringify(value)}`);
      }
    }
  });

  t.test(`${kind.name}: unknown keys are refused everywhere, old ones dropped`, async (t) => {
    for (const place of ['metadata', ...(needed[kind.name] ?? [])]) {
      const path = `${place}.nonsense`;
      const errors = errorsOf(load(kind.name, { [path]: 1 }).problems);
      t.match(errors, [{ code: 'MANIFEST_UNKNOWN_KEY', path }], path);
      t.equal(errors.length, 1, path);
    }
    t.match(errorsOf(load(kind.name, { nonsense: 1 }).problems), [
      { code: 'MANIFEST_UNKNOWN_KEY', path: 'nonsense' },
    ]);
    for (const path of kind.legacy) {
      const { manifest, problems } = load(kind.name, { [path]: 'old' });
      t.match(problems, [{ severity: 'warning', code: 'MANIFEST_LEGACY_KEY', path }], path);
      t.equal(manifest && valueAt(manifest, path), undefined, `${path} is dropped`);
    }
  });

  t.test(`${kind.name}: a status is not read, whatever it says`, async (t) => {
    const plain = load(kind.name, {}).manifest;
    for (const status of [{ deployed: true, recordLocator: 'x' }, 'text', 5, ['a'], null])
      t.same(load(kind.name, { status }), { manifest: plain, problems: [] });
  });
}

t.test('the old keys are those that manifests of the reference platform carry', async (t) => {
  t.same(Object.fromEntries(kinds.all.map((it) => [it.name, it.legacy.slice(1)])), {
    LLMClient: ['spec.config.dnsVerificationStatus'],
    Plugin: ['spec.data.description'],
    SqlPlugin: ['spec.sqlData.description'],
    ApiPlugin: ['spec.apiData.description'],
    Secret: ['spec.config.description'],
    ...{ SqlConnection: [], ApiConnection: [], SmarterAuthToken: [], Provider: [] },
  });
  for (const { name, legacy } of kinds.all) t.equal(legacy[0], 'metadata.author', name);
});

t.test('what is refused is told with what to write instead', async (t) => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['ApiPlugin', { 'spec.apiData.endpoint': '/v1/items' }, 'write /v1/items/'],
    ['ApiPlugin', { 'spec.apiData.endpoint': 'v1/items/' }, 'write /v1/items/'],
    ['ApiPlugin', { 'spec.apiData.method': 'get' }, 'did you mean GET?'],
    ['Provider', { 'spec.provider.connectivity_test_path': 'models' }, 'write /models/'],
    ['Provider', { 'spec.provider.name': 'other' }, 'write it'],
    ['SqlPlugin', { 'spec.sqlData.sqlQuery': 'SELECT {id}' }, 'declare id under parameters'],
    ['SqlConnection', { 'spec.connection.port': '5432' }, 'write 5432 without quotes'],
    ['SqlConnection', { 'spec.connection.password': 'My Secret' }, 'write the name of a Secret'],
    ['Secret', { 'spec.config.valueFrom': undefined }, 'add valueFrom'],
    ['SqlPlugin', { 'spec.selector.directive': 'search_terms' }, 'add searchTerms'],
    ['LLMClient', { 'metadata.name': 'My Bot' }, 'my_bot'],
    ['LLMClient', { 'spec.config.defaultModle': 'x' }, 'did you mean defaultModel?'],
    ['LLMClient', { 'spec.config.deployed': 'yes' }, 'true'],
  ];
  for (const [kind, values, hint] of cases)
    t.match(
      errorsOf(load(kind, values).problems)[0]?.hint,
      hint,
      `${kind} ${JSON.stringify(values)}`,
    );
  t.match(
    load('ApiPlugin', { 'spec.apiData.headers': [{ name: 'X-Api-Key', value: 'x' }] }).problems,
    [{ severity: 'warning', code: 'MANIFEST_ADVICE', path: 'spec.apiData.headers.0.name' }],
    'a header that signs in is warned about',
  );
  t.match(errorsOf(load('LLMClient', { 'spec.apiKey': 'My Key' }).problems), [{ code: badName }]);
});
