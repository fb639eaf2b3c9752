import { execFileSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseYaml } from '../../src/lib/yaml.ts';
import { parseYamlApart } from '../../src/lib/yaml-apart.ts';
import { t } from '../support/tap.ts';

/** Neither plain nor short, with everything that has a place of its own. */
const long = Buffer.from(
  `a: &x { b: "c" }\nlist:\n${"  - { d: *x, e: [1, 'f'], g: }\n".repeat(15)}  - h\n${'# i\n'.repeat(3000)}j:\n${'  - "k\\u00e9" # l\n'.repeat(2000)}`,
);

t.test('a long text is read by a thread of its own, to the same end', async (t) => {
  let turns = 0;
  let ended = false;
  const read = parseYamlApart(long, 'f.yaml').finally(() => {
    ended = true;
  });
  while (!ended) {
    await nextTurn();
    turns += 1;
  }
  const [apart, here] = [await read, parseYaml(long, 'f.yaml')];
  t.ok(turns > 10, `the loop has turned ${turns} times meanwhile`);
  t.same(apart.problems, []);
  t.equal(apart.documents.length, 1);
  const [a, b] = [apart.documents[0], here.documents[0]];
  t.same(a?.value, b?.value);
  t.same(a?.root, b?.root);
  t.same(a?.place(['list', 3, 'd', 'b'], 'key'), b?.place(['list', 3, 'd', 'b'], 'key'));
  t.equal(a?.source(['list', 2, 'e', 1]), "'f'");
});

t.test('a long text with problems has the same ones', async (t) => {
  const broken = Buffer.concat([long, Buffer.from('  - [\nj: 1\n')]);
  t.same(await parseYamlApart(broken, 'f.yaml'), parseYaml(broken, 'f.yaml'));
  const refused = Buffer.concat([long, Buffer.from('a: 1\n')]);
  t.same(await parseYamlApart(refused, 'f.yaml'), parseYaml(refused, 'f.yaml'));
});

t.test('a text that takes too long is given up, and is a problem of its file alone', async (t) => {
  const [slow, after] = await Promise.all([
    parseYamlApart(long, 'slow.yaml', 1),
    parseYamlApart(long, 'after.yaml'),
  ]);
  t.match(slow, {
    documents: [],
    problems: [{ code: 'MANIFEST_LIMIT', file: 'slow.yaml', line: 1 }],
  });
  t.equal(after.documents.length, 1);
  t.same(after.problems, []);
});

t.test('a thread that waits for work keeps no process alive', async (t) => {
  const program = `
    const { parseYamlApart } = await import(${JSON.stringify(new URL('../../src/lib/yaml-apart.js', import.meta.url).href)});
    const { documents } = await parseYamlApart(Buffer.from(process.env.TEXT), 'f.yaml');
    console.log(documents.length);`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, TEXT: String(long) },
    encoding: 'utf8',
    timeout: 60_000,
  });
  t.equal(printed, '1\n');
});
