import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CommandDefinition, everyCommand } from '../../src/cli/commands.ts';
import { logLevels } from '../../src/lib/log-level.ts';
import { canaries, leaks, type Text } from '../support/canaries.ts';
import { Command, RunningDaemon } from '../support/daemon.ts';
import { again, connectionYaml, fromEnv, fromFile, secretYaml } from '../support/secrets.ts';
import { t } from '../support/tap.ts';
import { clientYaml, tokenYaml, World } from '../support/world.ts';

/**
 * How each command is called in a world full of secrets; those with formats are called in all of
 * them. `run` is the daemon, which is tried apart. A command without a row fails the test.
 */
const calls: Readonly<Record<string, readonly (readonly string[])[]>> = {
  run: [],
  sync: [[]],
  plan: [[], ['--path', 'manifests/env']],
  drift: [[]],
  validate: [['manifests']],
  apply: [
    ['-f', 'hand.yaml', '--dry-run'],
    ['-f', 'hand.yaml'],
    ['-f', 'manifests/bad'],
  ],
  delete: [
    ['-f', 'hand.yaml', '--dry-run'],
    ['-f', 'hand.yaml'],
    ['secret', 'env_0'],
  ],
  deploy: [
    ['llmclient', 'bot'],
    ['secret', 'env_0'],
  ],
  undeploy: [
    ['llmclient', 'bot'],
    ['secret', 'env_0'],
  ],
  get: [['secrets'], ['tokens'], ['secret', 'clear_0']],
  describe: [
    ['secret', 'env_0'],
    ['secret', 'file_0'],
    ['secret', 'clear_0'],
    ['token', 'key'],
  ],
  logs: [
    ['secret', 'env_0'],
    ['token', 'key'],
    ['llmclient', 'bot'],
  ],
  prompt: [['bot', 'What is the password?']],
  export: [[], ...['kind', 'source', 'flat'].map((it) => ['--to', `export-${it}`, '--layout', it])],
  example: [['secret']],
  schema: [['secret'], ['config']],
  status: [[]],
  history: [['--limit', '10000']],
  approve: [['--list'], ['4f2c9e0b7a11']],
  restore: [['--list'], ['secret', 'by_hand', '--dry-run'], ['secret', 'by_hand']],
  suspend: [['secret', 'env_0', '--reason', 'a look']],
  resume: [['secret', 'env_0']],
  release: [['nobody']],
  why: [
    ['secret', 'env_0'],
    ['secret', 'clear_0', 'value'],
    ['token', 'key'],
  ],
  'token issue': [['key']],
  'token rotate': [['key'], ['nobody']],
  'token revoke': [['key'], ['key']],
  'token list': [[]],
  'secret rekey': [[], ['--new-key-file', 'hand.yaml'], ['--new-key-file', 'mounted/f0']],
  doctor: [[]],
  completion: [['bash']],
};

/** Commands that show the secret that they make, once, to whoever asked for it. */
const showsOnce = ['token issue', 'token rotate'];

function formatsOf({ options = [] }: CommandDefinition): readonly (readonly string[])[] {
  const output = options.find((it) => it.flags.startsWith('-o'));
  return output?.choices?.map((it) => ['-o', it]) ?? [[]];
}

const indented = (value: string) => value.replace(/^/gm, '      ');
const document = (name: string, config: string) =>
  `apiVersion: smarter.sh/v1\nkind: Secret\nmetadata: {name: ${name}, description: d, version: 1.0.0}\nspec:\n${config}`;

