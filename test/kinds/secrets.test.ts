import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { rekey, storedKeyId } from '../../src/broker/sealed.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { keyIdOf, newSealingKeyText, parseSealingKey, SealingKey } from '../../src/lib/seal.ts';
import { Secret } from '../../src/lib/secret.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { openStore } from '../../src/store/open.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

type Json = Readonly<Record<string, unknown>>;

function yaml(kind: string, name: string, spec: Json): string {
  const metadata = { name, description: `The ${name}`, version: '1.0.0' };
  return `${JSON.stringify({ apiVersion: 'smarter.sh/v1', kind, metadata, spec }, null, 2)}\n`;
}

const secretYaml = (name: string, config: Json) => yaml('Secret', name, { config });
const fromEnv = (env: string) => ({ valueFrom: { env } });
const fromFile = (file: string) => ({ valueFrom: { file } });
const connectionYaml = (name: string, password: string) =>
  yaml('SqlConnection', name, {
    connection: { dbEngine: 'django.db.backends.mysql', hostname: 'h', database: 'd', password },
  });

/** A world with other variables from now on, as after a restart. */
function again(t: Test, world: World, environment: Readonly<Record<string, string>>): World {
  const next = new World(t, environment);
  Object.defineProperty(next, 'folder', { value: world.folder });
  Object.assign(next.environment, {
    PLUMBLINE_DATABASE: world.environment['PLUMBLINE_DATABASE'],
    PLUMBLINE_SOURCE: world.environment['PLUMBLINE_SOURCE'],
  });
  return next;
}

/** The row of a secret as it lies in the database. */
async function rowOf(world: World, name: string): Promise<Json> {
  const store = await openStore(`sqlite:${world.database}`, {
    mode: 'read',
    migrations: recordMigrations(kinds),
  });
  try {
    const row = await store.database.read((query) => query('secret').where({ name }).first());
    return (row ?? {}) as Json;
  } finally {
    await store.close();
  }
}

t.test('a text is sealed for one place and one key, and never twice alike', async (t) => {
  const text = newSealingKeyText();
  const key = parseSealingKey(text) as SealingKey;
  const value = new Secret('pässword\0\n🙂');
  const sealed = key.seal(value, 'a/secret/b');
  t.equal(key.open(sealed, 'a/secret/b').reveal(), value.reveal());
  t.match(sealed, new RegExp(`^v1\\.${key.id}\\.[\\w-]{16}\\.[\\w-]+$`));
  t.not(key.seal(value, 'a/secret/b'), sealed, 'the nonce is random');
  const hash = key.hash(value, 'a/secret/b');
  t.equal(key.hash(value, 'a/secret/b'), hash);
  t.not(key.hash(value, 'a/secret/c'), hash, 'equal values elsewhere do not look equal');
  t.not(key.hash(new Secret('other'), 'a/secret/b'), hash);
  t.equal(keyIdOf(hash), key.id);
  const other = SealingKey.random();
  t.not(other.id, key.id);
  const last = sealed.at(-2) === 'A' ? 'B' : 'A';
  const damaged = `${sealed.slice(0, -2)}${last}${sealed.at(-1)}`;
  for (const [what, open] of [
    ['another place', () => key.open(sealed, 'a/secret/c')],
    ['another key', () => other.open(sealed, 'a/secret/b')],
    ['damage', () => key.open(damaged, 'a/secret/b')],
    ['a cut', () => key.open(sealed.slice(0, 40), 'a/secret/b')],
    ['no envelope', () => key.open('', 'a/secret/b')],
  ] as const)
    t.throws(open, { code: 'SECRET_KEY' }, what);
});

t.test('a key is 32 bytes in base64 or hex, and nothing else is one', async (t) => {
  const bytes = Buffer.alloc(32, 0xfb);
  const { id } = new SealingKey(bytes);
  for (const text of [
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ` ${bytes.toString('base64')}\n`,
  ])
    t.equal(parseSealingKey(text)?.id, id, text);
  for (const text of ['', 'secret', bytes.toString('hex').slice(1), 'x'.repeat(44), 'z'.repeat(64)])
    t.equal(parseSealingKey(text), undefined, text);
  const world = new World(t, { PLUMBLINE_SECRET_KEY: 'correct horse battery staple' });
  const { exit, err } = await world.run('sync');
  t.equal(exit, 1);
  t.match(err, /PLUMBLINE_SECRET_KEY.*CONFIG_INVALID/s);
  t.match(err, /openssl rand -base64 32/);
  t.notMatch(err, /horse/);
});

