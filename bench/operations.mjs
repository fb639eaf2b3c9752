/*
 * What is measured, and how a sample of it is made ready. The ground is one folder per N with the
 * repository and, for each side, the database and the export as a cold sync leaves them. Whatever
 * writes gets a fresh copy of its database, or a folder that was never there before.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sqlite3 from 'sqlite3';
import { daemonFigures } from './daemon.mjs';
import { runOnce } from './run-once.mjs';
import {
  clientManifest,
  git,
  gitEnvironment,
  keyCount,
  makeWorkload,
  pluginCount,
  touched,
} from './workload.mjs';

export const program = fileURLToPath(new URL('../dist/src/main.cjs', import.meta.url));
const floor = fileURLToPath(new URL('floor/floor.mjs', import.meta.url));
const warmProgram = fileURLToPath(new URL('warm.mjs', import.meta.url));
/** Ours, the floor with the packages that we use too, and the floor that reads and prints YAML by hand. */
const sides = ['ours', 'floor', 'fast'];

/**
 * In the order of the table. `branch` is what the repository shows, `database` is `kept` where nothing
 * of weight is written to it, `copied` or `none`; `folder` is what an export goes to. Those without a
 * branch know no N and are compared with an empty Node.js; `fast` marks what the fast floor does otherwise.
 */
export const operations = {
  a: { title: 'sync, cold', verb: 'sync', branch: 'base', database: 'none', fast: true },
  b: { title: 'sync, nothing changed', verb: 'sync', branch: 'base', database: 'kept' },
  c: { title: 'sync, one file changed', verb: 'sync', branch: 'one', database: 'copied' },
  d: {
    title: 'sync, 1 % changed, 1 % deleted',
    verb: 'sync',
    branch: 'pct',
    database: 'copied',
    fast: true,
  },
  e: { title: 'drift of every record', verb: 'drift', branch: 'base', database: 'kept' },
  f: {
    title: 'export to files',
    verb: 'export',
    branch: 'base',
    database: 'kept',
    folder: 'new',
    fast: true,
  },
  f2: {
    title: 'export again',
    verb: 'export',
    branch: 'base',
    database: 'kept',
    folder: 'kept',
    fast: true,
  },
  version: { title: '--version', words: () => ['--version'], says: ['plumbline '] },
  validate: {
    title: 'validate one file',
    words: (place) => ['validate', join(place, 'client.yaml')],
    says: ['1 manifest in 1 file: 0 errors'],
  },
};

/** The ground for one N, made once, with every operation that the others rest on run once. */
export async function prepareGround(place, n) {
  const ground = { place, n, samples: 0 };
  mkdirSync(place, { recursive: true });
  if (n === 0) {
    writeFileSync(join(place, 'client.yaml'), clientManifest(0));
    return ground;
  }
  ground.tree = await makeWorkload(join(place, 'manifests.git'), n);
  for (const side of sides) {
    const home = join(place, side);
    mkdirSync(home);
    for (const id of ['a', 'f']) {
      const words = wordsOf(ground, operations[id].verb, side, home, join(home, 'export'));
      runOnce({ ...start(ground, side, home), words, scratch: place });
    }
    await checkpoint(databaseOf(side, home));
  }
  return ground;
}

/** The program in one warm process, and as a daemon over the records of the ground. */
export async function warmFigures(ground) {
  const home = join(ground.place, 'warm');
  mkdirSync(home);
  const repository = join(ground.place, 'manifests.git');
  const command = start(ground, 'ours', home);
  const words = ['--expose-gc', warmProgram, repository, String(ground.n)];
  const { text } = runOnce({ ...command, words, scratch: ground.place });
  git(repository, 'update-ref', 'refs/heads/main', 'refs/heads/base');
  return [...JSON.parse(text), ...(await daemonFigures(start(ground, 'ours', join(ground.place, 'ours')), ground.n))];
}

/** Who is measured in an operation. */
export function sidesOf(id) {
  return operations[id].fast === true ? sides : sides.slice(0, 2);
}

