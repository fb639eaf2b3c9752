import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands, everyCommand } from '../../src/cli/commands.ts';
import { table } from '../../src/cli/table.ts';
import { logLevels } from '../../src/lib/log-level.ts';
import { plumbline } from '../support/command-line.ts';
import { t } from '../support/tap.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const run = (...words: string[]) => plumbline(words, { folder });

t.test('usage errors exit 64 and say what to type', async (t) => {
  const cases: [string, string[], RegExp][] = [
    ['a misspelt command', ['vaildate', 'x'], /Did you mean validate/],
    ['a misspelt option', ['plan', '--outptu', 'json'], /Did you mean --output/],
    [
      'a format that is not one',
      ['plan', '-o', 'xml'],
      /Allowed choices are text, json, markdown, junit/,
    ],
    [
      'a log level that is not one',
      ['plan', '--log-level', 'trace'],
      /Allowed choices are debug, info, warn, error/,
    ],
    ['a limit that is no number', ['history', '--limit', 'x'], /hint: for example: --limit 100/],
    ['a limit of nothing', ['history', '--limit', '0'], /--limit takes a whole number from 1/],
    ['an id that is none', ['history', '--before', '-1'], /--before takes a whole number from 1/],
    ['a time that is none', ['history', '--since', 'x'], /hint: for example: --since 2026/],
    ['a missing argument', ['validate'], /missing required argument 'paths'/],
    ['a kind that is not one', ['example', 'lmclient'], /did you mean LLMClient/],
    ['a shell that is not one', ['completion', 'tcsh'], /bash, zsh, fish/],
    ['apply without a path', ['apply'], /plumbline apply -f PATH/],
    ['a path that is not there', ['validate', 'nowhere.yaml'], /no file or folder nowhere\.yaml/],
    ['a group without its command', ['token'], /Commands:/],
    ['a misspelt command of a group', ['token', 'isue', 'x'], /Did you mean issue/],
    ['a path without its option', ['apply', 'x.yaml'], /with -f: plumbline apply -f PATH/],
    ['too many arguments', ['status', 'what'], /too many arguments/],
  ];
  for (const [name, words, wanted] of cases) {
    const { exit, out, err } = await run(...words);
    t.equal(exit, 64, name);
    t.match(err, wanted, name);
    t.equal(out, '', `${name}: results stay empty`);
  }
});

t.test('every log level that is offered is taken', async (t) => {
  for (const level of logLevels) {
    const environment = { PLUMBLINE_SOURCE: 'nowhere' };
    const words = ['status', '--log-level', level];
    t.match(await plumbline(words, { folder, environment }), { exit: 0 }, level);
  }
});

t.test('a table of as many rows as there may be records is printed', async (t) => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [`row ${index}`, 'x']);
  const lines = table(['NAME', 'X'], rows).trimEnd().split('\n');
  t.equal(lines.length, 200_001);
  t.equal(lines[0], 'NAME        X', 'the widest cell makes the column');
  t.equal(lines.at(-1), 'row 199999  x');
});

t.test('every command has help with examples that name it', async (t) => {
  for (const { name } of everyCommand) {
    const { exit, out } = await run(...name.split(' '), '--help');
    t.equal(exit, 0, name);
    t.match(out, `plumbline ${name}`, name);
    t.match(out, /Examples:/, name);
  }
  const { exit, out } = await run('--help');
  t.equal(exit, 0);
  for (const { name, summary } of commands) {
    t.match(out, name);
    t.match(out.replace(/\s+/g, ' '), summary.replace(/\s+/g, ' '));
  }
});

t.test('every command of the table can be loaded', async (t) => {
  for (const { name } of everyCommand) {
    const file = new URL(`../../src/cli/${name.replace(' ', '-')}.js`, import.meta.url).href;
    t.type((await import(file)).run, 'function', name);
  }
});

t.test('completion scripts are valid where their shell is there to say so', async (t) => {
  for (const [shell, flag] of [
    ['bash', '-n'],
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ] as const) {
    const { exit, out } = await run('completion', shell);
    t.equal(exit, 0);
    for (const { name } of everyCommand) for (const word of name.split(' ')) t.match(out, word);
    const checked = spawnSync(shell, [flag], { input: out });
    if (checked.error === undefined) t.equal(checked.status, 0, `${shell}: ${checked.stderr}`);
    else t.comment(`${shell} is not on this machine`);
  }
  const script = (await run('completion', 'bash')).out;
  const asked = `${script}\nCOMP_WORDS=(plumbline pl); COMP_CWORD=1; _plumbline; echo "\${COMPREPLY[@]}"
COMP_WORDS=(plumbline plan -o ""); COMP_CWORD=3; _plumbline; echo "\${COMPREPLY[@]}"
COMP_WORDS=(plumbline token r); COMP_CWORD=2; _plumbline; echo "\${COMPREPLY[@]}"
COMP_WORDS=(plumbline token list -o ""); COMP_CWORD=4; _plumbline; echo "\${COMPREPLY[@]}"`;
  t.equal(
    execFileSync('bash', ['-c', asked]).toString(),
    'plan\ntext json markdown junit\nrotate revoke\ntable json\n',
  );
});

t.test('the version is printed before anything is loaded', async (t) => {
  const main = new URL('../../src/main.cjs', import.meta.url).pathname;
  t.match(
    execFileSync(process.execPath, [main, '--version']).toString(),
    /^plumbline \d+\.\d+\.\d+\n$/,
  );
});
