import { strict as assert } from 'node:assert';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { JsonValue } from '../../src/lib/json.ts';
import { YamlDocument } from '../../src/lib/yaml.ts';
import { composeText } from '../../src/lib/yaml-compose.ts';
import type { Path } from '../../src/lib/yaml-document.ts';
import { type YamlLimits, yamlLimits } from '../../src/lib/yaml-limits.ts';
import { type PlainDocument, readPlain } from '../../src/lib/yaml-plain.ts';
import { decodeText, YamlText } from '../../src/lib/yaml-text.ts';
import { t } from '../support/tap.ts';
import { mutants, yamlSeeds } from '../support/yaml-mutants.ts';

/** `npm run test:yaml -- --cases 1000000` tries more of them. */
const { values } = parseArgs({ options: { cases: { type: 'string', default: '20000' } } });
const cases = Number(values.cases);

/** Throws where the plain reader takes a text and the library sees anything else in it. */
function compare(text: string, limits: YamlLimits = yamlLimits): boolean {
  const page = decodeText(Buffer.from(text), 'f.yaml');
  if (!(page instanceof YamlText)) return false;
  const plain = readPlain(page.text, limits);
  if (plain === undefined) return false;
  const { documents, problems } = composeText(page, limits);
  assert.deepEqual(problems, []);
  assert.equal(plain.length, documents.length);
  for (const [index, document] of documents.entries())
    same(page, plain[index] as PlainDocument, document);
  return true;
}

function same(page: YamlText, plain: PlainDocument, document: YamlDocument): void {
  assert.equal(plain.index, document.index);
  assert.equal(JSON.stringify(plain.value), JSON.stringify(document.value));
  assert.deepEqual(plain.value, document.value);
  const read = new YamlDocument(page, plain, () => document.root);
  assert.equal(read.line, document.line);
  for (const path of pathsOf(plain.value, []))
    assert.deepEqual(read.valuePlace(path), document.place(path, 'value'), path.join('.'));
}

function* pathsOf(value: JsonValue, path: Path): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value))
    yield* pathsOf(inner as JsonValue, [...path, Array.isArray(value) ? Number(key) : key]);
}

t.test('what the plain reader takes, the library takes for the same', async (t) => {
  const seeds = yamlSeeds();
  const plain = seeds.filter((it) => compare(it));
  t.ok(plain.length > seeds.length / 5, `${plain.length} of ${seeds.length} texts are plain`);
  let accepted = 0;
  const seed = Number(process.env['PLUMBLINE_SEED'] ?? Date.now() % 1_000_000);
  t.comment(`seed ${seed}`);
  fc.assert(
    fc.property(fc.oneof(mutants(plain), mutants(plain), mutants(seeds)), (text) => {
      if (compare(text)) accepted += 1;
    }),
    { numRuns: cases, seed },
  );
  t.ok(accepted > cases / 8, `${accepted} of ${cases} changed texts are plain`);
});

t.test('no limit is wider for plain texts', async (t) => {
  const limits = fc.record({
    depth: fc.integer({ min: 1, max: 8 }),
    keys: fc.integer({ min: 1, max: 12 }),
    documents: fc.integer({ min: 1, max: 3 }),
    tokens: fc.integer({ min: 1, max: 800 }),
  });
  const plain = yamlSeeds().filter((it) => compare(it));
  fc.assert(
    fc.property(fc.constantFrom(...plain), limits, (text, narrow) => {
      compare(text, { ...yamlLimits, ...narrow });
    }),
    { numRuns: cases / 10 },
  );
  t.pass('for texts under limits drawn at random');
});
