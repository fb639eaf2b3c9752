import { kinds } from '../../src/kinds/kinds.ts';
import { ManifestLoader } from '../../src/manifest/load.ts';

/**
 * Loads what once made the YAML library abort the process, which no caller can catch; it is run in a
 * process of its own. Prints the codes of what was found.
 */
const loader = new ManifestLoader(kinds, 'default');
const texts = [
  '['.repeat(1000),
  '['.repeat(1100),
  '['.repeat(100_000),
  '{a: '.repeat(20_000),
  '- '.repeat(3000),
  '? '.repeat(500),
  '? '.repeat(200_000),
  Array.from({ length: 1400 }, (_, it) => `${' '.repeat(it)}a:`).join('\n'),
];
for (const [index, text] of texts.entries())
  loader.add({ path: `${index}.yaml`, blob: 'sha1:0' }, Buffer.from(text));
process.stdout.write(JSON.stringify(loader.finish().problems.map((it) => it.code)));
