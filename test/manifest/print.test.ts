import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { kinds } from '../../src/kinds/kinds.ts';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { Field, Kind } from '../../src/manifest/kind.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { normalise } from '../../src/manifest/normal.ts';
import { printManifest, printStream, printValue } from '../../src/manifest/print.ts';
import { t } from '../support/tap.ts';

const readers = ['1.2', '1.1'] as const;

function read(text: string, version: (typeof readers)[number]): unknown {
  return parse(text, { version, merge: version === '1.1', logLevel: 'error' });
}

function field(path: string, more: Partial<Field> = {}): Field {
  return { path, storage: { column: 'c', type: 'text' }, class: 'cosmetic', ...more };
}

const toy = {
  name: 'Toy',
  fields: [
    field('metadata.description'),
    field('metadata.version'),
    field('metadata.tags', { default: [], compare: 'set' }),
    field('metadata.annotations', { default: [] }),
    field('metadata.toyClass', { default: 'plain', always: true }),
    field('spec.config.size', { default: 10 }),
    field('spec.config.note', { always: true }),
    field('spec.config.domain.zone'),
    field('spec.config.domain.host'),
    field('spec.free'),
    field('spec.parts', { default: ['wheel'] }),
  ],
  tables: { main: 'toy', ones: [{ table: 'toy_domain', path: 'spec.config.domain' }] },
} as unknown as Kind;

function manifest(metadata: JsonObject, spec: JsonObject, kind = 'Toy'): Manifest {
  return { apiVersion: 'smarter.sh/v1', kind, metadata: { name: 'a', ...metadata }, spec };
}

t.test('a manifest prints in the order of its kind, without what equals a default', async (t) => {
  const cases: readonly [string, Manifest, string][] = [
    [
      'everything out of order',
      {
        spec: {
          later: 1,
          parts: ['wheel', 'axle'],
          free: { z: 1, a: [], m: {} },
          config: { domain: { host: 'b', zone: 'a' }, note: 'hi', size: 3 },
        },
        metadata: {
          annotations: [{ 'x.y/z': 1, b: null }, {}],
          tags: ['b', 'a'],
          version: '1.0.0',
          name: 'a',
          description: 'd',
        },
        kind: 'Toy',
        apiVersion: 'smarter.sh/v1',
      },
      `apiVersion: smarter.sh/v1
kind: Toy
metadata:
  name: a
  description: d
  version: 1.0.0
  tags:
    - b
    - a
  annotations:
    - x.y/z: 1
      b: null
    - {}
  toyClass: plain
spec:
  config:
    size: 3
    note: hi
    domain:
      zone: a
      host: b
  free:
    z: 1
    a: []
    m: {}
  parts:
    - wheel
    - axle
  later: 1
`,
    ],
    [
      'defaults, and the maps that the shape insists on',
      manifest(
        { tags: [], annotations: [], toyClass: 'fancy' },
        { config: { size: 10 }, parts: ['wheel'] },
      ),
      `apiVersion: smarter.sh/v1
kind: Toy
metadata:
  name: a
  toyClass: fancy
spec:
  config:
    note: null
`,
    ],
    [
      'an empty list where the default is not empty',
      manifest({}, { parts: [] }),
      `apiVersion: smarter.sh/v1
kind: Toy
metadata:
  name: a
  toyClass: plain
spec:
  config:
    note: null
  parts: []
`,
    ],
  ];
  for (const [name, given, expected] of cases) t.equal(printManifest(given, toy), expected, name);
});

