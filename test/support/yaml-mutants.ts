import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { kinds } from '../../src/kinds/kinds.ts';
import { schemaRows } from '../catalogue/schema-rows.ts';
import { yamlRows } from '../catalogue/yaml-rows.ts';

/** Texts made for the plain subset and its edges, beside all manifests that there are here. */
const edges = [
  'a: 1\nb: two words\nc:\n  - x\n  - y: 1\n    z: 2\nd:\n- e\n- f\ng:\n',
  '# top\n---\n# c\na:\n  b: |\n    one\n\n    two\n\n# end\n  c: >-\n    folded\n    text\n\n    again\n',
  'a: \'it\'\'s\'\nb: "a \\"b\\" \\\\ \\n \\/" # c\nc: x # y\nd: x#y\ne: http://a.example/b#c\n',
  'a: []\nb: {}\nc: [x, y , true,null]\nd: [ x ] # c\n---\ne: 1\n---\n',
  'a: ~\nb: null\nc: Null\nd: true\ne: FALSE\nf: nUll\ng: yes\nh: -\ni: -1\nj: - 1\nk: .5\n',
  'a: 0\nb: -0\nc: 00\nd: 012\ne: 1.\nf: +1.50\ng: -3\nh: 0.10\ni: -0.0\nj: 9007199254740991\n',
  'a: 0x1F\nh: 0o17\ni: 1e3\nj: .inf\nk: 9007199254740993\n',
  'a: 1.0.0\nb: 2024-06-15\nc: 1:30\nd: 1_000\ne: +\nf: .\ng: --x\nh: --\ni: 0b1\nk: -.e\n',
  'a: ...\nb: .nan\n',
  'a:\n  b:\n    c:\n      - d:\n          - e: f\n            g:\n            - h\n        i: j\n  k: l\n',
  'a:\n  - b\n\n  # c\n  - >\n    d\n    e\n  - |-\n    f\n     g\n  - "h"\n  - i: >-\n\n      j\n    k:\n',
  'a: |\n  x\nb: |-\n\n  y\n\n\nc: >\n  x\n\n\n  y\n z: 1\n',
  '- a: 1\n- b\n',
  'a: b\n  c\nd: "e\n  f"\n',
  'a/b.c-d_e: 1\n_f: 2\nsold out: 1\na -b ? c: 1\nx y: z: 1\ntrue: 3\n"g": 4\nh : 5\ni:6\n',
  'a: naïve 日本語 🙂\nb: "🙂"\nc: |\n  🙂 x\nd: [x]\n',
  'a: {{ x }}\nb: @x\nc: `x`\nd: %x\ne: &x y\nf: *x\ng: !x y\nh: ? x\ni: , x\nj: ] x\n',
];

const pieces = [
  ...[
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\n  ',
    '\n    ',
    ': ',
    ':',
    '- ',
    '-',
    ' #',
    '# ',
    '#',
    '"',
    "'",
    "''",
  ],
  ...[
    '|',
    '>',
    '|-',
    '>-',
    '|+',
    '|2',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '&a ',
    '*a',
    '!',
    '!!str ',
    '%',
    '@',
    '`',
  ],
  ...[
    '---',
    '---\n',
    '\n---\n',
    '...\n',
    '\t',
    '\r',
    '\r\n',
    '\\',
    '\\n',
    '\\"',
    '\\u0041',
    '? ',
    '<<: ',
  ],
  ...[
    '0',
    '1',
    '.',
    '+',
    'e3',
    '0x',
    '0o7',
    '.inf',
    '.nan',
    '~',
    'null',
    'true',
    'no',
    'a',
    'a: b',
    'a:\n',
  ],
  ...[
    '__proto__: 1',
    'constructor:',
    '\u00a0',
    '\u2028',
    'é',
    '🙂',
    ' : ',
    ':: ',
    '[]',
    '{}',
    '[a, b]',
    'a: |\n',
  ],
];

type Edit = readonly [what: number, at: number, piece: number, size: number];

/** All texts that mutations start from. */
export function yamlSeeds(): readonly string[] {
  const folder = 'manifests-example';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((it) => it.endsWith('.yaml'))
    .map((it) => readFileSync(join(folder, it), 'utf8'));
  const rows = [...yamlRows, ...schemaRows].flatMap(({ input }) =>
    typeof input === 'string'
      ? [input]
      : input instanceof Uint8Array
        ? []
        : Object.values(input).filter((it) => typeof it === 'string'),
  );
  return [
    ...edges,
    ...files,
    ...kinds.all.map((it) => it.example),
    readFileSync('config/plumbline.yaml', 'utf8'),
    ...rows.filter((it) => it.length < 4000),
  ];
}

/** One to four small changes of one of the texts, such as a careless hand makes. */
export function mutants(seeds: readonly string[]): fc.Arbitrary<string> {
  const edit: fc.Arbitrary<Edit> = fc.tuple(
    fc.nat(9),
    fc.nat(0xffff),
    fc.nat(pieces.length - 1),
    fc.integer({ min: 1, max: 7 }),
  );
  return fc
    .tuple(fc.nat(seeds.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([seed, edits]) => edits.reduce(changed, seeds[seed] as string));
}

function changed(text: string, [what, where, which, size]: Edit): string {
  const piece = pieces[which] as string;
  if (what < 4) {
    const at = where % (text.length + 1);
    const cut = what === 0 ? size : what === 1 ? 1 : 0;
    return text.slice(0, at) + (what === 0 ? '' : piece) + text.slice(at + cut);
  }
  const lines = text.split('\n');
  const at = where % lines.length;
  const line = lines[at] as string;
  if (what === 4) lines.splice(at, 1);
  else if (what === 5) lines.splice(at, 0, line);
  else if (what === 6) lines[at] = ' '.repeat(size) + line;
  else if (what === 7) lines[at] = line.replace(new RegExp(`^ {1,${size}}`), '');
  else if (what === 8) lines.splice(at, 0, `${' '.repeat(size - 1)}${piece}`);
  else lines[at] = line.replace(/(?<=[:-] ).*/, piece);
  return lines.join('\n');
}
