import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { z } from 'zod';
import { checkShape } from '../../src/lib/shape.ts';
import { escapeUntrusted, escapeUntrustedLines } from '../../src/lib/terminal.ts';
import { type ParsedYaml, parseYaml, type YamlDocument, yamlLimits } from '../../src/lib/yaml.ts';
import { t } from '../support/tap.ts';

function parse(text: string, limits = {}): ParsedYaml {
  return parseYaml(Buffer.from(text), 'f.yaml', limits);
}

function only(text: string): YamlDocument {
  const { documents, problems } = parse(text);
  t.same(problems, []);
  t.equal(documents.length, 1);
  return documents[0] as YamlDocument;
}

t.test('a value means what YAML 1.2 says, but for digits after a nought', async (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['yes', 'yes'],
    ['no', 'no'],
    ['on', 'on'],
    ['true', true],
    ['~', null],
    ['', null],
    ['012', '012'],
    ['-012', '-012'],
    ['00', '00'],
    ['0', 0],
    ['-0', 0],
    ['12', 12],
    ['+12', 12],
    ['0x1F', 31],
    ['0o17', 15],
    ['1_000', '1_000'],
    ['1:30', '1:30'],
    ['1e3', 1000],
    ['02.5', 2.5],
    ['9007199254740991', 9007199254740991],
    ['2024-06-15', '2024-06-15'],
    ['2024-06-15T10:00:00Z', '2024-06-15T10:00:00Z'],
    ['!!str 12', '12'],
    ['"<<"', '<<'],
    ['"\\u00e9\\t\\ufeff"', 'é\t\ufeff'],
    ['|\n  a\n  b', 'a\nb\n'],
    ['{ x: [1, a] }', { x: [1, 'a'] }],
    ['{}', {}],
  ];
  for (const [text, value] of cases) t.strictSame(only(`a: ${text}\n`).value, { a: value }, text);
  t.same(only('a: &x { b: [1] }\nc: *x\nd: *x\n').value, {
    a: { b: [1] },
    c: { b: [1] },
    d: { b: [1] },
  });
  t.same(only('a: &x 1\nb: *x\nc: &x 2\nd: *x\n').value, { a: 1, b: 1, c: 2, d: 2 });
  t.same(only('"<<": 1\n? plain\n: 2\n').value, { '<<': 1, plain: 2 });
  t.same(only('{"a": "\\u0041", "b": [1.5, null]}').value, { a: 'A', b: [1.5, null] }, 'JSON');
});

t.test('documents without content are counted and left out', async (t) => {
  const { documents } = parse('# top\n---\n---\na: 1\n---\n# none\n---\nb: 2\n...\n');
  t.same(
    documents.map((it) => [it.index, it.line, it.value]),
    [
      [1, 4, { a: 1 }],
      [3, 8, { b: 2 }],
    ],
  );
  for (const text of ['', '\n\n', '# a\n', '\ufeff', '---\n', '---\n...\n---\n'])
    t.same(parse(text), { documents: [], problems: [] }, JSON.stringify(text));
});

t.test('one document that does not parse refuses the whole file', async (t) => {
  const { documents, problems } = parse('a: 1\n---\nb: [\n---\nc: 1\n');
  t.same(documents, []);
  t.match(problems, [{ code: 'MANIFEST_SYNTAX', line: 4, column: 1 }]);
});

t.test('every part of a document has its place', async (t) => {
  const text =
    '\ufeffa: 1\r\nb:\r\n  - x\r\n  - "😀": {k: v, "l":  w}\r\nc:\r\nd: &r\r\n  e: 5\r\nf: *r\r\n';
  const document = only(text);
  const cases: readonly (readonly [(string | number)[], 'key' | 'value', string])[] = [
    [[], 'value', '1:1'],
    [['a'], 'key', '1:1'],
    [['a'], 'value', '1:4'],
    [['b'], 'key', '2:1'],
    [['b'], 'value', '3:3'],
    [['b', 0], 'value', '3:5'],
    [['b', 0], 'key', '3:5'],
    [['b', 1, '😀'], 'value', '4:10'],
    [['b', 1, '😀', 'k'], 'value', '4:14'],
    [['b', 1, '😀', 'l'], 'key', '4:17'],
    [['b', 1, '😀', 'l'], 'value', '4:23'],
    [['c'], 'value', '5:1'],
    [['f', 'e'], 'value', '7:6'],
    [['b', 7], 'value', '2:1'],
    [['b', 7, 'x'], 'value', '2:1'],
    [['nowhere', 'at', 'all'], 'value', '1:1'],
  ];
  for (const [path, which, place] of cases) {
    const { line, column } = document.place(path, which);
    t.equal(`${line}:${column}`, place, `${which} of ${path.join('.')}`);
  }
  t.equal(document.source(['a']), '1');
  t.equal(document.source(['b', 1, '😀', 'l']), 'w');
  t.equal(document.source(['b']), undefined);
  t.equal(document.source(['nowhere']), undefined);
});

