/*
 * npm run bench -- [options]
 *
 *   --n 1000,10000   sizes of the workload        --large        also 100000
 *   --op a,b,warm    only these operations        --rounds 5     samples of each side per operation
 *   --json FILE      the result as JSON           --check        exit 1 when a goal is missed
 *   --profile OP     profile OP at the largest size in place of measuring
 *   --dir DIR        where to work; the system's folder for temporary files without it
 *
 * Measures the built program (npm run build) as whole processes against the floor in bench/floor, the
 * smallest program that does the same. Nothing is written into the checkout.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sqlite3 from 'sqlite3';
import { operations, prepareGround, program, warmFigures } from './operations.mjs';
import { profileOperation } from './profile.mjs';
import { measure } from './rounds.mjs';
import { method } from './run-once.mjs';
import { terminalTable } from './table.mjs';
import { figuresOf, growthOf, lineOf, memoryOf } from './verdict.mjs';

const large = 100_000;
/** At most so many rounds at the large size, where one takes minutes. */
const roundsAtLarge = 3;

const wanted = readOptions();
if (!existsSync(program)) fail('the program is not built; run npm run build first');
const folder = mkdtempSync(join(wanted.dir, 'plumbline-bench-'));
// On an interrupt the folder goes too; the child in the foreground gets the same signal.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
try {
  if (wanted.profile === undefined) await bench();
  else await profile();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function bench() {
  const machine = describeMachine();
  const [lines, samples, figures] = [[], [], []];
  const sizes = [...(wanted.operations.some(knowsNoSize) ? [0] : []), ...wanted.sizes];
  for (const n of sizes) {
    const ids = wanted.operations.filter((id) => knowsNoSize(id) === (n === 0));
    if (ids.length === 0 && !(wanted.warm && n > 0)) continue;
    if (n > 0) tell(`W(${n}): making it, and the first sync and export of each side`);
    const ground = await prepareGround(join(folder, `n${n}`), n);
    const rounds = n >= large ? Math.min(wanted.rounds, roundsAtLarge) : wanted.rounds;
    const pairs = measure(ground, ids, rounds, (round, id) =>
      tell(`${n === 0 ? '' : `W(${n}), `}round ${round} of ${rounds}, ${operations[id].title}`),
    );
    for (const [id, measured] of pairs) {
      lines.push(lineOf(id, n, measured));
      samples.push({ id, n, pairs: measured });
    }
    if (!wanted.warm || n === 0) continue;
    tell(`W(${n}), one warm process, and the daemon`);
    figures.push(...figuresOf(await warmFigures(ground)));
  }
  tell('');
  machine.loadAfter = load();
  const result = {
    machine,
    lines,
    figures,
    growth: growthOf(lines),
    memory: memoryOf(lines),
    samples,
  };
  console.log(terminalTable(result));
  if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify(result, null, 2)}\n`);
  const missed = [...lines, ...figures, ...result.growth, ...result.memory].filter((it) => !it.met);
  if (wanted.check && missed.length > 0) {
    console.error(`${missed.length} of the goals in bench/targets.json missed`);
    process.exitCode = 1;
  }
}

async function profile() {
  const n = knowsNoSize(wanted.profile) ? 0 : wanted.sizes.at(-1);
  const kept = mkdtempSync(join(wanted.dir, 'plumbline-profile-'));
  tell(`W(${n}): making it, and the first sync and export of each side`);
  const ground = await prepareGround(join(folder, `n${n}`), n);
  tell('');
  console.log(profileOperation(ground, wanted.profile, kept));
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        n: { type: 'string', default: '1000,10000' },
        large: { type: 'boolean', default: false },
        op: { type: 'string', default: [...Object.keys(operations), 'warm'].join() },
        rounds: { type: 'string', default: '5' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        profile: { type: 'string' },
        dir: { type: 'string', default: tmpdir() },
      },
    });
    const sizes = values.n.split(',').map((it) => count(it, 'n', 100));
    if (values.large) sizes.push(large);
    const chosen = values.op.split(',');
    for (const id of [...chosen, values.profile ?? 'a'])
      if (!Object.hasOwn(operations, id) && id !== 'warm')
        throw new Error(`no operation ${id}; there are ${Object.keys(operations).join(', ')}, warm`);
    return {
      sizes: [...new Set(sizes)].sort((a, b) => a - b),
      operations: Object.keys(operations).filter((id) => chosen.includes(id)),
      warm: chosen.includes('warm'),
      rounds: count(values.rounds, 'rounds', 1),
      json: values.json,
      check: values.check,
      profile: values.profile,
      dir: resolve(values.dir),
    };
  } catch (error) {
    return fail(error.message);
  }
}

function count(text, option, least) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${option} takes whole numbers from ${least}, not '${text}'`);
  return value;
}

function knowsNoSize(id) {
  return operations[id].branch === undefined;
}

function describeMachine() {
  const { stdout } = spawnSync('git', ['--version'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    git: stdout.trim().replace('git version ', ''),
    sqlite: sqlite3.VERSION,
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    method,
    loadBefore: load(),
  };
}

function load() {
  return loadavg()[0].toFixed(1);
}

/** One line that says what goes on, on a terminal only. */
function tell(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function fail(message) {
  console.error(message);
  process.exit(64);
}
