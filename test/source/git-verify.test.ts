import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlumblineError } from '../../src/lib/errors.ts';
import { follow } from '../support/git-source.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

const signal = new AbortController().signal;

function tool(name: string, args: readonly string[], home: string): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    env: { PATH: process.env['PATH'], HOME: home, LC_ALL: 'C' },
  });
  if (status !== 0) throw new Error(`${name}: ${error ?? stderr.toString()}`);
  return stdout.toString();
}

const missing = ['ssh-keygen', 'gpg'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
);
const options =
  missing.length === 0 ? {} : { skip: `there is no ${missing.join(' and no ')} here` };

/** Two people with keys for ssh and gpg, and a file of signers for each mode that names the first. */
function people(t: Test) {
  // The agent of gpg makes a socket in its home, whose path must be short.
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-keys-'));
  const [friend, stranger] = [person(folder, 'friend'), person(folder, 'stranger')];
  const signers = { ssh: join(folder, 'allowed_signers'), gpg: join(folder, 'keys.asc') };
  const publicKey = tool('ssh-keygen', ['-y', '-f', friend.key], friend.home);
  writeFileSync(signers.ssh, `ann@example.com ${publicKey}`);
  writeFileSync(signers.gpg, tool('gpg', ['--armor', '--export'], friend.home));
  t.teardown(() => {
    for (const { home } of [friend, stranger]) tool('gpgconf', ['--kill', 'all'], home);
    rmSync(folder, { recursive: true, force: true });
  });
  return { friend, stranger, signers };
}

function person(folder: string, name: string) {
  const home = join(folder, name);
  mkdirSync(join(home, '.gnupg'), { recursive: true, mode: 0o700 });
  const key = join(home, 'key');
  tool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key], home);
  const generate = ['--batch', '--passphrase', '', '--quick-generate-key'];
  tool('gpg', [...generate, `${name} <${name}@example.com>`, 'ed25519', 'sign', 'never'], home);
  const ssh = ['gpg.format=ssh', `user.signingKey=${key}`];
  return { home, key, ssh, gpg: [`user.signingKey=${name}@example.com`] };
}

t.test('only a commit signed by one of the signers is read', options, async (t) => {
  const { folder, repository, open } = follow(t);
  repository.commit({ 'a.yaml': clientYaml('a') });
  const { friend, stranger, signers } = people(t);
  const outcome = async (mode: 'ssh' | 'gpg') => {
    const source = open({ name: mode, verify: { mode, signersFile: signers[mode] } });
    return source.fetch(signal).then(
      ({ files }) => files.map((it) => it.path).join(),
      (error: PlumblineError) => `${error.code} ${error.message}`,
    );
  };
  const none = /^SOURCE_UNVERIFIED .*bears no signature/;
  const other = /^SOURCE_UNVERIFIED .*not among the signers/;
  const cases = [
    { name: 'no signature', sign: undefined, ssh: none, gpg: none },
    {
      name: 'the key of a signer, ssh',
      sign: [friend.ssh, friend.home],
      ssh: /^a\.yaml$/,
      gpg: /^SOURCE_UNVERIFIED/,
    },
    {
      name: 'the key of a stranger, ssh',
      sign: [stranger.ssh, stranger.home],
      ssh: other,
      gpg: /^SOURCE_UNVERIFIED/,
    },
    {
      name: 'the key of a signer, gpg',
      sign: [friend.gpg, friend.home],
      ssh: /^SOURCE_UNVERIFIED/,
      gpg: /^a\.yaml$/,
    },
    {
      name: 'the key of a stranger, gpg',
      sign: [stranger.gpg, stranger.home],
      ssh: /^SOURCE_UNVERIFIED/,
      gpg: other,
    },
  ] as const;
  for (const { name, sign, ssh, gpg } of cases) {
    if (sign !== undefined) repository.commitSigned(sign[0], sign[1], name);
    t.match(await outcome('ssh'), ssh, `ssh: ${name}`);
    t.match(await outcome('gpg'), gpg, `gpg: ${name}`);
  }
  const left = readdirSync(join(folder, 'state')).filter((it) => it.startsWith('signers-'));
  t.same(left, [], 'no keyring is left behind');
});

t.test('a signature moved to another commit is none', options, async (t) => {
  const { repository, open } = follow(t);
  repository.commit({ 'a.yaml': clientYaml('a') });
  const { friend, signers } = people(t);
  repository.commitSigned(friend.ssh, friend.home, 'what was signed');
  const signed = repository.git('cat-file', 'commit', 'main');
  const forged = `${signed.replace('what was signed', 'something else')}\n`;
  const id = repository.feed(forged, 'hash-object', '-t', 'commit', '-w', '--stdin');
  repository.git('update-ref', 'refs/heads/main', id);
  const source = open({ verify: { mode: 'ssh', signersFile: signers.ssh } });
  await t.rejects(source.fetch(signal), {
    code: 'SOURCE_UNVERIFIED',
    message: /not of its content/,
  });
});

t.test('an unsigned commit holds the revision, and what is applied stays', options, async (t) => {
  const { repository } = follow(t);
  repository.commit({ 'a.yaml': clientYaml('a'), 'b.yaml': clientYaml('b') });
  const { friend, signers } = people(t);
  repository.commitSigned(friend.ssh, friend.home);
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
    PLUMBLINE_SOURCE_VERIFY_MODE: 'ssh',
    PLUMBLINE_SOURCE_VERIFY_SIGNERS_FILE: signers.ssh,
  });
  t.equal((await world.report('sync')).summary['create'], 2);
  repository.commit({ 'a.yaml': clientYaml('a', { defaultModel: 'gpt-4.1' }), 'b.yaml': null });
  const held = await world.run('sync');
  t.equal(held.exit, 3);
  t.match(held.err, /bears no signature/);
  const { out } = await world.run('status', '-o', 'json');
  const [source] = (JSON.parse(out) as { sources: { outcome: string; message: string }[] }).sources;
  t.match(source, { outcome: 'held', message: /bears no signature/ });
  t.match((await world.run('get', 'llmclients', '-o', 'name')).out, /llmclient\/a\nllmclient\/b/);
  repository.commitSigned(friend.ssh, friend.home, 'signed again');
  const again = await world.report('sync');
  t.same(
    again.changes.map((it) => `${it.action} ${it.name}`),
    ['update a', 'delete b'],
  );
});

t.test('a file of signers that is not there is told before anything is fetched', async (t) => {
  const world = new World(t, {
    PLUMBLINE_SOURCE: 'https://git.example.com/llm.git',
    PLUMBLINE_SOURCE_VERIFY_MODE: 'gpg',
    PLUMBLINE_SOURCE_VERIFY_SIGNERS_FILE: 'nowhere.asc',
  });
  const { exit, err } = await world.run('sync');
  t.equal(exit, 1);
  t.match(err, /there is no file .*nowhere\.asc/);
});