t.test(
  'a value comes from a variable or a file, is sealed, and is compared without being shown',
  async (t) => {
    const variables = { DB_PASSWORD: 'first' };
    const world = new World(t, { ...variables, PLUMBLINE_SECRETS_DIRECTORY: 'mounted' });
    mkdirSync(join(world.folder, 'mounted'));
    writeFileSync(join(world.folder, 'mounted/key'), 'from a file\n');
    world.write('a.yaml', secretYaml('by_env', fromEnv('DB_PASSWORD')));
    world.write('b.yaml', secretYaml('by_file', fromFile('key')));
    world.write('c.yaml', connectionYaml('db', 'by_env'));
    t.equal((await world.run('plan')).exit, 2);
    t.notOk(existsSync(`${world.database}.key`), 'a plan makes no key');
    t.equal((await world.run('sync')).exit, 0);
    t.equal(statSync(`${world.database}.key`).mode & 0o777, 0o600);
    const key = parseSealingKey(readFileSync(`${world.database}.key`, 'utf8')) as SealingKey;
    for (const [name, value] of [
      ['by_env', 'first'],
      ['by_file', 'from a file'],
    ] as const) {
      const row = await rowOf(world, name);
      const context = `default/secret/${name}`;
      t.equal(key.open(String(row['sealed_value']), context).reveal(), value);
      t.equal(row['value_hash'], key.hash(new Secret(value), context));
    }

    writeFileSync(join(world.folder, 'mounted/key'), 'rotated');
    const { changes } = await world.report('sync');
    t.match(changes, [
      {
        action: 'update',
        name: 'by_file',
        fields: [{ path: 'spec.config.value', from: '********', to: '********', cause: 'git' }],
      },
    ]);
    t.equal(changes.length, 1, 'a rotated file is noticed though the source stands still');
    const restarted = again(t, world, {
      DB_PASSWORD: 'second',
      PLUMBLINE_SECRETS_DIRECTORY: 'mounted',
    });
    t.match((await restarted.report('sync')).changes, [{ action: 'update', name: 'by_env' }]);
    t.same((await restarted.report('sync')).changes, []);
    t.match((await world.run('plan')).out, 'spec.config.value: ******** → ********');
  },
);