/** Makes one sample ready: what `runOnce` needs, the texts that must be printed, and what to remove. */
export function prepareSample(ground, id, side) {
  const { branch, database, verb, folder, words, says } = operations[id];
  const { place } = ground;
  if (branch === undefined)
    return side === 'ours'
      ? { ...start(ground, side, place), words: [program, ...words(place)], says }
      : { ...start(ground, side, place), words: ['-e', '0'], says: [] };
  ground.samples += 1;
  const kept = join(place, side);
  const fresh = join(place, `sample-${ground.samples}`);
  git(join(place, 'manifests.git'), 'update-ref', 'refs/heads/main', `refs/heads/${branch}`);
  mkdirSync(fresh);
  if (database === 'copied') copyHome(side, kept, fresh);
  const home = database === 'kept' ? kept : fresh;
  const to = join(folder === 'kept' ? kept : fresh, 'export');
  return {
    ...start(ground, side, home),
    words: wordsOf(ground, verb, side, home, to),
    says: expected(ground, id)[side === 'ours' ? 'ours' : 'floor'],
    // Thousands of files removed at once slow the file system down for a while, so exports stay.
    ...(verb === 'sync' ? { remove: fresh } : {}),
  };
}

/** Where and with which environment a side runs. */
function start({ place }, side, home) {
  if (side === 'floor') return { folder: place, environment: gitEnvironment };
  if (side === 'fast') return { folder: place, environment: { ...gitEnvironment, FLOOR: 'fast' } };
  const environment = {
    ...gitEnvironment,
    PLUMBLINE_DATABASE: `sqlite:${databaseOf(side, home)}`,
    PLUMBLINE_SOURCE: pathToFileURL(join(place, 'manifests.git')).href,
    PLUMBLINE_SOURCE_BRANCH: 'main',
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
    PLUMBLINE_SOURCE_PRUNE: 'true',
    PLUMBLINE_SOURCE_TIMEOUT: '10m',
    PLUMBLINE_SOURCE_LIMITS_DELETES_COUNT: '1000000',
  };
  return { folder: place, environment };
}

function wordsOf({ place }, verb, side, home, to) {
  if (side === 'ours') return [program, verb, ...(verb === 'export' ? ['--to', to] : [])];
  const last = { sync: [join(place, 'manifests.git')], drift: [], export: [to] };
  return [floor, verb, databaseOf(side, home), ...last[verb]];
}

/** What a run prints when it did the whole work. */
function expected({ n }, id) {
  const all = n + pluginCount + keyCount;
  const { changed, deleted } = touched(n);
  const done = (ours, theirs) => ({ ours, floor: [theirs] });
  return {
    a: done([`${all} created`], `"written":${all}`),
    b: done([`all ${all} records`], '"written":0,"deleted":0'),
    c: done(['1 updated'], '"written":1,"deleted":0'),
    d: done(
      [`${changed} updated`, `${deleted} deleted`],
      `"written":${changed},"deleted":${deleted}`,
    ),
    e: done([`all ${all} records`], `"records":${all},"drifted":0`),
    f: done([`${all} files written`], `"written":${all}`),
    f2: done([`${all} unchanged`], `"unchanged":${all}`),
  }[id];
}

function databaseOf(side, home) {
  return join(home, side === 'ours' ? 'plumbline.db' : 'floor.db');
}

/** A copy that is on the disk before the clock starts, so that no one pays for it later. */
function copyHome(side, from, to) {
  for (const path of [databaseOf(side, from), `${databaseOf(side, from)}.birth`, join(from, 'git')])
    if (existsSync(path)) cpSync(path, path.replace(from, to), { recursive: true });
  const file = openSync(databaseOf(side, to), 'r+');
  fsyncSync(file);
  closeSync(file);
}

/** Empties the write-ahead log into the database, so that the file alone is the whole of it. */
function checkpoint(path) {
  return new Promise((resolve, reject) => {
    const db = new sqlite3.Database(path);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close((error) => (error === null ? resolve() : reject(error)));
  });
}
