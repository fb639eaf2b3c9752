import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { rekey, storedKeyId } from '../../src/broker/sealed.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { LocalVault } from '../../src/kinds/secret/local-vault.ts';
import { keyIdOf, newSealingKeyText, parseSealingKey, SealingKey } from '../../src/lib/seal.ts';
import { Secret } from '../../src/lib/secret.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { openStore } from '../../src/store/open.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import {
  again,
  connectionYaml,
  fromEnv,
  fromFile,
  type Json,
  secretYaml,
} from '../support/secrets.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

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
  'what was sealed before the key was changed is refused, not stored for nobody',
  async (t) => {
    const environment = { THERE: 'x' };
    const ports = await freshPorts(t, kinds, environment);
    const occasion = { trigger: 'command', actor: 'test', settled: [] } as const;
    const source = new FakeSource({ 'one.yaml': secretYaml('one', fromEnv('THERE')) });
    await reconcile(ports, targetOf(source), occasion, never);
    const before = SealingKey.random();
    const vault = new LocalVault({ environment, directory: undefined, key: () => before });
    source.files = { ...source.files, 'two.yaml': secretYaml('two', fromEnv('THERE')) };
    const late = await reconcile({ ...ports, vault }, targetOf(source), occasion, never);
    t.same(
      late.outcomes.map((it) => it.error?.code),
      ['SECRET_KEY', 'SECRET_KEY'],
    );
    const again = await reconcile(ports, targetOf(source), occasion, never);
    t.equal(again.outcome, 'converged', 'with the key that is');
  },
);

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
