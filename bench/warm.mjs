/*
 * The program in one process that goes on, as its daemon does: what one sync costs when all is loaded
 * and the database is open, how long the event loop is held, and whether anything grows. Run by
 * bench.mjs as `node --expose-gc warm.mjs REPOSITORY RECORDS`; prints its figures as JSON.
 */
import { spawnSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { withPorts } from '../dist/src/cli/assemble.js';
import { processTerminal } from '../dist/src/cli/terminal.js';
import { driftOf } from '../dist/src/reconcile/drift.js';
import { reconcile } from '../dist/src/reconcile/reconcile.js';
import { median } from './verdict.mjs';
import { git, gitEnvironment, touched } from './workload.mjs';

const rounds = 11;
const syncsForGrowth = 1000;
const [repository, size] = process.argv.slice(2);
const n = Number(size);
const terminal = processTerminal();
const invocation = { arguments: [], options: {}, terminal };
const figures = [];
const tell = (id, value, records) => figures.push({ id, n, value, records });

await withPorts(invocation, 'exclusive', async ({ ports, config, targets }) => {
  const work = { files: 0, statements: 0, source: 0 };
  const [target] = targets([], {});
  const counted = { ...target, source: countedSource(target.source, work) };
  const countedPorts = { ...ports, database: countedDatabase(ports.database, work) };
  const sync = async () => {
    const started = performance.now();
    const occasion = { trigger: 'interval', actor: 'bench', settled: ['converged'] };
    const { outcome, error } = await reconcile(countedPorts, counted, occasion, terminal.signal);
    if (outcome !== 'converged') throw error ?? new Error(`a sync ended ${outcome}`);
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

  tell('ref', await times(revParse));
  tell('b', await times(sync));

  const [whole, afterFetch, seen] = [[], [], { files: [], statements: [] }];
  for (let round = 0; round < rounds * 2; round++) {
    point(round % 2 === 0 ? 'one' : 'base');
    Object.assign(work, { files: 0, statements: 0, source: 0 });
    const took = await sync();
    whole.push(took);
    afterFetch.push(took - work.source);
    seen.files.push(work.files);
    seen.statements.push(work.statements);
  }
  tell('c', median(whole));
  tell('cAfterFetch', median(afterFetch));
  tell('filesRead', median(seen.files));
  tell('statements', median(seen.statements));

  const { changed, deleted } = touched(n);
  const both = [];
  for (let round = 0; round < 4; round++) {
    point(round % 2 === 0 ? 'pct' : 'base');
    both.push(await sync());
  }
  tell('d', median(both), changed + deleted);

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
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await run();
    taken.push(performance.now() - started);
  }
  return median(taken);
}

function revParse() {
  spawnSync('git', ['rev-parse', 'refs/heads/main'], { cwd: repository, env: gitEnvironment });
}

/** Counts the files that are read out of a source, and the milliseconds until it has answered. */
function countedSource(source, work) {
  const wrapped = (method) =>
    async function timed(...args) {
      const started = performance.now();
      const answer = await method.apply(source, args);
      work.source += performance.now() - started;
      return typeof answer?.read === 'function' ? countedReads(answer, work) : answer;
    };
  return new Proxy(source, {
    get: (_, name) => {
      const it = Reflect.get(source, name, source);
      return typeof it === 'function' ? wrapped(it) : it;
    },
  });
}

function countedReads(snapshot, work) {
  async function* read(files) {
    for await (const file of snapshot.read(files)) {
      work.files += 1;
      yield file;
    }
  }
  return { ...snapshot, read };
}

function countedDatabase(database, work) {
  const counting = (run) => async (query) => {
    const before = query.statements;
    const result = await run(query);
    work.statements += query.statements - before;
    return result;
  };
  return {
    dialect: database.dialect,
    location: database.location,
    read: (run) => database.read(counting(run)),
    write: (run) => database.write(counting(run)),
    close: () => database.close(),
  };
}
