import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { canonicalJson } from '../../src/lib/digest.ts';
import { t } from '../support/tap.ts';

t.test('every text is written as JSON.stringify writes it', async (t) => {
  const units = Array.from({ length: 0x10000 }, (_, unit) => `a${String.fromCharCode(unit)}b`);
  t.same(
    [...units, '', '\u{1f600}', '\ude00\ud83d'].filter(
      (it) => canonicalJson(it) !== JSON.stringify(it),
    ),
    [],
  );
});

t.test('what is written means the value, whatever the order of its keys', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const written = canonicalJson(value);
      assert.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(backwards(value)), written);
    }),
  );
  t.equal(canonicalJson({ b: 1, a: undefined, '"': [undefined] }), '{"\\"":[null],"b":1}');
});

/** The same value, the keys of every map in the opposite order. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, it]) => [key, backwards(it)] as const);
  return Object.fromEntries(members.reverse());
}
