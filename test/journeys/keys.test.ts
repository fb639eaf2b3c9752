import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { newSealingKeyText } from '../../src/lib/seal.ts';
import { TokenVerifier } from '../../src/reconcile/token-verifier.ts';
import { openStore } from '../../src/store/open.ts';
import { Command, RunningDaemon } from '../support/daemon.ts';
import { FakeClock, freshPorts } from '../support/ports.ts';
import { type Test, t } from '../support/tap.ts';
import { tokenYaml, World } from '../support/world.ts';

/** A world with one declared key, and what may be asked of its secret. */
async function keyed(t: Test, environment: Readonly<Record<string, string>> = {}) {
  const world = new World(t, environment);
  world.write('key.yaml', tokenYaml('key'));
  await world.run('sync');
  const ports = await freshPorts(t);
  const store = await openStore(`sqlite:${world.database}`, {
    mode: 'write',
    migrations: recordMigrations(kinds),
  });
  t.teardown(() => store.close());
  const clock = new FakeClock();
  const verifier = new TokenVerifier({ ...ports, database: store.database, clock });
  const issue = async (...words: string[]) => {
    const { exit, out, err } = await world.run('token', ...words);
    if (exit !== 0) throw new Error(err);
    return out.trimEnd();
  };
  const listed = async () =>
    (JSON.parse(await issue('list', '-o', 'json')) as { tokens: Record<string, unknown>[] })
      .tokens[0];
  return { world, clock, verifier, issue, listed, database: store.database };
}

t.test('the secret of a key is shown once, accepted, and known to nobody', async (t) => {
  const { world, verifier, issue, listed } = await keyed(t);
  t.match(await listed(), { name: 'key', keyId: null, state: 'not issued', active: true });
  const token = await issue('issue', 'key');
  t.match(token, /^plumb_[0-9a-f]{12}_[\w-]{43}$/);
  const keyId = token.split('_')[1] as string;
  t.match(await verifier.verify(token), { key: { name: 'key' }, keyId, username: 'admin' });
  for (const wrong of ['', 'plumb_', token.slice(0, -1), `${token.slice(0, -3)}xyz`, `x${token}`])
    t.equal(await verifier.verify(wrong), undefined, 'what only resembles it is turned away');
  const again = await world.run('token', 'issue', 'key');
  t.match(again, { exit: 1, out: '', err: /TOKEN_ISSUED.*\n.*token rotate key/ });
  t.match(await listed(), { keyId, state: 'issued', issuedBy: /^user:/, old: null });
  const described = JSON.parse((await world.run('describe', 'token', 'key', '-o', 'json')).out);
  t.match(described.status, { keyId, issuedAt: String, lastUsedAt: String, revokedAt: null });
  t.equal((await world.run('plan')).exit, 0, 'a secret is no difference');
  t.equal((await world.run('drift')).exit, 0);
  t.notMatch((await world.run('export')).out, keyId, 'nor part of an export');
  const { out } = await world.run('history', '--verb', 'issue', '-o', 'json');
  t.match(JSON.parse(out), [{ name: 'key', actor: /^user:/, message: `key ${keyId}` }]);
  t.notMatch(out, token.slice(-43));
});

t.test('a secret ends when it is rotated, revoked, switched off or deleted', async (t) => {
  const { world, clock, verifier, issue, listed } = await keyed(t);
  const isGood = async (token: string) => (await verifier.verify(token)) !== undefined;
  for (const verb of ['rotate', 'revoke'])
    t.match(await world.run('token', verb, 'key'), { exit: 1, err: /TOKEN_NOT_ISSUED/ }, verb);
  t.match(await world.run('token', 'issue', 'nobody'), { exit: 1, err: /RECORD_NOT_FOUND/ });
  const first = await issue('issue', 'key');
  const second = await issue('rotate', 'key');
  t.same([await isGood(first), await isGood(second)], [false, true], 'at once');

  clock.wall = Date.now();
  const third = await issue('rotate', 'key', '--keep-old-for', '24h');
  t.same([await isGood(second), await isGood(third)], [true, true], 'both for a while');
  t.match(await listed(), { old: { keyId: second.split('_')[1] } });
  clock.wall = Date.now() + 25 * 3_600_000;
  t.same([await isGood(second), await isGood(third)], [false, true]);
  t.match(await world.run('token', 'rotate', 'key', '--keep-old-for', 'long'), { exit: 64 });

  world.write('key.yaml', tokenYaml('key').replace('"isActive": true', '"isActive": false'));
  await world.run('sync');
  t.equal(await isGood(third), false, 'while its manifest says that it is not active');
  world.write('key.yaml', tokenYaml('key'));
  await world.run('sync');
  t.equal(await isGood(third), true);

  await issue('revoke', 'key');
  t.equal(await isGood(third), false);
  t.match(await listed(), { state: 'revoked', revokedBy: /^user:/ });
  const fourth = await issue('issue', 'key');
  t.equal(await isGood(fourth), true);
  world.write('other.yaml', tokenYaml('other'));
  world.remove('key.yaml');
  t.equal((await world.run('sync')).exit, 0);
  t.equal(await isGood(fourth), false, 'it goes with its record');
  t.equal((await world.run('restore', 'token', 'key')).exit, 0);
  t.equal(await isGood(fourth), true, 'and comes back with it');
});