t.test('a value that cannot be had is told at its place, and the record is kept', async (t) => {
  const world = new World(t, { THERE: 'x', PLUMBLINE_SECRETS_DIRECTORY: 'mounted' });
  const mounted = join(world.folder, 'mounted');
  mkdirSync(join(mounted, 'folder'), { recursive: true });
  writeFileSync(join(world.folder, 'outside'), 'x');
  writeFileSync(join(mounted, 'empty'), '\n');
  writeFileSync(join(mounted, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
  writeFileSync(join(mounted, 'large'), 'x'.repeat(70_000));
  symlinkSync(join(world.folder, 'outside'), join(mounted, 'link'));
  world.write('a.yaml', secretYaml('it', fromEnv('THERE')));
  world.write('client.yaml', clientYaml('bot', { deployed: false }));
  t.equal((await world.run('sync')).exit, 0);
  const before = await rowOf(world, 'it');
  const cases: readonly (readonly [string, Json, string, RegExp])[] = [
    ['a variable that is not set', fromEnv('NOT_THERE'), 'env', /NOT_THERE is not set/],
    ['a variable of our own', fromEnv('PLUMBLINE_SECRET_KEY'), 'env', /Plumbline itself/],
    ['a secret in place of a name', fromEnv('hunter2'), 'env', /of that name/],
    ['no such file', fromFile('nowhere'), 'file', /no such file/],
    ['a path to the outside', fromFile('../outside'), 'file', /outside/],
    ['an absolute path', fromFile('/etc/passwd'), 'file', /outside/],
    ['a link to the outside', fromFile('link'), 'file', /outside/],
    ['a folder', fromFile('folder'), 'file', /no ordinary file/],
    ['the folder itself', fromFile('.'), 'file', /outside/],
    ['nothing in it', fromFile('empty'), 'file', /empty/],
    ['no text', fromFile('binary'), 'file', /no text/],
    ['too much', fromFile('large'), 'file', /more than/],
  ];
  for (const [what, config, key, message] of cases) {
    world.write('a.yaml', secretYaml('it', config));
    const { exit, problems, changes } = await world.report('sync');
    t.equal(exit, 1, what);
    t.match(
      problems,
      [{ code: 'SECRET_UNAVAILABLE', path: `spec.config.valueFrom.${key}`, line: 12, message }],
      what,
    );
    t.same(changes, [], `${what}: nothing else happens`);
  }
  t.same(await rowOf(world, 'it'), before);
  const bare = new World(t);
  bare.write('a.yaml', secretYaml('it', fromFile('key')));
  t.match((await bare.report('sync')).problems, [{ message: /no source of secret values here/ }]);
  t.equal(
    (await bare.run('validate', bare.path(''))).exit,
    0,
    'an offline check asks for no secret',
  );
});

t.test(
  'a daemon whose files stand still notices a secret that appears, changes or goes',
  async (t) => {
    const variables: Record<string, string> = {};
    const ports = await freshPorts(t, kinds, variables);
    const source = new FakeSource({ 'it.yaml': secretYaml('it', fromEnv('LATE')) });
    const settled = ['converged', 'stalled'];
    const look = async () => {
      const occasion = { trigger: 'interval', actor: 'test', settled } as const;
      const result = await reconcile(ports, targetOf(source), occasion, never);
      const done = result.outcomes.map((it) => `${it.change.action} ${it.outcome}`);
      return `${result.outcome}: ${done.join()}`;
    };
    /** What one more look finds, and how often it asks the source: once where nothing has moved. */
    const quiet = async () => {
      const before = source.asked;
      await look();
      return source.asked - before === 1;
    };
    t.equal(await look(), 'stalled: ');
    t.ok(await quiet(), 'as long as it is missing there is no second look at the files');
    variables['LATE'] = 'first';
    t.equal(await look(), 'converged: create applied');
    t.ok(await quiet());
    variables['LATE'] = 'second';
    t.equal(await look(), 'converged: update applied');
    t.ok(await quiet());
    delete variables['LATE'];
    t.equal(await look(), 'stalled: ', 'that it is gone is told');
    t.ok(await quiet(), 'once');
    variables['LATE'] = 'second';
    t.equal(await look(), 'converged: ', 'and it may come back as it was');
  },
);

t.test(
  '<kept> leaves a value as it is, and an export can be applied where it was made',
  async (t) => {
    const world = new World(t, { THERE: 'x' });
    world.write('new.yaml', secretYaml('new', { value: '<kept>' }));
    const lost = await world.report('sync');
    t.match(lost.problems, [{ code: 'SECRET_UNAVAILABLE', message: /no value yet/ }]);
    t.match(lost.summary, { create: 0, invalid: 1 });
    world.remove('new.yaml');
    world.write('clear.yaml', secretYaml('clear', { value: 'in clear text' }));
    world.write('env.yaml', secretYaml('env', fromEnv('THERE')));
    const { problems } = await world.report('sync');
    t.match(problems, [
      {
        severity: 'warning',
        code: 'MANIFEST_ADVICE',
        path: 'spec.config.value',
        file: 'clear.yaml',
      },
    ]);
    const before = await rowOf(world, 'clear');
    const { out } = await world.run('export', '--to', join(world.folder, 'out'));
    t.match(out, '2 files written');
    const text = (name: string) => readFileSync(join(world.folder, 'out/secret', name), 'utf8');
    t.match(text('clear.yaml'), /^ {4}value: "<kept>"$/m);
    t.match(text('env.yaml'), /valueFrom:\n {6}env: THERE\n/);
    t.notMatch(text('env.yaml'), 'value:');
    t.equal((await world.run('plan', '--path', join(world.folder, 'out'))).exit, 0);
    world.write(
      'clear.yaml',
      secretYaml('clear', { value: '<kept>', expiration_date: '2030-01-01' }),
    );
    t.match((await world.report('sync')).changes, [
      { action: 'update', fields: [{ path: 'spec.config.expiration_date' }] },
    ]);
    const after = await rowOf(world, 'clear');
    t.equal(after['sealed_value'], before['sealed_value']);
    t.equal((await world.run('plan')).exit, 0);
  },
);

t.test('with another key, or without the one there was, nothing is written', async (t) => {
  const key = newSealingKeyText();
  const world = new World(t, { THERE: 'x', PLUMBLINE_SECRET_KEY: key });
  world.write('a.yaml', secretYaml('it', fromEnv('THERE')));
  t.equal((await world.run('sync')).exit, 0);
  t.notOk(existsSync(`${world.database}.key`), 'a key that is given is not written down');
  const before = await rowOf(world, 'it');
  world.write('b.yaml', clientYaml('bot', { deployed: false }));
  for (const environment of [
    { THERE: 'x' },
    { THERE: 'x', PLUMBLINE_SECRET_KEY: newSealingKeyText() },
  ]) {
    const other = again(t, world, environment);
    const { exit, err } = await other.run('sync');
    t.equal(exit, 1);
    t.match(err, /SECRET_KEY.*PLUMBLINE_SECRET_KEY/s);
    t.equal((await other.run('get', 'secret', 'it', '-o', 'name')).exit, 0, 'reading needs no key');
  }
  t.notOk(existsSync(`${world.database}.key`));
  t.same(await rowOf(world, 'it'), before);
  t.equal((await world.run('sync')).exit, 0);
});

t.test('another key seals everything anew, and nothing shows as changed', async (t) => {
  const oldText = newSealingKeyText();
  const newText = newSealingKeyText();
  const [oldKey, newKey] = [oldText, newText].map((it) => parseSealingKey(it) as SealingKey) as [
    SealingKey,
    SealingKey,
  ];
  const world = new World(t, { THERE: 'x', PLUMBLINE_SECRET_KEY: oldText });
  for (const name of ['one', 'two'])
    world.write(`${name}.yaml`, secretYaml(name, fromEnv('THERE')));
  t.equal((await world.run('sync')).exit, 0);
  const store = await openStore(`sqlite:${world.database}`, {
    mode: 'write',
    migrations: recordMigrations(kinds),
  });
  const { database } = store;
  const rekeyed = (from: SealingKey, to: SealingKey) =>
    database.write((query) => rekey(query, kinds, from, to));
  await t.rejects(rekeyed(newKey, oldKey), { code: 'SECRET_KEY' });
  t.equal(await database.read((query) => storedKeyId(query, kinds)), oldKey.id, 'all or none');
  t.equal(await rekeyed(oldKey, newKey), 2);
  t.equal(await database.read((query) => storedKeyId(query, kinds)), newKey.id);
  await store.close();
  const row = await rowOf(world, 'one');
  t.equal(newKey.open(String(row['sealed_value']), 'default/secret/one').reveal(), 'x');
  const next = again(t, world, { THERE: 'x', PLUMBLINE_SECRET_KEY: newText });
  for (const command of ['plan', 'drift', 'sync'])
    t.equal((await next.run(command)).exit, 0, `${command} finds nothing to do`);
});

/** Secret values of many shapes, each of them written or given in one of the ways below. */
const canaries = [
  'hunter2-canary',
  'S3cr3t!canary',
  'correct horse battery canary',
  'AKIACANARY7EXAMPLE99',
  'ghp_canary0123456789abcdefABCDEF012345',
  'sk-canary-T3BlbkFJ0123456789abcdefghij',
  'xoxb-123456789012-canaryAbCdEf',
  'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl',
  'postgres://user:canarypw@db.example/main',
  'https://canary:tokenpw@example.com/x',
  'Password=canary;Server=db',
  '-----BEGIN PRIVATE KEY-----\nMIIcanaryMIIcanary\n-----END PRIVATE KEY-----',
  'two lines canary\nsecond line',
  'tab\tcanary',
  '"quoted canary"',
  "it's a canary",
  'kanárienvogel-canary',
  'カナリア-canary',
  '🐤canary🐤',
  '4111111111111111-canary',
  '00112233445566778899canary',
  '{"json":"canary"}',
  '<xml>canary</xml>',
  '$(canary) `canary` %canary%',
  'canary\\u001b[31m\\n',
] as const;

/** The forms in which an output could hold a canary: as it is, and as JSON, YAML or SQL would quote it. */
function traces(value: string): readonly string[] {
  const lines = value.split(/[\n\t]/).filter((it) => /canary|MII|カナリア|[\w+/]{20}/i.test(it));
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, value.replaceAll("'", "''"), ...lines])].flatMap((it) => [
    it,
    Buffer.from(it).toString('base64').replace(/=+$/, '').slice(0, -2),
    encodeURIComponent(it),
  ]);
}

