/*
 * The floor: the smallest program that does the operation with the same packages, and nothing else.
 * One table, one row a manifest, one transaction; the repository read in place, no positions, no
 * relations, no journal, no checks, synchronous NORMAL. It imports nothing of ours. FLOOR=fast: YAML by hand.
 *   node floor.mjs sync DATABASE REPOSITORY | drift DATABASE | export DATABASE FOLDER
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import sqlite3 from 'sqlite3';

const insert = `INSERT OR REPLACE INTO record
  SELECT ${[0, 1, 2, 3, 4, 5].map((at) => `value->>${at}`)} FROM json_each(?)`;
const remove = "DELETE FROM record WHERE path IN (SELECT value->>'file' FROM json_each(?))";
const codec = process.env.FLOOR === 'fast' ? './plain.mjs' : 'yaml';
const [operation, path, place] = process.argv.slice(2);
const db = new sqlite3.Database(path);
const ask = (sql, ...values) =>
  new Promise((resolve, reject) => {
    db.all(sql, values, (error, rows) => (error === null ? resolve(rows) : reject(error)));
  });
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const done = await { sync, drift, export: exportTo }[operation](place);
db.close(() => process.stdout.write(`${JSON.stringify(done)}\n`));

async function sync(repository) {
  for (const it of ['journal_mode = WAL', 'synchronous = NORMAL']) await ask(`PRAGMA ${it}`);
  await ask('CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, revision TEXT)');
  const git = (...args) =>
    execFileSync('git', args, { cwd: repository, maxBuffer: 2 ** 30, encoding: 'utf8' });
  const commit = git('rev-parse', 'refs/heads/main').trim();
  const before = (await ask('SELECT revision FROM seen'))[0]?.revision;
  if (before === commit) return { written: 0, deleted: 0 };
  const { gone, files } = changes(git, before, commit);
  const [{ parse }, { manifest }] = [await import(codec), await import('./schema.mjs')];
  await ask(`CREATE TABLE IF NOT EXISTS record (path TEXT PRIMARY KEY, kind TEXT, name TEXT,
    blob TEXT, digest TEXT, body TEXT) WITHOUT ROWID`);
  await ask('BEGIN IMMEDIATE');
  await ask(remove, JSON.stringify(gone));
  const rows = [];
  const write = () => ask(insert, JSON.stringify(rows.splice(0)));
  for await (const { file, blob, text } of blobs(repository, files)) {
    const checked = manifest.parse(parse(text));
    const body = canonical(checked);
    if (rows.push([file, checked.kind, checked.metadata.name, blob, sha256(body), body]) === 500)
      await write();
  }
  await write();
  await ask('INSERT OR REPLACE INTO seen VALUES (1, ?)', commit);
  await ask('COMMIT');
  return { written: files.length, deleted: gone.length };
}

function changes(git, before, commit) {
  const listed = (line) => ({ blob: line.slice(12, 52), file: line.slice(53) });
  const tree = () => git('ls-tree', '-r', '-z', commit).split('\0').slice(0, -1);
  if (before === undefined) return { gone: [], files: tree().map(listed) };
  const parts = git('diff-tree', '-r', '-z', before, commit).split('\0');
  const [gone, files] = [[], []];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [[, , , blob, status], file] = [parts[at].split(' '), parts[at + 1]];
    (status === 'D' ? gone : files).push({ blob, file });
  }
  return { gone, files };
}

async function* blobs(repository, files) {
  const child = spawn('git', ['cat-file', '--batch', '--buffer'], { cwd: repository });
  child.stdin.end(files.map(({ blob }) => `${blob}\n`).join(''));
  let [held, at] = [Buffer.alloc(0), 0];
  for await (const chunk of child.stdout) {
    held = Buffer.concat([held, chunk]);
    for (let line = held.indexOf(10); line >= 0; line = held.indexOf(10)) {
      const end = line + 1 + Number(held.toString('latin1', 0, line).split(' ')[2]);
      if (held.length <= end) break;
      yield { ...files[at++], text: held.toString('utf8', line + 1, end) };
      held = held.subarray(end + 1);
    }
  }
  if (at !== files.length) throw new Error(`git gave ${at} of ${files.length} files`);
}

async function drift() {
  const counts = { records: 0, drifted: 0 };
  for await (const { body, digest } of records()) {
    counts.records += 1;
    if (sha256(canonical(JSON.parse(body))) !== digest) counts.drifted += 1;
  }
  return counts;
}

async function exportTo(folder) {
  const { stringify } = await import(codec);
  const counts = { written: 0, unchanged: 0 };
  for (const { kind } of await ask('SELECT DISTINCT kind FROM record'))
    mkdirSync(`${folder}/${kind}`, { recursive: true });
  for await (const { kind, name, body } of records()) {
    const [file, text] = [`${folder}/${kind}/${name}.yaml`, stringify(JSON.parse(body))];
    const same = existsSync(file) && readFileSync(file, 'utf8') === text;
    if (!same) writeFileSync(file, text);
    counts[same ? 'unchanged' : 'written'] += 1;
  }
  return counts;
}

async function* records() {
  for (let after = ''; ; ) {
    const rows = await ask('SELECT * FROM record WHERE path > ? ORDER BY path LIMIT 1000', after);
    yield* rows;
    if (rows.length < 1000) return;
    after = rows.at(-1).path;
  }
}

function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const member = (key) => `${JSON.stringify(key)}:${canonical(value[key])}`;
  return `{${Object.keys(value).sort().map(member).join()}}`;
}