t.test('the use of a key is noted once a minute, and wakes no source', async (t) => {
  const { world, clock, verifier, issue, listed } = await keyed(t);
  const token = await issue('issue', 'key');
  const lastUse = async () => (await listed())?.['lastUsedAt'];
  await verifier.verify(token);
  const first = await lastUse();
  clock.wall += 5_000;
  await verifier.verify(token);
  t.equal(await lastUse(), first);
  clock.advance(60_000);
  await verifier.verify(token);
  t.not(await lastUse(), first);
  t.match(
    (await world.run('sync')).out,
    /nothing to do/i,
    'the next sync is as settled as if nothing had been used',
  );
});

const secret = `${JSON.stringify({
  apiVersion: 'smarter.sh/v1',
  kind: 'Secret',
  metadata: { name: 'password', description: 'A password', version: '1.0.0' },
  spec: { config: { valueFrom: { env: 'THERE' } } },
})}\n`;

async function sealedWorld(t: Test, environment: Readonly<Record<string, string>> = {}) {
  const world = new World(t, { THERE: 'hunter2', ...environment });
  world.write('secret.yaml', secret);
  await world.run('sync');
  return { world, keyFile: `${world.database}.key` };
}

async function isTrue(t: Test, world: World, what: string): Promise<void> {
  for (const command of ['plan', 'drift', 'sync', 'doctor'])
    t.equal((await world.run(command)).exit, 0, `${what}: ${command}`);
}

t.test('secrets are sealed with a new key, and nothing else changes', async (t) => {
  const { world, keyFile } = await sealedWorld(t);
  const before = readFileSync(keyFile, 'utf8');
  const { exit, out, err } = await world.run('secret', 'rekey');
  t.match({ exit, out }, { exit: 0, out: /^1 secret sealed with the new key [0-9a-f]{16}\n$/ });
  t.match(err, `${keyFile}.old`);
  t.not(readFileSync(keyFile, 'utf8'), before);
  t.equal(readFileSync(`${keyFile}.old`, 'utf8'), before, 'for backups');
  await isTrue(t, world, 'afterwards');
  const entries = JSON.parse((await world.run('history', '--verb', 'rekey', '-o', 'json')).out);
  t.match(entries, [
    { outcome: 'applied', actor: /^user:/, message: /^1 secret from key \w+ to / },
  ]);

  writeFileSync(join(world.folder, 'new.key'), newSealingKeyText());
  t.equal((await world.run('secret', 'rekey', '--new-key-file', 'new.key')).exit, 0);
  await isTrue(t, world, 'with a key that was given');
  for (const [words, said] of [
    [['--new-key-file', 'new.key'], /the one that is in use/],
    [['--new-key-file', 'nowhere'], /cannot be read/],
    [['--new-key-file', 'manifests/secret.yaml'], /32 bytes in base64 or hex/],
  ] as const)
    t.match(await world.run('secret', 'rekey', ...words), { exit: 64, err: said }, words.join(' '));
});

t.test('a key from the environment is replaced by one that is given', async (t) => {
  const oldKey = newSealingKeyText();
  const newKey = newSealingKeyText();
  const { world } = await sealedWorld(t, { PLUMBLINE_SECRET_KEY: oldKey });
  t.match(await world.run('secret', 'rekey'), { exit: 64, err: /PLUMBLINE_SECRET_NEW_KEY/ });
  Object.assign(world.environment, { PLUMBLINE_SECRET_NEW_KEY: newKey });
  const { exit, err } = await world.run('secret', 'rekey');
  t.equal(exit, 0);
  t.match(err, /set PLUMBLINE_SECRET_KEY to the new key/);
  t.match(await world.run('plan'), { exit: 1, err: /SECRET_KEY/ }, 'the old one opens nothing');
  Object.assign(world.environment, { PLUMBLINE_SECRET_KEY: newKey });
  await isTrue(t, world, 'the new one does');
});

t.test('killed between any two steps, a change of key loses nothing', async (t) => {
  for (const point of ['rekey.key-written', 'transaction.before-commit', 'rekey.sealed']) {
    const { world, keyFile } = await sealedWorld(t);
    const killed = new Command(t, world, ['secret', 'rekey'], {
      PLUMBLINE_FAILPOINT: `${point}=kill`,
    });
    t.equal(await killed.ended(), 'SIGKILL', point);
    await isTrue(t, world, point);
    t.equal((await world.run('secret', 'rekey')).exit, 0, `${point}: done again`);
    await isTrue(t, world, `${point}, then done`);
    t.notOk(existsSync(`${keyFile}.next`), 'nothing is left lying about');
    rmSync(`${keyFile}.old`);
    await isTrue(t, world, 'without the old key');
  }
});

t.test('a deleted secret can be opened with the new key when it comes back', async (t) => {
  const { world } = await sealedWorld(t, { OTHER: 'correct horse' });
  world.write('other.yaml', secret.replace('"password"', '"other"').replace('THERE', 'OTHER'));
  await world.run('sync');
  world.remove('secret.yaml');
  t.equal((await world.run('sync')).exit, 0);
  t.match((await world.run('secret', 'rekey')).out, /^2 secrets /);
  t.equal((await world.run('restore', 'secret', 'password')).exit, 0);
  world.write('secret.yaml', secret);
  t.match((await world.run('sync')).out, /adopted/, 'it is as declared, so its value is the same');
  t.equal((await world.run('secret', 'rekey')).exit, 0, 'and it opens');
});

t.test('while a daemon runs, the key stays', async (t) => {
  const { world, keyFile } = await sealedWorld(t);
  const before = readFileSync(keyFile, 'utf8');
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  t.match(await world.run('secret', 'rekey'), { exit: 1, err: /STORE_LEASED/ });
  t.equal(readFileSync(keyFile, 'utf8'), before);
  await daemon.stop('SIGTERM');
});
