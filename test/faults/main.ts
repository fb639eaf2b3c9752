import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/*
 * npm run test:faults -- [--rounds 20] [--points 400] [--kills 200]
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
  },
});
const suite = positionals[0] ?? 'faults';
const files = (suites[suite] ?? [])
  .filter((it) => it.includes(values.only))
  .map((it) => `dist/test/faults/${it}.test.js`);
const { rounds, points, kills, cases } = values;
const { status } = spawnSync('npx', ['tap', '--timeout=0', '--jobs=1', ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_ROUNDS: rounds,
    TEST_POINTS: points,
    TEST_KILLS: kills,
    TEST_CASES: cases,
    TEST_LONG: 'yes',
  },
});
process.exitCode = status ?? 1;
