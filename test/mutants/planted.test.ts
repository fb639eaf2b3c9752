import { readFileSync } from 'node:fs';
import { t } from '../support/tap.ts';
import { guards } from './guards.ts';
import { mutants } from './mutants.ts';

t.test('every bug can still be planted: the code it changes is there, once', async (t) => {
  for (const { bug, file, find } of [...mutants, ...guards]) {
    const code = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
    t.equal(code.split(find).length - 1, 1, bug);
  }
});
