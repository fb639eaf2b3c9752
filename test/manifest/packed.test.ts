import fc from 'fast-check';
import { kinds } from '../../src/kinds/kinds.ts';
import { PackedTexts } from '../../src/lib/packed.ts';
import { loadFile } from '../../src/manifest/findings.ts';
import { EncodedManifest } from '../../src/manifest/manifest.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

const line = fc.string({ unit: 'binary' }).map((it) => it.replaceAll('\n', ' '));

t.test('texts that are packed together come out as they went in, in any order', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(fc.array(line, { minLength: 1 }), { minLength: 1 }),
        fc.array(fc.tuple(fc.nat(), fc.nat())),
        (groups, looks) => {
          const packed = groups.map((texts) => new PackedTexts(texts));
          for (const [some, one] of looks) {
            const group = some % groups.length;
            const texts = groups[group] as string[];
            const index = one % texts.length;
            if (packed[group]?.at(index) !== texts[index]?.toWellFormed()) return false;
          }
          return true;
        },
      ),
    ),
  );
});

t.test('a manifest says the same packed as before', async (t) => {
  const context = { kinds, account: 'default', vault: undefined };
  const text = [
    tokenYaml('key'),
    pluginYaml('größe', { über: 'mañana – "quoted"' }),
    clientYaml('bot', { subdomain: 'shared' }, { apiKey: 'key', plugins: ['hours', 'returns'] }),
  ].join('---\n');
  const { entries } = loadFile({ path: 'a.yaml', blob: 'sha1:0' }, Buffer.from(text), context);
  const loaded = entries.flatMap((it) => it.loaded ?? []);
  const said = () =>
    entries.map(({ claims, loaded: it }) => ({
      ...{ claims, manifest: it?.manifest, references: it?.references, key: it?.key },
      text: it === undefined ? undefined : EncodedManifest.text(it),
    }));
  const before = said();
  t.equal(loaded.length, 2, 'one of the names is no name');
  t.ok(before.some((it) => it.claims.length > 0 && (it.references ?? []).length > 0));
  EncodedManifest.pack(loaded);
  t.same(said(), before);
  EncodedManifest.pack(loaded);
  t.same(said(), before, 'also when it is packed once more');
});