t.test('no command and no file of ours shows a secret in clear text', async (t) => {
  t.equal(canaries.length, 25);
  const variables = Object.fromEntries(canaries.map((it, at) => [`CANARY_${at}`, it]));
  const extra = { PLUMBLINE_SECRETS_DIRECTORY: 'mounted', PLUMBLINE_LOG_LEVEL: 'debug' };
  const world = new World(t, { ...variables, ...extra });
  mkdirSync(join(world.folder, 'mounted'));
  const outputs: Text[] = [];
  const shownOnce: string[] = [];
  const run = async (...words: string[]) => {
    const { exit, out, err } = await world.run(...words);
    const isSecret = showsOnce.includes(words.slice(0, 2).join(' '));
    if (isSecret && exit === 0) shownOnce.push(out.trim());
    const text = isSecret ? err : `${out}${err}`;
    outputs.push({ name: `$ plumbline ${words.join(' ')}`, text });
    return exit;
  };
  for (const [at, value] of canaries.entries()) {
    writeFileSync(join(world.folder, `mounted/f${at}`), value);
    world.write(`env/${at}.yaml`, secretYaml(`env_${at}`, fromEnv(`CANARY_${at}`)));
    world.write(`file/${at}.yaml`, secretYaml(`file_${at}`, fromFile(`f${at}`)));
    world.write(`clear/${at}.yaml`, secretYaml(`clear_${at}`, { value }));
  }
  world.write('db.yaml', connectionYaml('db', 'env_0'));
  world.write('key.yaml', tokenYaml('key'));
  world.write('bot.yaml', clientYaml('bot', {}, { apiKey: 'key' }));
  writeFileSync(join(world.folder, 'hand.yaml'), secretYaml('by_hand', { value: canaries[0] }));
  t.equal(await run('sync'), 0);
  for (const format of ['text', 'json', 'markdown', 'junit'])
    t.equal(await run('plan', '-o', format), 0);

  const rotated = again(t, world, {
    ...extra,
    ...Object.fromEntries(canaries.map((it, at) => [`CANARY_${(at + 1) % 25}`, it])),
  });
  for (const format of ['text', 'json', 'markdown', 'junit']) {
    const { exit, out, err } = await rotated.run('plan', '-o', format);
    t.equal(exit, 2);
    outputs.push({ name: `a plan of rotated secrets as ${format}`, text: out + err });
  }
  const { out, err } = await rotated.run('sync', '-o', 'json');
  outputs.push({ name: 'a sync of rotated secrets', text: out + err });
  for (const format of ['text', 'json', 'markdown', 'junit']) await run('drift', '-o', format);

  // Every way to get it wrong, so that the problems are told beside the value.
  for (const [at, value] of canaries.entries()) {
    const quoted = JSON.stringify(value);
    world.write(`bad/key-${at}.yaml`, document(`k_${at}`, `  config:\n    vaule: ${quoted}\n`));
    world.write(`bad/map-${at}.yaml`, document(`m_${at}`, `  config: ${quoted}\n`));
    world.write(
      `bad/two-${at}.yaml`,
      document(`t_${at}`, `  config: {value: ${quoted}, valueFrom: {env: A}}\n`),
    );
    world.write(
      `bad/name-${at}.yaml`,
      document(`n_${at}`, `  config: {valueFrom: {env: ${quoted}}}\n`),
    );
    world.write(
      `bad/path-${at}.yaml`,
      document(`p_${at}`, `  config: {valueFrom: {file: ${quoted}}}\n`),
    );
    world.write(
      `bad/list-${at}.yaml`,
      document(`l_${at}`, `  config:\n    value:\n      - ${quoted}\n`),
    );
    world.write(
      `bad/syntax-${at}.yaml`,
      document(`s_${at}`, `  config:\n    value: ${quoted}\n   x: [\n`),
    );
    world.write(
      `bad/block-${at}.yaml`,
      document(
        `b_${at}`,
        `  config:\n    value: |\n${indented(value)}\n    expiration_date: soon\n`,
      ),
    );
    if (!/^[a-z0-9_-]+$/.test(value))
      world.write(`bad/reference-${at}.yaml`, connectionYaml(`r_${at}`, value));
  }
  t.equal(await run('sync'), 1);
  for (const level of logLevels)
    for (const command of ['sync', 'plan', 'status']) await run(command, '--log-level', level);
  for (const command of everyCommand) {
    const lines = calls[command.name];
    t.ok(lines, `${command.name} has its row in the table of calls`);
    for (const words of lines ?? [])
      for (const format of formatsOf(command)) {
        await run(...command.name.split(' '), ...words, ...format);
        t.notMatch(outputs.at(-1)?.text, /^error: (?:unknown|missing|too many)/m, 'a good call');
      }
  }
  t.equal(shownOnce.length, 2, 'issued and rotated');

  const follower = new Command(t, world, ['history', '--follow', '-o', 'json']);
  const daemon = new RunningDaemon(t, world, { PLUMBLINE_LOG_LEVEL: 'debug' });
  await daemon.ready();
  for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/sources', '/api/v1/status']) {
    const response = await fetch(`http://${await daemon.address()}${path}`);
    outputs.push({ name: path, text: await response.text() });
  }
  // The log of changes that are not in the database file yet, which is gone once the daemon is.
  const wal = `${world.database}-wal`;
  t.ok(existsSync(wal));
  copyFileSync(wal, join(world.folder, 'copied-wal'));
  await daemon.stop('SIGTERM');
  await follower.stop('SIGTERM');
  outputs.push({ name: 'the log of the daemon', text: daemon.log.join('\n') + daemon.out });
  outputs.push({ name: 'history --follow', text: follower.out + follower.log.join('\n') });

  const folders = ['', 'export-kind/secret', 'export-flat', 'export-source/clear'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(world.folder, folder), { withFileTypes: true })
      .filter((it) => it.isFile() && it.name !== 'hand.yaml')
      .map((it) => join(world.folder, folder, it.name)),
  );
  t.ok(files.some((it) => it.endsWith('plumbline.db')));
  const texts = files.map((file) => ({ name: file, text: readFileSync(file, 'utf8') }));
  const hand = { name: 'hand.yaml', text: readFileSync(join(world.folder, 'hand.yaml'), 'utf8') };
  t.not(leaks(canaries, [hand]).length, 0, 'where one stands, it is found');
  // Of a token the secret is its last part; the id before it is for everybody.
  const tokens = shownOnce.map((it) => it.slice(-43));
  t.same(leaks([...canaries, ...tokens], [...outputs, ...texts]), []);
  const shown = outputs.filter(({ text }) => /hmac-sha256|v1\.[0-9a-f]{16}\./.test(text));
  t.same(
    shown.map((it) => it.name),
    [],
    'no hash and nothing sealed is shown either',
  );
});
