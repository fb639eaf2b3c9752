/*
 * The result as text: for a terminal, and as Markdown for the README. `cpu` behind a ratio says that
 * the machine was too busy for wall time to decide.
 */
import { operations } from './operations.mjs';

const head = [
  'operation',
  'N',
  'ours s',
  'floor s',
  'ratio (min–max)',
  'to fast',
  'µs/record',
  'cpu s, ours/floor',
  'MB, ours/floor',
  'goal',
  'aim',
  'verdict',
];
const figureHead = ['in one process', 'N', 'figure', 'goal', 'aim', 'verdict'];

export function terminalTable(result) {
  const tables = [];
  if (result.lines.length > 0) tables.push([head, ...result.lines.map(cells)]);
  if (result.figures.length > 0) tables.push([figureHead, ...result.figures.map(figureCells)]);
  return [...tables.flatMap((rows) => [...aligned(rows), '']), ...remarks(result)].join('\n');
}

function aligned(rows) {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  '),
  );
}

export function markdownTable(result) {
  return [
    ...markdown(head, result.lines.map(cells)),
    '',
    ...markdown(figureHead, result.figures.map(figureCells)),
    '',
    machineLine(result),
  ].join('\n');
}

function markdown(titles, rows) {
  return [
    `| ${titles.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(titles.length - 1)}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
}

function cells(line) {
  const { id, n, ours, floor, by, ratio, ratioMin, ratioMax, toFast, microsPerRecord } = line;
  const note = by === 'cpu' ? ' cpu' : '';
  return [
    id.length > 2 ? operations[id].title : `(${id}) ${operations[id].title}`,
    n === 0 ? '–' : n.toLocaleString('en'),
    seconds(ours.wall),
    seconds(floor.wall),
    `${ratio.toFixed(2)} (${ratioMin.toFixed(2)}–${ratioMax.toFixed(2)})${note}`,
    toFast === undefined ? '–' : toFast.toFixed(2),
    microsPerRecord === undefined ? '–' : microsPerRecord.toFixed(0),
    `${seconds(ours.cpu)}/${seconds(floor.cpu)}`,
    `${ours.memory.toFixed(0)}/${floor.memory.toFixed(0)}`,
    ...limits(line),
  ];
}

function figureCells(figure) {
  const { title, n, value, unit } = figure;
  const shown = `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`.trim();
  return [title, n.toLocaleString('en'), shown, ...limits(figure)];
}

/** Goal, aim and verdict; `aim` says that the aim is reached too. */
function limits({ goal, aim, met, aimMet }) {
  const limit = (it) => (it === undefined ? '–' : `≤ ${Number(it.toFixed(2))}`);
  const verdict = goal === undefined ? '–' : !met ? 'MISS' : aimMet ? 'aim' : 'pass';
  return [limit(goal), limit(aim), verdict];
}

function seconds(value) {
  return value < 1 ? value.toFixed(3) : value.toFixed(2);
}

function remarks(result) {
  const growth = result.growth.map(
    ({ id, from, to, ours, floor, goal, met }) =>
      `growth (${id}) ${from} to ${to}: exponent ${ours.toFixed(2)} (floor ${floor.toFixed(2)}), goal ≤ ${goal}: ${met ? 'pass' : 'MISS'}`,
  );
  const memory = result.memory.map(
    ({ id, n, ours, goal, met }) =>
      `memory (${id}) at ${n}: ${ours.toFixed(0)} MB, goal ≤ ${goal}: ${met ? 'pass' : 'MISS'}`,
  );
  return [...growth, ...memory, machineLine(result)];
}

function machineLine({ machine, lines }) {
  const rounds = [...new Set(lines.map((it) => it.rounds))].sort((a, b) => a - b).join(' to ');
  const { node, git, sqlite, cores, processor, loadBefore, loadAfter, method, date } = machine;
  const counted = method === 'time' ? '' : '; processor time and memory without children';
  return (
    `${date}${rounds === '' ? '' : `, median of ${rounds} rounds`}; Node ${node}, git ${git}, SQLite ${sqlite}, ` +
    `${cores} × ${processor}; load ${loadBefore} before, ${loadAfter} after${counted}`
  );
}