const indented = (value: string) => value.replace(/^/gm, '      ');
const document = (name: string, config: string) =>
  `apiVersion: smarter.sh/v1\nkind: Secret\nmetadata: {name: ${name}, description: d, version: 1.0.0}\nspec:\n${config}`;

t.test('no output and no file of ours holds a secret in clear text', async (t) => {
  t.equal(canaries.length, 25);
  const variables = Object.fromEntries(canaries.map((it, at) => [`CANARY_${at}`, it]));
  const extra = { PLUMBLINE_SECRETS_DIRECTORY: 'mounted', PLUMBLINE_LOG_LEVEL: 'debug' };
  const world = new World(t, { ...variables, ...extra });
  mkdirSync(join(world.folder, 'mounted'));
  const outputs: string[] = [];
  const run = async (...words: string[]) => {
    const { exit, out, err } = await world.run(...words);
    outputs.push(`$ plumbline ${words.join(' ')}\n${out}${err}`);
    return exit;
  };
  for (const [at, value] of canaries.entries()) {
    writeFileSync(join(world.folder, `mounted/f${at}`), value);
    world.write(`env/${at}.yaml`, secretYaml(`env_${at}`, fromEnv(`CANARY_${at}`)));
    world.write(`file/${at}.yaml`, secretYaml(`file_${at}`, fromFile(`f${at}`)));
    world.write(`clear/${at}.yaml`, secretYaml(`clear_${at}`, { value }));
  }
  world.write('db.yaml', connectionYaml('db', 'env_0'));
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
    outputs.push(out + err);
  }
  outputs.push(...Object.values(await rotated.run('sync', '-o', 'json')).map(String));
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
  t.equal(await run('sync', '-o', 'json'), 1);
  for (const format of ['text', 'json', 'markdown', 'junit'])
    t.equal(await run('plan', '-o', format), 1);
  for (const format of ['text', 'json']) await run('validate', world.path(''), '-o', format);
  for (const format of ['table', 'wide', 'json', 'yaml', 'name'])
    await run('get', 'secret', '-o', format);
  for (const format of ['yaml', 'json'])
    for (const name of ['env_0', 'file_0', 'clear_0'])
      await run('describe', 'secret', name, '-o', format);
  for (const format of ['table', 'json']) {
    await run('history', '--limit', '10000', '-o', format);
    await run('status', '-o', format);
  }
  await run('doctor');
  await run('doctor', '-o', 'json');
  await run('export');
  for (const layout of ['kind', 'source', 'flat'])
    await run('export', '--to', join(world.folder, `export-${layout}`), '--layout', layout);
  writeFileSync(join(world.folder, 'hand.yaml'), secretYaml('by_hand', { value: canaries[0] }));
  await run('apply', '-f', 'hand.yaml', '--dry-run');
  await run('apply', '-f', 'hand.yaml');
  await run('delete', '-f', 'hand.yaml');

  const files = ['', 'export-kind/secret', 'export-flat', 'export-source/clear'].flatMap((folder) =>
    readdirSync(join(world.folder, folder), { withFileTypes: true })
      .filter((it) => it.isFile() && it.name !== 'hand.yaml')
      .map((it) => join(world.folder, folder, it.name)),
  );
  t.ok(files.some((it) => it.endsWith('plumbline.db')));
  const texts = [
    ...outputs.map((text) => ({ name: text.slice(0, 60), text })),
    ...files.map((file) => ({ name: file, text: readFileSync(file, 'utf8') })),
  ];
  const found = canaries.flatMap((value) =>
    traces(value).flatMap((trace) =>
      texts
        .filter(({ text }) => text.includes(trace))
        .map(({ name, text }) => {
          const at = text.indexOf(trace);
          return `${name}: …${text.slice(Math.max(0, at - 80), at + trace.length + 20)}`;
        }),
    ),
  );
  t.same([...new Set(found)].slice(0, 10), []);
  const shown = outputs.filter((text) => /hmac-sha256|v1\.[0-9a-f]{16}\./.test(text));
  t.same(
    shown.map((it) => it.slice(0, 60)),
    [],
    'no hash and nothing sealed is shown either',
  );
});
