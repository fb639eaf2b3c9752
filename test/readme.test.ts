import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { recordMigrations } from '../src/broker/record-schema.ts';
import { settings } from '../src/config/settings.ts';
import { kinds } from '../src/kinds/kinds.ts';
import { openStore } from '../src/store/open.ts';
import { type Test, t } from './support/tap.ts';

/**
 * The README is executed: its terminal session runs as it stands, and its tables of settings and of
 * database tables are the ones of the code. `PLUMBLINE_UPDATE_README=1` writes what is true now.
 */
const update = process.env['PLUMBLINE_UPDATE_README'] === '1';
const path = resolve('README.md');
let readme = readFileSync(path, 'utf8');

t.teardown(() => {
  if (update) writeFileSync(path, readme);
});

/** What differs from run to run, and what differs when an example is edited. */
const settled = (text: string) =>
  text.replace(/sha256:[0-9a-f]{12,64}/g, 'sha256:…').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');

t.test('the terminal session prints what the README shows', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-readme-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  command(bin, 'plumbline', `exec "${process.execPath}" "${resolve('dist/src/main.cjs')}" "$@"`);
  command(bin, 'sqlite3', `exec "${process.execPath}" "${sqlite(folder)}" "$@"`);
  for (const name of ['manifests-example', 'config'])
    cpSync(name, join(folder, name), { recursive: true });
  let status = 0;
  const run = (line: string): string => {
    const ended = spawnSync('bash', ['-c', `(exit ${status}); ${line}`], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${bin}:${process.env['PATH']}`, HOME: folder, NO_COLOR: '1' },
    });
    status = ended.status ?? 1;
    return ended.stdout + ended.stderr;
  };
  readme = readme.replace(/^```console\n([\s\S]*?)^```$/gm, (_, block: string) => {
    const shown: string[] = [];
    for (const part of block.split(/^(?=\$ )/m)) {
      const [line = '', ...wanted] = part.split('\n');
      const printed = run(line.slice(2));
      if (!update) t.equal(settled(printed), settled(wanted.join('\n')), line);
      shown.push(`${line}\n${printed}`);
    }
    return `\`\`\`console\n${update ? shown.join('') : block}\`\`\``;
  });
});

t.test('the table of settings is the one of the code', async (t) => {
  const rows = settings.map((it) => {
    const fallback = it.default === undefined ? '' : `\`${it.default}\``;
    return `| \`${it.path}\` | \`${it.variable}\` | ${fallback} | ${it.description.replaceAll('|', '\\|')} |`;
  });
  between(t, 'settings', [
    '| setting | variable | default | |',
    '| --- | --- | --- | --- |',
    ...rows,
  ]);
});

t.test('the table of tables is the one of the database', async (t) => {
  const { database, close } = await openStore('sqlite::memory:', {
    mode: 'write',
    migrations: recordMigrations(kinds),
  });
  const names = new Set(
    kinds.all.flatMap((kind) => [
      kind.tables.main,
      ...kind.tables.ones.map((it) => it.table),
      ...kind.fields.flatMap(({ storage }) => ('list' in storage ? [storage.list] : [])),
    ]),
  );
  const common = ['id', 'account', 'name', 'generation', 'created_at', 'updated_at'];
  const rows = await database.read((query) =>
    Promise.all(
      [...names].sort().map(async (name) => {
        const columns = Object.keys(await query(name).columnInfo());
        const main = columns.includes('generation');
        const told = main ? columns.filter((it) => !common.includes(it)) : columns;
        return `| \`${name}\` | ${told.map((it) => `\`${it}\``).join(' ')} |`;
      }),
    ),
  );
  await close();
  between(t, 'tables', ['| table | columns |', '| --- | --- |', ...rows]);
});

/** The lines between two markers of the README are these. */
function between(t: Test, name: string, lines: readonly string[]): void {
  const pattern = new RegExp(`(<!-- ${name}:begin -->\\n)([\\s\\S]*?)(<!-- ${name}:end -->)`);
  const wanted = `${lines.join('\n')}\n`;
  t.match(readme, pattern, 'the markers are there');
  if (update) readme = readme.replace(pattern, (_, begin, __, end) => `${begin}${wanted}${end}`);
  else t.equal(pattern.exec(readme)?.[2], wanted);
}

function command(folder: string, name: string, line: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** The command of SQLite for machines that have none: one file and one statement. */
function sqlite(folder: string): string {
  const script = join(folder, '.bin', 'sqlite.cjs');
  const driver = createRequire(import.meta.url).resolve('sqlite3');
  writeFileSync(
    script,
    `const { Database } = require(${JSON.stringify(driver)});
const [, , file, sql] = process.argv;
const database = new Database(file);
database.run(sql, (error) => { if (error) { console.error(error.message); process.exitCode = 1; } });
database.close();
`,
  );
  return script;
}
