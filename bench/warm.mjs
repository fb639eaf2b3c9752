/*
 * The program in one process that goes on, as its daemon does: what one sync costs when all is loaded
 * and the database is open, how long the event loop is held, and whether anything grows. Run by
 * bench.mjs as `node --expose-gc warm.mjs REPOSITORY RECORDS`; prints its figures as JSON.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { withPorts } from '../dist/src/cli/assemble.js';
import { processTerminal } from '../dist/src/cli/terminal.js';
import { driftOf } from '../dist/src/reconcile/drift.js';
import { reconcile } from '../dist/src/reconcile/reconcile.js';
import { median } from './verdict.mjs';
import { git, gitEnvironment, touched } from './workload.mjs';

const rounds = 11;
const roundsOfLooks = 31;
const syncsForGrowth = 1000;
const [repository, size] = process.argv.slice(2);
const n = Number(size);
const terminal = processTerminal();
const invocation = { arguments: [], options: {}, terminal };
const figures = [];
const tell = (id, value, records) => figures.push({ id, n, value, records });

await withPorts(invocation, 'exclusive', async ({ ports, config, targets }) => {
  const spent = { source: 0 };
  const [target] = targets([], {});
  const timed = { ...target, source: timedSource(target.source, spent) };
  let work;
  const sync = async () => {
    const started = performance.now();
    const occasion = { trigger: 'interval', actor: 'bench', settled: ['converged'] };
    const result = await reconcile(ports, timed, occasion, terminal.signal);
    if (result.outcome !== 'converged')
      throw result.error ?? new Error(`a sync ended ${result.outcome}`);
    ({ work } = result);
    return performance.now() - started;
  };
  const point = (branch) =>
    git(repository, 'update-ref', 'refs/heads/main', `refs/heads/${branch}`);

  point('base');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sync();
  delay.disable();
  tell('loopDelay', delay.percentile(99.9) / 1e6);

  // In turn, because the one is the measure of the other.
  const [asked, looked] = [[], []];
  for (let round = 0; round < roundsOfLooks; round++) {
    asked.push(await timeOf(revParse));
    looked.push(await timeOf(sync));
  }
  tell('ref', median(asked));
  tell('b', median(looked));

  const [whole, withoutGit, seen] = [[], [], { files: [], statements: [] }];
  for (let round = 0; round < rounds * 2; round++) {
    point(round % 2 === 0 ? 'one' : 'base');
    spent.source = 0;
    const took = await sync();
    whole.push(took);
    withoutGit.push(took - spent.source);
    seen.files.push(work.filesRead);
    seen.statements.push(work.statements);
  }
  tell('c', median(whole));
  tell('cWithoutGit', median(withoutGit));
  tell('filesRead', median(seen.files));
  tell('statements', median(seen.statements));

  const { changed, deleted } = touched(n);
  tell('fetch', fetchTime());
  const [both, bothWithoutGit] = [[], []];
  for (let round = 0; round < rounds - 1; round++) {
    point(round % 2 === 0 ? 'pct' : 'base');
    spent.source = 0;
    const took = await sync();
    both.push(took);
    bothWithoutGit.push(took - spent.source);
  }
  tell('d', median(both), changed + deleted);
  tell('dWithoutGit', median(bothWithoutGit), changed + deleted);

  const drift = await times(() => driftOf(ports, config.account, target.source.name));
  tell('e', (drift * 1000) / n);

  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < syncsForGrowth; at++) await sync();
  globalThis.gc();
  tell('heapGrowth', (process.memoryUsage().heapUsed - before) / 2 ** 20);
  await target.source.close();
  return 0;
});
process.stdout.write(JSON.stringify(figures));

/** Median of some runs, in milliseconds. */
async function times(run) {
  const taken = [];
  for (let round = 0; round < rounds; round++) taken.push(await timeOf(run));
  return median(taken);
}

async function timeOf(run) {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** What git alone takes to bring a mirror from one of the two commits of (d) to the other, in milliseconds. */
function fetchTime() {
  const mirror = mkdtempSync(join(tmpdir(), 'plumbline-fetch-'));
  try {
    git(mirror, 'init', '--quiet', '--bare', '--template=', '.');
    const fetch = () => {
      const started = performance.now();
      const from = ['--end-of-options', pathToFileURL(repository).href, '+refs/heads/main:refs/x'];
      git(mirror, 'fetch', '--depth=1', '--quiet', '--no-tags', '--no-auto-gc', ...from);
      return performance.now() - started;
    };
    const taken = [];
    for (let round = 0; round < 5; round++) {
      git(repository, 'update-ref', 'refs/heads/main', `refs/heads/${round % 2 === 0 ? 'base' : 'pct'}`);
      const took = fetch();
      // The first brings all of it.
      if (round > 0) taken.push(took);
    }
    return median(taken);
  } finally {
    git(repository, 'update-ref', 'refs/heads/main', 'refs/heads/base');
    rmSync(mirror, { recursive: true, force: true });
  }
}

function revParse() {
  spawnSync('git', ['rev-parse', 'refs/heads/main'], { cwd: repository, env: gitEnvironment });
}

/** Counts the milliseconds until a source has answered. */
function timedSource(source, spent) {
  const timed = (method) =>
    async function answer(...args) {
      const started = performance.now();
      try {
        return await method.apply(source, args);
      } finally {
        spent.source += performance.now() - started;
      }
    };
  return new Proxy(source, {
    get: (_, name) => {
      const it = Reflect.get(source, name, source);
      return typeof it === 'function' ? timed(it) : it;
    },
  });
}