t.test('a key that looks like an index is a key', async (t) => {
  t.same(only('"0": { "1": a }\n').place(['0', '1'], 'value'), { line: 1, column: 13 });
});

t.test('a frame shows the line, the one before it and a caret', async (t) => {
  const long = 'x '.repeat(100);
  const document = only(
    `first: 1\nlong: ${long}END ${long}\nesc: "a\u200bb 😀 c"\n\nafter: blank\n`,
  );
  t.equal(document.frame(1, 8), '  1 | first: 1\n    |        ^');
  t.equal(
    document.frame(3, 11, 3),
    '  2 | long: x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x …\n  3 | esc: "a\\u200bb 😀 c"\n    |                ^^^',
  );
  t.match(document.frame(2, 207, 3), /\n {2}2 \| …x.*END.*…\n {4}\| {42}\^\^\^$/);
  t.equal(document.frame(5, 1, 5), '  5 | after: blank\n    | ^^^^^');
  t.equal(document.frameAt(['after'], 'value'), '  5 | after: blank\n    |        ^^^^^');
  t.match(only(`a: ${'x'.repeat(3000)}\n`).frame(1, 500), /\(a line of 3003 characters\)/);
});

t.test('no frame shows what may be a secret', async (t) => {
  const lines = [
    'password: canary',
    'password: "can\\"canary"',
    'dbPassword:   canary # canary',
    '{ user: a, api_key: canary, x: canary }',
    '- token: canary',
    '"apiKey": canary',
    'secret:\n  canary',
    'secret: |\n  one\n\n  canary',
    'secret: >-\n    one\n    canary: x',
    'secrets:\n  - canary',
    'client_secret: &a\n  deep:\n    deeper: canary',
    'value: canary',
    'a: https://ann:canary@example.com/x',
    'a: sk-canary1234567890abcdef',
    'a: x sk-canary1234567890abcdef y',
  ];
  for (const text of lines) {
    const line = text.split('\n').length;
    const { problems } = parse(`${text}\nb: @\n`);
    const shown = problems.map((it) => it.frame).join('\n');
    t.match(shown, /\^/, text);
    t.notMatch(shown, /canary/, text);
    for (const column of [1, 5, 12, 25])
      t.notMatch(only(text).frame(line, column, 9), /canary/, `${text} at ${column}`);
  }
  const harmless = [
    'kind: SmarterAuthToken',
    'maxTokens: 5',
    'tokenFile: a/b',
    'a: support_bot_2_for_all_of_us',
    'a: not-really-secret-at-all-but-long',
  ];
  for (const text of harmless) t.match(only(text).frame(1, 1), text, text);
});

t.test('each limit holds exactly', async (t) => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const keys = (count: number) => Array.from({ length: count }, (_, it) => `k${it}: 1`).join('\n');
  const aliases = (count: number) => `a: &a 1\nb: [${Array(count).fill('*a').join(', ')}]`;
  const cases: readonly (readonly [string, (size: number) => string, string])[] = [
    ['bytes', (size) => '#'.repeat(size), 'FILE_TOO_LARGE'],
    ['depth', nested, 'MANIFEST_LIMIT'],
    ['documents', (size) => '---\na: 1\n'.repeat(size), 'MANIFEST_LIMIT'],
    ['keys', keys, 'MANIFEST_LIMIT'],
    ['aliases', aliases, 'MANIFEST_LIMIT'],
  ];
  for (const [name, text, code] of cases) {
    const limit = yamlLimits[name as keyof typeof yamlLimits];
    t.same(parse(text(limit)).problems, [], `${name}: ${limit}`);
    t.match(parse(text(limit + 1)).problems, [{ code }], `${name}: ${limit + 1}`);
  }
  t.match(parse('a: b', { tokens: 3 }).problems, [{ code: 'MANIFEST_LIMIT' }]);
  const deepByAliases = `a: &a ${nested(40)}\nb: ${'['.repeat(40)}*a${']'.repeat(40)}\n`;
  t.match(parse(deepByAliases).problems, [{ code: 'MANIFEST_LIMIT' }]);
});

