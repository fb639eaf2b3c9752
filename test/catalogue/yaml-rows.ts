import { config, metadata, named, type Row, spec } from '../support/catalogue.ts';

const good = named('bot');

function repeat(text: string, times: number): string {
  return text.repeat(times);
}

function bomb(levels: number): string {
  const lines = ['l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let level = 1; level < levels; level += 1)
    lines.push(
      `l${level}: &l${level} [${Array(9)
        .fill(`*l${level - 1}`)
        .join(', ')}]`,
    );
  return lines.join('\n');
}

function nestedMaps(depth: number): string {
  return Array.from({ length: depth }, (_, it) => `${' '.repeat(it)}a:`).join('\n');
}

/** Items 1 to 58: the text is no YAML, or more than the limits allow. */
export const yamlRows: readonly Row[] = [
  {
    item: 1,
    name: 'tab indentation',
    input: 'apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n\tname: bot\n',
    errors: ['MANIFEST_SYNTAX 4:1'],
    says: /tab.*spaces/,
  },
  {
    item: 2,
    name: 'an unclosed quote',
    input: named('"bot'),
    errors: ['MANIFEST_SYNTAX 4:9'],
    says: /quote.*never closed/,
  },
  {
    item: 3,
    name: 'an unclosed bracket',
    input: spec('  config: {}\n  plugins: [a, b\n  functions: []\n'),
    errors: ['MANIFEST_SYNTAX 7:3'],
    says: /\[ of line 6.*missing \]/,
  },
  {
    item: 3,
    name: 'an unclosed brace',
    input: metadata('  name: { x: 1\n'),
    errors: ['MANIFEST_SYNTAX 5:1'],
    says: /\{ of line 4.*missing \}/,
  },
  {
    item: 4,
    name: 'a deeper line than its neighbours',
    input: metadata('  name: bot\n    version: 1.0.0\n'),
    errors: ['MANIFEST_SYNTAX 5:5'],
    says: /has its value already/,
  },
  {
    item: 4,
    name: 'a shallower line than its neighbours',
    input: metadata('    name: bot\n  version: 1.0.0\n'),
    errors: ['MANIFEST_SYNTAX 5:1'],
  },
  {
    item: 5,
    name: 'a duplicate key at the top',
    input: `${good}kind: Plugin\n`,
    errors: ['MANIFEST_DUPLICATE_KEY 7:1'],
  },
  {
    item: 6,
    name: 'a duplicate key inside',
    input: config('provider: a\n    provider: b'),
    errors: ['MANIFEST_DUPLICATE_KEY 7:5'],
  },
  {
    item: 7,
    name: 'a duplicate name',
    input: metadata('  name: bot\n  name: bot\n'),
    errors: ['MANIFEST_DUPLICATE_KEY 5:3'],
  },
  {
    item: 8,
    name: 'a colon in plain text',
    input: metadata('  name: bot\n  description: Note: this\n'),
    errors: ['MANIFEST_SYNTAX 5:16'],
    says: /quote the whole text/,
  },
  {
    item: 9,
    name: 'no blank after a colon',
    input: metadata('  name: bot\n  version:1.0.0\n'),
    errors: ['MANIFEST_SYNTAX 5:3'],
    says: /blank after the colon/,
  },
  {
    item: 9,
    name: 'no blank after the first colon',
    input: 'apiVersion:smarter.sh/v1\nkind: LLMClient\n',
    errors: ['MANIFEST_SYNTAX 1:1'],
  },
  {
    item: 10,
    name: 'an unknown alias',
    input: config('provider: *nobody'),
    errors: ['MANIFEST_SYNTAX 6:15'],
    says: /no anchor of this name/,
  },
  {
    item: 11,
    name: 'an alias bomb',
    input: `${good}${bomb(9)}\n`,
    errors: ['MANIFEST_LIMIT 8:10'],
  },
  {
    item: 12,
    name: 'an alias bomb through fields',
    input: spec(
      `  config:\n    appExamplePrompts: &a [x]\n  plugins: [${Array(25).fill('*a').join(', ')}]\n`,
    ),
    errors: ['MANIFEST_LIMIT 7:93'],
  },
  {
    item: 13,
    name: 'a list that contains itself',
    input: spec('  config: {}\n  plugins: &a\n    - *a\n'),
    errors: ['MANIFEST_FORBIDDEN 7:7'],
    says: /contains it/,
  },
  {
    item: 14,
    name: 'nesting of 200',
    input: `${good}x: ${repeat('[', 200)}${repeat(']', 200)}\n`,
    errors: ['MANIFEST_LIMIT 7:67'],
    says: /more than 64/,
  },
  { item: 15, name: 'nesting of 1,000', input: repeat('[', 1000), errors: ['MANIFEST_LIMIT 1:65'] },
  {
    item: 16,
    name: 'two deep files in one run',
    input: { 'a.yaml': repeat('[', 1000), 'b.yaml': repeat('[', 1100) },
    errors: ['a.yaml MANIFEST_LIMIT 1:65', 'b.yaml MANIFEST_LIMIT 1:65'],
  },
  {
    item: 17,
    name: '20,000 nested maps',
    input: repeat('{a: ', 20_000),
    errors: ['MANIFEST_LIMIT 1:257'],
  },
  {
    item: 18,
    name: 'nesting of 1,500 by indentation',
    input: nestedMaps(1400),
    errors: ['MANIFEST_LIMIT 65:66'],
  },
  { item: 19, name: '3,000 dashes', input: repeat('- ', 3000), errors: ['MANIFEST_LIMIT 1:129'] },
  {
    item: 20,
    name: '500 question marks',
    input: repeat('? ', 500),
    errors: ['MANIFEST_LIMIT 1:129'],
    says: /more than 64/,
  },
  {
    item: 20,
    name: '31 question marks',
    input: config(`${repeat('? ', 31)}a: b`),
    errors: ['MANIFEST_FORBIDDEN 6:7'],
  },
  {
    item: 21,
    name: 'NUL as an escape',
    input: metadata('  name: bot\n  description: "a\\0b"\n'),
    errors: ['MANIFEST_FORBIDDEN 5:16'],
  },
  {
    item: 22,
    name: 'NUL as a byte',
    input: metadata('  name: bot\n  description: a\0b\n'),
    errors: ['MANIFEST_ENCODING 5:17'],
  },
  {
    item: 23,
    name: 'ESC as a byte',
    input: metadata('  name: bot\n  description: a\u001b[31mb\n'),
    errors: ['MANIFEST_ENCODING 5:17'],
    says: /\\x1b/,
  },
  {
    item: 24,
    name: 'ESC as an escape',
    input: metadata('  name: bot\n  description: "\\e]52;c;x"\n'),
    errors: ['MANIFEST_FORBIDDEN 5:16'],
  },
  {
    item: 25,
    name: 'half a character',
    input: metadata('  name: bot\n  description: "\\ud800"\n'),
    errors: ['MANIFEST_FORBIDDEN 5:16'],
  },
  {
    item: 26,
    name: 'an escape that means nothing',
    input: metadata('  name: bot\n  description: "\\q"\n'),
    errors: ['MANIFEST_SYNTAX 5:17'],
  },
  {
    item: 27,
    name: 'CR as the line end',
    input: good.replaceAll('\n', '\r'),
    errors: ['MANIFEST_ENCODING 1:26'],
    says: /LF/,
  },
  {
    item: 28,
    name: 'merge conflict markers',
    input: metadata('<<<<<<< HEAD\n  name: a\n=======\n  name: b\n>>>>>>> other\n'),
    errors: ['MANIFEST_SYNTAX 4:1'],
    says: /merge conflict/,
  },
  {
    item: 29,
    name: 'a template',
    input: named('{{ name }}'),
    errors: ['MANIFEST_SYNTAX 4:9'],
    says: /template/,
  },
  {
    item: 29,
    name: 'a template with text behind it',
    input: named('{{ .Values.name }}_bot'),
    errors: ['MANIFEST_SYNTAX 4:9'],
  },
  {
    item: 30,
    name: 'plain text that starts with @',
    input: metadata('  name: bot\n  description: @all\n'),
    errors: ['MANIFEST_SYNTAX 5:16'],
  },
  {
    item: 31,
    name: 'plain text that starts with a backtick',
    input: metadata('  name: bot\n  description: `x`\n'),
    errors: ['MANIFEST_SYNTAX 5:16'],
  },
  {
    item: 32,
    name: 'a YAML 1.1 header',
    input: `%YAML 1.1\n---\n${good}`,
    errors: ['MANIFEST_FORBIDDEN 1:1'],
    says: /%YAML 1.2/,
  },
  {
    item: 33,
    name: 'a list at the root',
    input: '- a\n- b\n',
    errors: ['MANIFEST_WRONG_TYPE 1:1'],
  },
  { item: 34, name: 'a text at the root', input: 'hello\n', errors: ['MANIFEST_WRONG_TYPE 1:1'] },
  { item: 35, name: 'a number at the root', input: '42\n', errors: ['MANIFEST_WRONG_TYPE 1:1'] },
  { item: 36, name: 'empty documents', input: '---\n---\n---\n', ignored: true },
  { item: 37, name: 'comments only', input: '# nothing yet\n# really\n', ignored: true },
  {
    item: 38,
    name: 'a tag of JavaScript',
    input: metadata('  name: bot\n  description: !!js/function "x"\n'),
    errors: ['MANIFEST_FORBIDDEN 5:16'],
    says: /tag/,
  },
  {
    item: 39,
    name: 'a tag of Python',
    input: `${good}x: !!python/object/apply:os.system [x]\n`,
    errors: ['MANIFEST_FORBIDDEN 7:4'],
  },
  {
    item: 40,
    name: 'a binary name',
    input: named('!!binary Ym90'),
    errors: ['MANIFEST_FORBIDDEN 4:9'],
  },
  {
    item: 41,
    name: 'a local tag',
    input: config('provider: !secret openai'),
    errors: ['MANIFEST_FORBIDDEN 6:15'],
  },
  {
    item: 42,
    name: 'a merge key',
    input: spec('  config:\n    <<: { provider: openai }\n'),
    errors: ['MANIFEST_FORBIDDEN 6:5'],
    says: /merge keys/,
  },
  {
    item: 43,
    name: 'a list as a key',
    input: config('? [a]\n    : b'),
    errors: ['MANIFEST_FORBIDDEN 6:7'],
  },
  {
    item: 44,
    name: 'a number as a key',
    input: config('1: b'),
    errors: ['MANIFEST_FORBIDDEN 6:5'],
    says: /quote it/,
  },
  { item: 45, name: 'null as a key', input: config('~: b'), errors: ['MANIFEST_FORBIDDEN 6:5'] },
  { item: 45, name: 'nothing as a key', input: config(': b'), errors: ['MANIFEST_FORBIDDEN 6:5'] },
  {
    item: 46,
    name: '__proto__ at the top',
    input: `${good}__proto__: { a: 1 }\n`,
    errors: ['MANIFEST_FORBIDDEN 7:1'],
    says: /__proto__/,
  },
  {
    item: 47,
    name: '__proto__ in the configuration',
    input: config('__proto__: { a: 1 }'),
    errors: ['MANIFEST_FORBIDDEN 6:5'],
  },
  {
    item: 48,
    name: 'constructor.prototype',
    input: config('constructor: { prototype: { a: 1 } }'),
    errors: ['MANIFEST_FORBIDDEN 6:5', 'MANIFEST_FORBIDDEN 6:20'],
  },
  {
    item: 49,
    name: '__proto__ in an annotation',
    input: metadata('  name: bot\n  annotations:\n    - __proto__: 1\n'),
    errors: ['MANIFEST_FORBIDDEN 6:7'],
  },
  {
    item: 50,
    name: '20,000 unknown keys',
    input: config(Array.from({ length: 20_000 }, (_, it) => `k${it}: 1`).join('\n    ')),
    errors: ['MANIFEST_LIMIT 1006:5'],
    says: /at most 1000 keys/,
  },
  {
    item: 50,
    name: '900 unknown keys',
    input: config(Array.from({ length: 900 }, (_, it) => `k${it}: 1`).join('\n    ')),
    errors: [
      ...Array.from({ length: 19 }, (_, it) => `MANIFEST_UNKNOWN_KEY ${it + 6}:5`),
      'MANIFEST_UNKNOWN_KEY 24:5',
    ],
  },
  {
    item: 51,
    name: 'a scalar of 2 MB',
    input: metadata(`  name: bot\n  description: ${repeat('canary ', 300_000)}\n`),
    errors: ['FILE_TOO_LARGE'],
    says: /2100099 bytes/,
  },
  {
    item: 52,
    name: 'a file of 11 MB',
    input: Buffer.alloc(11 * 1024 * 1024, 'a: 1\n'),
    errors: ['FILE_TOO_LARGE'],
  },
  {
    item: 53,
    name: '1,500 documents',
    input: repeat(`---\n${good}`, 1500),
    errors: ['MANIFEST_LIMIT 708:1'],
    says: /at most 100 documents/,
  },
  {
    item: 54,
    name: '100,000 blank lines before an error',
    input: `${repeat('\n', 100_000)}${good}kind: Plugin\n`,
    errors: ['MANIFEST_DUPLICATE_KEY 100007:1'],
  },
  {
    item: 55,
    name: 'a key of 1,100 characters',
    input: config(`${repeat('k', 1100)}: 1`),
    errors: ['MANIFEST_LIMIT 6:5'],
  },
  {
    item: 57,
    name: '10,000 anchors',
    input: `${good}x:\n${Array.from({ length: 10_000 }, (_, it) => `  - &a${it} 1`).join('\n')}\n`,
    errors: ['MANIFEST_UNKNOWN_KEY 7:1'],
  },
  {
    item: 58,
    name: 'a quoted scalar of 10 MB',
    input: named(`"${repeat('x', 10 * 1024 * 1024)}"`),
    errors: ['FILE_TOO_LARGE'],
  },
];

/** Items 59 to 69: how the text is encoded. */
export const encodingRows: readonly Row[] = [
  {
    item: 59,
    name: 'UTF-16LE',
    input: Buffer.from(`\ufeff${good}`, 'utf16le'),
    errors: ['MANIFEST_ENCODING 1:1'],
    says: /UTF-16LE.*UTF-8/,
  },
  {
    item: 59,
    name: 'UTF-16LE without a mark',
    input: Buffer.from(good, 'utf16le'),
    errors: ['MANIFEST_ENCODING 1:1'],
  },
  {
    item: 60,
    name: 'UTF-16BE',
    input: Buffer.from(`\ufeff${good}`, 'utf16le').swap16(),
    errors: ['MANIFEST_ENCODING 1:1'],
    says: /UTF-16BE/,
  },
  {
    item: 61,
    name: 'a byte of Latin-1',
    input: Buffer.from(metadata('  name: bot\n  description: caf\u00e9\n'), 'latin1'),
    errors: ['MANIFEST_ENCODING 5:19'],
    says: /0xe9.*Latin-1/,
  },
  {
    item: 62,
    name: 'overlong UTF-8',
    input: Buffer.concat([Buffer.from(good), Buffer.from([0x23, 0xc0, 0xaf])]),
    errors: ['MANIFEST_ENCODING 7:2'],
  },
  {
    item: 63,
    name: 'UTF-8 cut off at the end',
    input: Buffer.concat([Buffer.from(`${good}# `), Buffer.from([0xe2, 0x82])]),
    errors: ['MANIFEST_ENCODING 7:3'],
  },
  {
    item: 63,
    name: 'UTF-8 cut off where the rest looks like the sign for a wrong byte',
    input: Buffer.concat([Buffer.from(`${good}# `), Buffer.from([0xef, 0xbf])]),
    errors: ['MANIFEST_ENCODING 7:3'],
  },
  { item: 64, name: 'a byte order mark at the start', input: `\ufeff${good}`, loads: ['bot'] },
  {
    item: 65,
    name: 'CRLF',
    input: config('nonsense: 1').replaceAll('\n', '\r\n'),
    errors: ['MANIFEST_UNKNOWN_KEY 6:5'],
  },
  { item: 66, name: 'CRLF and LF', input: good.replace('\n', '\r\n'), loads: ['bot'] },
  {
    item: 67,
    name: 'a byte order mark in the middle',
    input: metadata('  name: bot\n  description: a\ufeffb\n'),
    errors: ['MANIFEST_ENCODING 5:17'],
  },
  {
    item: 68,
    name: 'U+2028 in a text',
    input: metadata('  name: bot\n  description: a\u2028b\n'),
    loads: ['bot'],
  },
  {
    item: 69,
    name: 'a decomposed letter',
    input: metadata('  name: bot\n  description: cafe\u0301\n'),
    loads: ['bot'],
  },
];
