import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { record } from '../faults/record.ts';
import { guards } from './guards.ts';
import { type Mutant, mutants } from './mutants.ts';

/*
 * npm run test:mutants -- [--only WORD] [--record]
 *
 * Tests the tests: plants one bug after the other in a copy of the built program and runs the suite
 * that should notice it. Ends with status 1 where a suite passes in spite of its bug, and where a bug
 * cannot be planted any more because the code has moved on.
 */

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, record: { type: 'boolean', default: false } },
});
const chosen = [...mutants, ...guards].filter((it) =>
  `${it.bug} ${it.suite}`.includes(values.only),
);

const folder = mkdtempSync(join(tmpdir(), 'plumbline-mutants-'));
// A test that becomes another user has to reach what it imports.
chmodSync(folder, 0o755);
for (const name of ['node_modules', 'package.json', 'src', 'test', 'config', 'manifests-example'])
  symlinkSync(resolve(name), join(folder, name));
for (const name of ['dist', 'bundle.mjs']) cpSync(name, join(folder, name), { recursive: true });

/** Runs a suite on the copy; undefined where it passes, and what it said where it does not. */
function complaint(suite: string): string | undefined {
  const words = suite === 'simulation' ? ['simulation/main.js', '--seeds', '800'] : [suite];
  const [program, ...options] = words as [string];
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(folder, 'dist', 'test', program), ...options],
    {
      cwd: folder,
      env: { ...process.env, TAP_BAIL: '1', TAP_TIMEOUT: '0', LC_ALL: 'C', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1e8,
      timeout: 300_000,
    },
  );
  return status === 0 ? undefined : stdout.toString().slice(-3000);
}

function verdict({ file, find, plant, suite }: Mutant): string {
  const path = join(folder, 'dist', 'src', file);
  const sound = readFileSync(path, 'utf8');
  if (sound.split(find).length !== 2) return 'NOT PLANTED: the code has moved on';
  try {
    writeFileSync(
      path,
      sound.replace(find, () => plant),
    );
    // Some bugs end this step too, after the part of it that counts.
    spawnSync(process.execPath, ['bundle.mjs'], { cwd: folder, stdio: 'ignore' });
    return complaint(suite) === undefined ? 'MISSED' : 'caught';
  } finally {
    writeFileSync(path, sound);
  }
}

try {
  for (const suite of new Set(chosen.map((it) => it.suite))) {
    const said = complaint(suite);
    if (said !== undefined) throw new Error(`${suite} fails without any bug:\n${said}`);
  }
  const missed = chosen.filter((mutant) => {
    const said = verdict(mutant);
    process.stdout.write(`${said.padEnd(7)} ${mutant.suite}: ${mutant.bug}\n`);
    return said !== 'caught';
  });
  process.stdout.write(`${chosen.length - missed.length} of ${chosen.length} bugs caught\n`);
  if (values.record && missed.length === 0)
    record({
      'planted bugs and guards taken out': {
        figure: `${chosen.length} of ${chosen.length} caught by the suite that should`,
        command: 'npm run test:mutants',
      },
    });
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
