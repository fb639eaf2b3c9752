import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { figuresIn } from './figures.ts';
import { record } from './record.ts';

/*
 * npm run test:faults -- [--rounds 20] [--points 400] [--kills 200] [--only WORD] [--record]
 * npm run test:fuzz -- [--cases 1000000]
 *
 * Runs the same tests as `npm test`, with more of everything: rounds over all failpoints, points of
 * the sweep over write calls, kills at random moments, and the faults that take long or need more of
 * a machine. What a machine cannot do is skipped, with the reason.
 */

const suites: Readonly<Record<string, readonly string[]>> = {
  faults: ['crash', 'sweep', 'kills', 'catalogue', 'long'],
  fuzz: ['fuzz'],
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    points: { type: 'string', default: '400' },
    kills: { type: 'string', default: '200' },
    cases: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    record: { type: 'boolean', default: false },
  },
});
const suite = positionals[0] ?? 'faults';
const files = (suites[suite] ?? [])
  .filter((it) => it.includes(values.only))
  .map((it) => `dist/test/faults/${it}.test.js`);
const { rounds, points, kills, cases } = values;
const folder = mkdtempSync(join(tmpdir(), 'plumbline-figures-'));
const sound = join(folder, 'sound');
for (const file of files) {
  const figures = join(folder, 'figures');
  const { status } = spawnSync('npx', ['tap', '--timeout=0', '--jobs=1', file], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_ROUNDS: rounds,
      TEST_POINTS: points,
      TEST_KILLS: kills,
      TEST_CASES: cases,
      TEST_LONG: 'yes',
      TEST_FIGURES: figures,
    },
  });
  if (status !== 0) process.exitCode = 1;
  // What a file has counted stands for itself, whether or not another one fails.
  else if (existsSync(figures)) appendFileSync(sound, readFileSync(figures));
  rmSync(figures, { force: true });
}
const reached = figuresIn(sound);
for (const [kind, { tries, bad }] of Object.entries(reached))
  process.stdout.write(`${kind}: ${tries} tries, ${bad} bad\n`);
if (values.record) record(titled(reached));
rmSync(folder, { recursive: true, force: true });

/** The figures as the table tells them, with the command that reaches them again. */
function titled(figures: ReturnType<typeof figuresIn>) {
  const words = process.argv.slice(3).filter((it) => it !== '--record');
  const harm = suite === 'faults' ? 'lost, duplicated or half applied' : 'wrong';
  const command = ['npm run', `test:${suite}`, ...(words.length > 0 ? ['--', ...words] : [])];
  return Object.fromEntries(
    Object.entries(figures).map(([kind, { tries, bad }]) => [
      kind,
      {
        figure: `${tries} tries, ${bad} ${harm}`,
        command: command.join(' '),
      },
    ]),
  );
}