t.test('text is printed as a person would write it', async (t) => {
  const cases: readonly [JsonValue, string][] = [
    ['plain words, with (some) signs!', 'plain words, with (some) signs!'],
    ['gpt-4o-mini', 'gpt-4o-mini'],
    ['https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
    ['Grüße, 日本語 и друзья', 'Grüße, 日本語 и друзья'],
    ['1.0.0-rc.1+build', '1.0.0-rc.1+build'],
    ['/v1/x/', '/v1/x/'],
    ['', '""'],
    ['no', '"no"'],
    ['Y', '"Y"'],
    ['2024-06-15', '"2024-06-15"'],
    ['1:30', '"1:30"'],
    ['012', '"012"'],
    ['1_000', '"1_000"'],
    ['1.5', '"1.5"'],
    ['~', '"~"'],
    ['<<', '"<<"'],
    ['a: b', '"a: b"'],
    ['a #b', '"a #b"'],
    ['ends:', '"ends:"'],
    ['say "hi" \\', 'say "hi" \\'],
    ['"hi" \\', '"\\"hi\\" \\\\"'],
    ['--- a', '"--- a"'],
    ['%YAML 1.1', '"%YAML 1.1"'],
    ['bell\u0007 esc\u001b[31m', '"bell\\u0007 esc\\u001b[31m"'],
    ['right\u202eleft', '"right\\u202eleft"'],
    ['half \ud800', '"half \\ud800"'],
    ['one\ntwo', '|-\n    one\n    two'],
    ['one\ntwo\n', '|\n    one\n    two'],
    ['one\n\n\ttwo\n\n', '|+\n    one\n\n    \ttwo\n'],
    [' one\ntwo\n', '|2\n     one\n    two'],
    ['one\r\ntwo\n', '"one\\r\\ntwo\\n"'],
    ['\n', '"\\n"'],
    [1e21, '1.0e+21'],
    [1.5e-7, '1.5e-7'],
    [0.1, '0.1'],
    [-3, '-3'],
    [true, 'true'],
  ];
  for (const [value, expected] of cases)
    t.equal(printValue({ in: { k: value } }), `in:\n  k: ${expected}\n`, JSON.stringify(value));
});

const nasty = [
  ...['y', 'N', 'yes', 'No', 'ON', 'off', 'true', 'False', 'null', 'NULL', '~', '=', '<<', '!!'],
  ...['2024-06-15', '2024-06-15T10:00:00Z', '1:30', '190:20:30', '1:30.5', '012', '0o14', '0x1F'],
  ...[
    '0b101',
    '1_000',
    '_1',
    '1e3',
    'e3',
    'E-3',
    'e+10',
    ' a\n \n',
    'a\n \n\n',
    ' \na',
    '1E+3',
    '.5',
    '5.',
    '-1',
    '+1',
    '.inf',
    '-.INF',
    '.nan',
    '1,5',
  ],
  ...[
    '',
    ' ',
    '  x',
    'x  ',
    '\t',
    '\tx',
    'x\t',
    'a\tb',
    '\n',
    '\n\n',
    ' \n',
    '\n ',
    'a\n ',
    'a\n\t',
  ],
  ...[
    'a\nb',
    'a\nb\n',
    'a\nb\n\n',
    '\na\n',
    '\n\n a\n',
    ' a\n  b\n',
    '\ta\n b',
    'a\n\n\nb',
    'a\n  \nb',
  ],
  ...['#', '# a', 'a #b', 'a# b', 'a\n# b\n', 'a:', 'a: b', ':', ': a', ':a', 'a\n: b', '?', '? a'],
  ...[
    '-',
    '- a',
    '-a',
    '---',
    '--- a',
    '...',
    'a\n---\nb\n',
    'a\n...\nb\n',
    '%TAG ! x:',
    'a\n%b\n',
  ],
  ...[
    '"',
    "'",
    'a"b',
    "it's",
    '\\',
    '\\n',
    '"a',
    "'a",
    '"a"',
    '`a',
    '@a',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    '[a]',
    '{a: b}',
    'a, b',
    ',',
    'a\u0000b',
    '\u0007',
    '\u001b[0m',
    '\u007f',
  ],
  ...['\u0085', 'a\u0085b', 'a\u2028b', 'a\u2029b\n', '\ufeff', '\ufeffa', 'a\ufeff', 'a\u200bb'],
  ...[
    '\u00a0',
    'a\u00a0',
    '\u3000a',
    'a\u00adb',
    '\u202e',
    '\ud800',
    'a\udc00b',
    '\ufffe',
    '\uffff',
  ],
  ...['\r', 'a\r', 'a\rb', 'a\r\nb\r\n', '😀', '👩‍💻', 'é', 'e\u0301', '١٢٣', '\u{10ffff}'],
  ...['__proto__', 'constructor', 'toString', '<!-- -->', '${X}', '{{ x }}', 'a'.repeat(2000)],
  `${'long words '.repeat(200)}\nend`,
];

t.test('every text reads back as it was, to readers of YAML 1.2 and of 1.1', async () => {
  for (const version of readers) {
    for (const text of nasty) {
      const values: JsonObject[] = [
        { a: text, b: [text, [text, { c: text }]], d: { e: text, f: 1 } },
      ];
      if (text !== '__proto__') values.push({ [text]: { [text]: text }, z: [{ [text]: 1 }] });
      for (const value of values) {
        const printed = printValue(value);
        assert.deepStrictEqual(read(printed, version), value, `${version}: ${printed}`);
      }
    }
  }
});

t.test('no line of a print starts a document or a directive, or hides what it holds', async () => {
  for (const text of nasty) {
    const printed = printValue({ a: text, [text]: [text] });
    assert.doesNotMatch(printed, /^(---|\.\.\.|%)/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    assert.doesNotMatch(printed, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/);
  }
});

t.test('every JSON value reads back as it was, to readers of YAML 1.2 and of 1.1', async () => {
  const text = fc.oneof(
    fc.string({
      unit: fc.constantFrom(...' \t\n\n:#-?|>&*!%@`\'"\\{}[],.0123ae_~=<Nn\r\u0085\ufeff'),
    }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...nasty),
  );
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      text,
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (it === 0 ? 0 : it)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        text.filter((it) => it !== '__proto__'),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  }));
  fc.assert(
    fc.property(fc.record({ k: value }, { noNullPrototype: true }), (it) => {
      const printed = printValue(it);
      for (const version of readers) assert.deepStrictEqual(read(printed, version), it, printed);
    }),
    { numRuns: 1500 },
  );
});

