import { execFile, spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { RunningDaemon } from '../support/daemon.ts';
import { t } from '../support/tap.ts';
import { World } from '../support/world.ts';

/** Seconds after which a line that does not end by itself has shown enough. */
const patience = 2;
/** How curl says that it stopped because of that. */
const timedOut = 28;

const missing = spawnSync('curl', ['--version']).status !== 0 && 'curl is not installed here';

t.test(
  'the lines of the README that ask the API work as they stand',
  { skip: missing },
  async (t) => {
    const readme = readFileSync('README.md', 'utf8');
    const [, block = ''] =
      /<!-- api:begin -->\n```sh\n([\s\S]*?)```\n<!-- api:end -->/.exec(readme) ?? [];
    const lines = block.split('\n').filter((it) => it.startsWith('curl '));
    t.ok(lines.length > 5);
    const world = new World(t, { PLUMBLINE_SOURCE_NAME: 'example' });
    cpSync('manifests-example', world.path(''), { recursive: true });
    const daemon = new RunningDaemon(t, world);
    await daemon.ready();
    const address = await daemon.address();
    for (const line of lines) {
      const here = line.replaceAll('localhost:8080', address);
      const { status, out, err } = await bash(here, world.folder);
      const isStream = line.includes('/events');
      t.equal(status, isStream ? timedOut : 0, `${line}\n${err}`);
      if (!line.includes(' > ')) t.match(out, isStream ? /^retry: / : /^\{/, line);
    }
  },
);

/** Runs a line in a shell whose curl is quiet, fails where the answer is a failure, and does not wait for ever. */
async function bash(line: string, cwd: string) {
  const curl = `curl() { command curl -sS --fail --max-time ${patience} "$@"; }`;
  try {
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-c', `${curl}; set -o pipefail; ${line}`],
      { cwd },
    );
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout, err: stderr };
  }
}