t.test('one line that does not line up is told once, and nothing of those after it', async (t) => {
  const told = (text: string) => parse(text).problems.map((it) => `${it.line}: ${it.message}`);
  const rest = Array.from({ length: 5 }, (_, at) => `    key${at}: value\n`).join('');
  t.same(told(`spec:\n  config:\n   deployed: true\n${rest}`), [
    '4: this line is indented under a key that has its value already',
  ]);
  t.same(told(`spec:\n\tconfig:\n${rest}`), ['2: a tab cannot indent YAML']);
  t.same(told(`a:\n   b: 1\n${rest}---\na:\n   b: 1\n${rest}`).length, 2, 'one in each document');
  const colon = 'a colon and a blank start a map, and there is one inside of this text';
  t.same(told('a: b: c\nd: e: f\n'), [`1: ${colon}`, `2: ${colon}`], 'of others each is told');
});

t.test('a file tells at most twenty problems, and how many more there are', async (t) => {
  for (const text of ['- "\\q"\n'.repeat(50), '- *a\n'.repeat(50), 'a: 1\n'.repeat(51)]) {
    const { problems } = parse(text);
    t.equal(problems.length, 20, text.slice(0, 8));
    t.equal(problems.at(-1)?.message, '31 more problems in this file', text.slice(0, 8));
  }
  t.equal(parse('- *a\n'.repeat(20)).problems.at(-1)?.line, 20);
});

t.test('reading takes time in proportion to the file, however wrong it is', async (t) => {
  // Worked out one by one, the errors of either would take more than five seconds of the processor.
  for (const part of ['[]', ',']) {
    const text = `a: [${part.repeat(80_000)}`;
    const started = process.cpuUsage();
    parse(text);
    const { user, system } = process.cpuUsage(started);
    const time = Math.round((user + system) / 1000);
    t.ok(time < 3000, `${text.slice(0, 12)} takes ${time} ms`);
  }
  t.match(parse('[]'.repeat(500_000)).problems, [{ code: 'MANIFEST_LIMIT' }]);
});

t.test('what is sound YAML and refused still tells the keys of its roots', async (t) => {
  const { problems, refusedRoots } = parse('a: 1\nb: !x y\n---\n- 1\n---\nkind: k\n');
  t.equal(problems.length, 1);
  t.same(refusedRoots, [['a', 'b'], [], ['kind']]);
  t.equal(parse('a: [').refusedRoots, undefined);
});

const schema = z.strictObject({
  name: z.string().min(1),
  config: z.strictObject({
    size: z.int().min(1).max(10).nullish(),
    ratio: z.number().lt(1).optional(),
    on: z.boolean().default(false),
    mode: z.enum(['fast', 'slow']).nullish(),
    note: z.string().max(5).optional(),
    apiKey: z.string().optional(),
    list: z.array(z.string()).min(1).nullish(),
    shade: z
      .string()
      .refine((it) => it !== 'grey', 'must be a colour')
      .optional(),
    either: z.union([z.strictObject({ a: z.string(), b: z.string() }), z.string()]).optional(),
  }),
});