t.test('a stream separates its documents and nothing else', async (t) => {
  const one = { manifest: manifest({}, { free: '---\n' }), kind: toy };
  const two = { manifest: manifest({ toyClass: 'x' }, { free: 'a\n\n' }), kind: toy };
  let printed = '';
  for await (const text of printStream([one, two, one])) printed += text;
  t.equal(printed, [one, two, one].map((it) => printManifest(it.manifest, it.kind)).join('---\n'));
  const documents = parseAllDocuments(printed).map((it) => it.toJS() as JsonObject);
  t.same(
    documents.map((it) => (it['spec'] as JsonObject)['free']),
    ['---\n', 'a\n\n', '---\n'],
  );
});

t.test(
  'an example of every kind prints to the same manifest, and prints alike again',
  async (t) => {
    t.ok(kinds.all.length >= 3);
    for (const kind of kinds.all) {
      const given = normalise(parse(kind.example) as JsonObject, kind);
      const printed = printManifest(given, kind);
      const back = parse(printed) as JsonObject;
      t.ok(kind.spec().safeParse(back['spec']).success, kind.name);
      t.same(normalise(back, kind), given, kind.name);
      t.equal(printManifest(normalise(back, kind), kind), printed, kind.name);
    }
  },
);

t.test('what a kind insists on is in the print of a record that says nothing else', async (t) => {
  for (const kind of kinds.all) {
    const bare = parse(printManifest(manifest({}, {}, kind.name), kind)) as Manifest;
    const problems = kind.spec().safeParse(bare.spec).error?.issues ?? [];
    const maps = kind.fields
      .map((it) => it.path.split('.').slice(1, -1).join('.'))
      .filter((it) => it !== '');
    t.same(
      problems.map((it) => it.path.join('.')).filter((it) => maps.includes(it)),
      [],
      `${kind.name} lacks no map of its shape`,
    );
  }
});
