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
  'µs/record',
  'cpu s, ours/floor',
  'MB, ours/floor',
  'goal',
  'verdict',
];

export function terminalTable(result) {
  const rows = [head, ...result.lines.map(cells)];
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  const text = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  '),
  );
  return [...text, '', ...remarks(result)].join('\n');
}

export function markdownTable(result) {
  return [
    `| ${head.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(head.length - 1)}`,
    ...result.lines.map((line) => `| ${cells(line).join(' | ')} |`),
    '',
    machineLine(result),
  ].join('\n');
}

function cells({ id, n, ours, floor, by, ratio, ratioMin, ratioMax, microsPerRecord, goal, met }) {
  const note = by === 'cpu' ? ' cpu' : '';
  return [
    id.length > 2 ? operations[id].title : `(${id}) ${operations[id].title}`,
    n === 0 ? '–' : n.toLocaleString('en'),
    seconds(ours.wall),
    seconds(floor.wall),
    `${ratio.toFixed(2)} (${ratioMin.toFixed(2)}–${ratioMax.toFixed(2)})${note}`,
    microsPerRecord === undefined ? '–' : microsPerRecord.toFixed(0),
    `${seconds(ours.cpu)}/${seconds(floor.cpu)}`,
    `${ours.memory.toFixed(0)}/${floor.memory.toFixed(0)}`,
    `≤ ${Number(goal.toFixed(2))}`,
    met ? 'pass' : 'MISS',
  ];
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
    `${date}, median of ${rounds} rounds; Node ${node}, git ${git}, SQLite ${sqlite}, ` +
    `${cores} × ${processor}; load ${loadBefore} before, ${loadAfter} after${counted}`
  );
}