t.test('each difference from a schema is told at its place with what to write', async (t) => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'size: "5"',
      '3:9',
      'WRONG_TYPE config.size',
      /size must be a number, not a text.*write 5 without quotes/,
    ],
    ['size: 5.4', '3:9', 'WRONG_TYPE config.size', /size must be a whole number.*write 5$/],
    ['size: 0', '3:9', 'BAD_VALUE config.size', /size must be at least 1/],
    ['size: 11', '3:9', 'BAD_VALUE config.size', /size must be at most 10/],
    ['size: [1]', '3:9', 'WRONG_TYPE config.size', /not a list.*write a number/],
    ['ratio: 1', '3:10', 'BAD_VALUE config.ratio', /ratio must be less than 1/],
    ['ratio: 1_0.5', '3:10', 'WRONG_TYPE config.ratio', /write 10.5$/],
    ['on: off', '3:7', 'WRONG_TYPE config.on', /on must be true or false.*write false/],
    ['on: 1', '3:7', 'WRONG_TYPE config.on', /write true/],
    ['on: maybe', '3:7', 'WRONG_TYPE config.on', /write true or false/],
    [
      'mode: fats',
      '3:9',
      'BAD_VALUE config.mode',
      /mode must be one of: fast, slow.*did you mean fast\?/,
    ],
    ['mode: 5', '3:9', 'BAD_VALUE config.mode', /write one of them/],
    [
      'note: 1.0',
      '3:9',
      'WRONG_TYPE config.note',
      /note must be a text, not a number.*quote it: "1\.0"/,
    ],
    ['note: abcdef', '3:9', 'BAD_VALUE config.note', /at most 5 characters.*shorten it/],
    ['note: {a: b}', '3:9', 'WRONG_TYPE config.note', /quote the whole text/],
    ['note:', '3:3', 'WRONG_TYPE config.note', /not nothing.*remove the key/],
    ['apiKey: 123456', '3:11', 'WRONG_TYPE config.apiKey', /^(?!.*123456).*quote it$/],
    ['list: a', '3:9', 'WRONG_TYPE config.list', /list must be a list.*after a dash/],
    ['list: {a: b}', '3:9', 'WRONG_TYPE config.list', /put a dash before each item/],
    ['list: [a, 5]', '3:13', 'WRONG_TYPE config.list.1', /list\[1\] must be a text/],
    ['list: []', '3:9', 'BAD_VALUE config.list', /list must have at least 1 item/],
    ['shade: grey', '3:10', 'BAD_VALUE config.shade', /shade must be a colour.*correct shade/],
    ['sise: 5', '3:3', 'UNKNOWN_KEY config.sise', /config has no key sise.*did you mean size\?/],
    ['name: 5', '3:3', 'UNKNOWN_KEY config.name', /belongs to the top level/],
    ['qqqqqqq: 5', '3:3', 'UNKNOWN_KEY config.qqqqqqq', /remove it/],
    ['either: { a: b }', '3:3', 'MISSING_KEY config.either.b', /either needs a key b.*add b: …/],
  ];
  for (const [line, place, what, words] of cases) {
    const found = checkShape(schema, only(`name: x\nconfig:\n  ${line}\n`));
    t.equal(found.length, 1, line);
    const [{ code, path, message, hint, ...it }] = found as [(typeof found)[0]];
    t.equal(`${it.line}:${it.column}`, place, `${line}: place`);
    t.equal(`${code.replace('MANIFEST_', '')} ${path}`, what, line);
    t.match(`${message} ${hint}`, words, line);
    t.match(it.frame, /\^/, `${line}: frame`);
  }
});

t.test('a shape is checked from any place on, with one code where that is wanted', async (t) => {
  const document = only('- name: x\n- nam: y\n');
  const list = z.strictObject({ name: z.string() });
  const found = checkShape(list, document, {
    at: [1],
    value: { nam: 'y' },
    code: 'CONFIG_INVALID',
  });
  t.match(found, [
    { code: 'CONFIG_INVALID', path: '1.name', line: 2, column: 3 },
    { code: 'CONFIG_INVALID', path: '1.nam', line: 2, column: 3, hint: 'did you mean name?' },
  ]);
  t.match(checkShape(schema, only('- a\n')), [
    { line: 1, column: 1, message: 'the document must be a map, not a list' },
  ]);
});

t.test('the escaper leaves nothing that a terminal obeys', async (t) => {
  const unsafe = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u;
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeUntrusted(text), unsafe);
      assert.doesNotMatch(escapeUntrustedLines(text).replace(/[\n\t]/g, ''), unsafe);
    }),
    { numRuns: 5000 },
  );
  t.pass('for 5,000 texts');
});
