/** Turns pairs of samples into one line of the table, with the goal and whether it is met. */
import { readFileSync } from 'node:fs';

const targets = JSON.parse(readFileSync(new URL('targets.json', import.meta.url), 'utf8'));

/** Processor time is counted in hundredths of a second, so below this many seconds it says little. */
const shortestCpu = 0.2;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One operation at one N; `n` 0 stands for those that know no N. */
export function lineOf(id, n, pairs) {
  const medians = (side) =>
    Object.fromEntries(
      ['wall', 'cpu', 'memory'].map((figure) => [
        figure,
        median(pairs.map((it) => it[side][figure])),
      ]),
    );
  const [ours, floor] = [medians('ours'), medians('floor')];
  const quiet = pairs.filter((it) => it.quiet).length > pairs.length / 2;
  const by = decisive(quiet, floor);
  const ratios = pairs.map((it) => it.ours[by] / it.floor[by]);
  const ratio = ours[by] / floor[by];
  const loose = n > 0 && n < targets.fullSize ? targets.slack : 1;
  const goal = targets.ratio[id] * loose;
  const met = ratio <= goal;
  const fast = pairs[0].fast === undefined ? undefined : medians('fast');
  const toFast = fast === undefined ? undefined : ours[by] / fast[by];
  const aims = [
    [ratio, targets.aim[id]],
    [toFast, targets.aimToFast[id]],
  ];
  return {
    id,
    n,
    rounds: pairs.length,
    quiet,
    ours,
    floor,
    by,
    ratio,
    goal,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    microsPerRecord: n > 0 ? (ours.wall / n) * 1e6 : undefined,
    fast,
    toFast,
    aim: targets.aim[id] * loose,
    met,
    aimMet: met && aims.every(([is, aim]) => is === undefined || !(is > aim * loose)),
  };
}

/** The figure that counts: wall time on a quiet machine, else processor time where there is enough of it. */
function decisive(quiet, { cpu }) {
  return quiet || cpu < shortestCpu ? 'wall' : 'cpu';
}

/** How the cost of our side grows from one N to the next: 1 is linear, 2 is quadratic, 0 is not at all. */
export function growthOf(lines) {
  const growth = [];
  for (const line of lines) {
    const before = lines.findLast((it) => it.id === line.id && it.n > 0 && it.n < line.n);
    if (before === undefined) continue;
    const by = decisive(line.quiet && before.quiet, before.ours);
    const slope = (side) =>
      Math.log(line[side][by] / before[side][by]) / Math.log(line.n / before.n);
    const goal = targets.exponent[line.id];
    const ours = slope('ours');
    growth.push({
      id: line.id,
      from: before.n,
      to: line.n,
      by,
      ours,
      floor: slope('floor'),
      goal,
      met: ours <= goal,
    });
  }
  return growth;
}

/** The figures of the program in one process, each `{ id, n, value, records }`, against their goals. */
export function figuresOf(told) {
  return told.map((it) => figureOf(it, told));
}

function figureOf({ id, n, value, records = 0 }, told) {
  const { title, unit, must, aim, perRecord = 0, plus, orTimes = [] } = targets.figures[id];
  const figure = (of) => told.find((it) => it.id === of)?.value ?? 0;
  const [other, ...factors] = orTimes;
  const limit = (own, which) =>
    own === undefined
      ? undefined
      : Math.max(own + perRecord * records + figure(plus), (factors[which] ?? 0) * figure(other));
  const [goal, best] = [limit(must, 0), limit(aim, 1)];
  const within = (limit) => limit === undefined || value <= limit;
  return { id, n, title, unit, value, goal, aim: best, met: within(goal), aimMet: within(best) };
}

/** Peak memory of our side, where a goal for it is set. */
export function memoryOf(lines) {
  const { records, ...goals } = targets.memory;
  return lines
    .filter(({ id, n }) => n >= records && goals[id] !== undefined)
    .map(({ id, n, ours: { memory } }) => ({
      id,
      n,
      ours: memory,
      goal: goals[id],
      met: memory <= goals[id],
    }));
}
