import { t } from './support/tap.ts';

interface Line {
  readonly by: string;
  readonly ratio: number;
  readonly goal: number;
  readonly met: boolean;
  readonly aimMet: boolean;
}

/** The bench is no part of the program and has no types. */
const { figuresOf, growthOf, lineOf } = (await import(
  new URL('../../bench/verdict.mjs', import.meta.url).href
)) as Record<'figuresOf' | 'growthOf' | 'lineOf', (...values: readonly unknown[]) => unknown>;

function line(n: number, wall: number, cpu: number, quiet = true, of = 1): Line {
  const sample = (factor: number) => ({ wall: wall * factor, cpu: cpu * factor, memory: 1 });
  const pair = { ours: sample(1), floor: { wall: of, cpu: of, memory: 1 }, fast: sample(1), quiet };
  return lineOf?.('a', n, [pair, pair, pair]) as Line;
}

t.test('the bench judges by wall time, and on a busy machine by processor time', async (t) => {
  t.match(line(10_000, 1.1, 9), { by: 'wall', ratio: 1.1, met: true, aimMet: false });
  t.match(line(10_000, 9, 1.1, false), { by: 'cpu', ratio: 1.1, met: true });
  t.match(line(10_000, 9, 1.1, false, 0.1), { by: 'wall', met: false }, 'too little to be told');
  t.match(line(10_000, 1.6, 1), { goal: 1.5, met: false });
  t.match(line(1000, 1.6, 1), { met: true }, 'a small size has slack');
  t.match(line(10_000, 0.5, 1), { met: true, aimMet: true });
});

t.test('growth that is more than linear is a miss', async (t) => {
  const grown = (wall: number) =>
    growthOf?.([line(1000, 1, 1), line(10_000, wall, wall, true, 10)]);
  t.match(grown(10), [{ from: 1000, to: 10_000, ours: 1, met: true }]);
  t.match(grown(20), [{ met: false }]);
});

t.test('the limit of a figure grows with the records that are touched', async (t) => {
  const judged = (value: number, records = 0) =>
    figuresOf?.([{ id: 'dWithoutGit', n: 1000, value, records }]);
  t.match(judged(30), [{ goal: undefined, aim: 20, met: true, aimMet: false }]);
  t.match(judged(30, 100), [{ aim: 80, aimMet: true }]);
  t.match(judged(90, 100), [{ aimMet: false }]);
});

t.test('the goal of what waits for git counts what git alone takes', async (t) => {
  const judged = (value: number, git: number) =>
    figuresOf?.([
      { id: 'ref', n: 1000, value: git },
      { id: 'b', n: 1000, value },
    ]);
  t.match(judged(7, 3), [{ goal: undefined }, { goal: 7, met: true, aimMet: false }]);
  t.match(judged(7.1, 3), [{}, { goal: 7, met: false }]);
  t.match(
    judged(7.1, 4),
    [{}, { goal: 8, aim: 5.2, met: true, aimMet: false }],
    'a slower machine',
  );
  const merged = figuresOf?.([
    { id: 'fetch', n: 1000, value: 30 },
    { id: 'd', n: 1000, value: 130, records: 100 },
  ]);
  t.match(merged, [{}, { aim: 110, met: true, aimMet: false }]);
});
