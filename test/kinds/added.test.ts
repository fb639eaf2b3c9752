import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as List from '../../src/kinds/kinds.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import type * as Laws from '../support/laws.ts';
import { type Test, t } from '../support/tap.ts';

/* A kind is one folder and one line; here somebody adds one, in a copy of the program. */

const built = resolve('dist');
const listed = /export const kinds = kindSet\(\[/;

/** A copy of the built program with the folder and the line of a kind more. */
function programWith(t: Test, folder: string, name: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'plumbline-added-'));
  t.teardown(() => rmSync(copy, { recursive: true }));
  for (const it of ['node_modules', 'package.json']) symlinkSync(resolve(it), join(copy, it));
  for (const part of ['src', 'test/support'])
    cpSync(join(built, part), join(copy, 'dist', part), { recursive: true });
  const all = join(copy, 'dist', 'src', 'kinds');
  cpSync(join(built, 'test', 'kinds', folder), join(all, folder), { recursive: true });
  const list = join(all, 'kinds.js');
  const line = `import { ${name} } from './${folder}/kind.js';\n`;
  writeFileSync(list, line + readFileSync(list, 'utf8').replace(listed, `$& ${name},`));
  return join(copy, 'dist');
}

t.test('a kind is added by one folder and one line, and the laws hold for it', async (t) => {
  const program = programWith(t, 'greeting', 'greeting');
  const load = (file: string) => import(pathToFileURL(join(program, file)).href);
  const { kinds } = (await load('src/kinds/kinds.js')) as typeof List;
  const { holdKind } = (await load('test/support/laws.js')) as typeof Laws;
  const added = kinds.byName('Greeting') as Kind;
  t.equal(kinds.find('greetings'), added, 'it is found by its words');
  await holdKind(t, added);
  const others = kinds.all.filter((it) => it !== added);
  t.equal(others.length + 1, kinds.all.length);
  await t.test('as they do for those that were there', (t) => holdKind(t, others[0] as Kind));
});
