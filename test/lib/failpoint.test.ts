import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { armFailpoint, failpoint, failpoints } from '../../src/lib/failpoint.ts';
import { t } from '../support/tap.ts';

t.afterEach(() => armFailpoint(undefined));

t.test('every failpoint of the list stands in the code, at one place', async (t) => {
  const code = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((it) => it.endsWith('.ts') && it !== join('lib', 'failpoint.ts'))
    .map((it) => readFileSync(join('src', it), 'utf8'))
    .join('');
  for (const name of failpoints) t.equal(code.split(`'${name}'`).length - 1, 1, name);
});

t.test('one that is not armed does nothing', async (t) => {
  t.doesNotThrow(() => failpoint('execute.begin'));
});

t.test('an armed one strikes at the pass asked for, once, and nowhere else', async (t) => {
  armFailpoint('execute.begin=throw@2');
  failpoint('execute.end');
  failpoint('execute.begin');
  t.throws(() => failpoint('execute.begin'), /execute\.begin/);
  t.doesNotThrow(() => failpoint('execute.begin'));
});

t.test('a text that names no failpoint or no action is refused', async (t) => {
  for (const text of ['execute.begin', 'execute.began=kill', 'execute.begin=explode', '=kill'])
    t.throws(() => armFailpoint(text), TypeError, text);
  t.doesNotThrow(() => armFailpoint(''));
});
