/*
 * Runs one command as a process of its own and says what it cost: wall time, processor time and peak
 * memory of the whole family. GNU time counts the children too; where it is missing, the process
 * itself says at its end what it used, and what its children used is left out on both sides.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const gnuTime = '/usr/bin/time';

/** `time` or `self`: how processor time and memory are learned here. */
export const method = learnMethod();

function learnMethod() {
  const { status, stderr } = spawnSync(gnuTime, ['-f', '%U %S %M', 'true'], { encoding: 'utf8' });
  return status === 0 && /^[\d.]+ [\d.]+ \d+\n$/.test(stderr) ? 'time' : 'self';
}

/**
 * Runs `node` with these words. Standard output goes to a file, as a log would. Throws, with what it
 * said, when it ends otherwise than expected. Seconds, and megabytes of 2^20 bytes.
 */
export function runOnce({ words, environment, folder, scratch, exit = 0 }) {
  const [usage, printed] = [join(scratch, 'usage'), join(scratch, 'printed')];
  const command =
    method === 'time'
      ? [gnuTime, '-o', usage, '-f', '%U %S %M', process.execPath, ...words]
      : [process.execPath, '--import', selfReport(usage), ...words];
  const out = openSync(printed, 'w');
  const started = process.hrtime.bigint();
  const ended = spawnSync(command[0], command.slice(1), {
    cwd: folder,
    env: environment,
    stdio: ['ignore', out, 'pipe'],
    encoding: 'utf8',
  });
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  closeSync(out);
  const text = readFileSync(printed, 'utf8');
  if (ended.error) throw ended.error;
  if (ended.status !== exit) {
    const said = `${ended.stderr}\n${text.slice(-2000)}`;
    throw new Error(`node ${words.join(' ')} ended with ${ended.status}, not ${exit}:\n${said}`);
  }
  // When the command fails, GNU time puts a line of its own before the figures.
  const [user, system, kilobytes] = readFileSync(usage, 'utf8')
    .trim()
    .split('\n')
    .at(-1)
    .split(' ');
  return { wall, cpu: Number(user) + Number(system), memory: Number(kilobytes) / 1024, text };
}

/** A module, as an address, that writes the same three figures as GNU time when the process ends. */
function selfReport(file) {
  const source = `
    import { writeFileSync } from 'node:fs';
    process.on('exit', () => {
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
      const figures = [userCPUTime / 1e6, systemCPUTime / 1e6, maxRSS];
      writeFileSync(${JSON.stringify(file)}, figures.join(' '));
    });`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
