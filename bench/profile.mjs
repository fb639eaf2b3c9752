/** Runs one operation of ours under the profiler of V8 and says which functions the time went to. */
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareSample, program } from './operations.mjs';
import { runOnce } from './run-once.mjs';

const shown = 25;

/** Writes the profile to a file in the folder and gives the report as text. */
export function profileOperation(ground, id, folder) {
  const { remove, says, words, ...command } = prepareSample(ground, id, 'ours');
  const name = `${id}-${ground.n}.cpuprofile`;
  const options = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`];
  const spent = runOnce({ ...command, words: [...options, ...words], scratch: ground.place });
  const { functions, packages, total } = read(`${folder}/${name}`);
  const line = ([what, time]) =>
    `${(time / 1000).toFixed(0).padStart(8)} ms ${((time / total) * 100).toFixed(1).padStart(5)} %  ${what}`;
  return [
    `${folder}/${name}: ${spent.wall.toFixed(2)} s, peak ${spent.memory.toFixed(0)} MB`,
    `self time by function, of ${(total / 1000).toFixed(0)} ms:`,
    ...functions.slice(0, shown).map(line),
    'self time by package or folder:',
    ...packages.slice(0, shown).map(line),
  ].join('\n');
}

/** Self time in microseconds, by function and by package or folder. */
function read(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const self = new Map(nodes.map(({ id }) => [id, 0]));
  for (const [at, id] of samples.entries()) self.set(id, self.get(id) + timeDeltas[at]);
  const [functions, packages] = [new Map(), new Map()];
  const add = (map, key, time) => map.set(key, (map.get(key) ?? 0) + time);
  let total = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName: name = '', lineNumber, url } = callFrame;
    const time = self.get(id);
    const file = fileOf(url);
    add(
      functions,
      `${name || '(anonymous)'}  ${file === '' ? '' : `${file}:${lineNumber + 1}`}`,
      time,
    );
    add(packages, file === '' ? name : packageOf(file), time);
    total += time;
  }
  const sorted = (map) => [...map].sort((a, b) => b[1] - a[1]);
  return { functions: sorted(functions), packages: sorted(packages), total };
}

/** Relative to the package, the built source without its folder; empty for what is no file. */
function fileOf(url) {
  if (url.startsWith('node:')) return url;
  if (!url.startsWith('file:') && !url.startsWith('/')) return '';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  return relative(dirname(dirname(program)), path).replace(/^\.\.\//, '');
}

function packageOf(file) {
  return (
    /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ??
    (dirname(file) === '.' ? file : dirname(file))
  );
}
