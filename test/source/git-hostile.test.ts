import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { ErrorCode } from '../../src/lib/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { escapeUntrusted } from '../../src/lib/terminal.ts';
import type { GitSource, GitSourceOptions } from '../../src/source/git.ts';
import { GitHttp } from '../support/git-http.ts';
import { processesWith } from '../support/git-processes.ts';
import { follow, mirrorIn } from '../support/git-source.ts';
import { never, textsIn, textsOf } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';

/** Gives the environment of this process other values until the test ends. */
function pretend(t: Test, values: Record<string, string>): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  t.teardown(() => {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

/** A program that only leaves a marker, to be named wherever something might run it. */
function trap(folder: string): { program: string; sprung: () => boolean } {
  const marker = join(folder, 'marker');
  const program = join(folder, 'trap.sh');
  writeFileSync(program, `#!/bin/sh\ntouch '${marker}'\n`);
  chmodSync(program, 0o755);
  return { program, sprung: () => existsSync(marker) };
}

t.test(
  'strings that git could take for something else never reach it (S01, S02, 148)',
  async (t) => {
    const { folder, open } = follow(t);
    const { program, sprung } = trap(folder);
    const urls = [
      '',
      ' https://host/x.git',
      'https://host/x.git\n',
      '-uhttps://host/x',
      `--upload-pack=${program}`,
      `--config=core.sshCommand=${program}`,
      `ext::sh -c ${program}`,
      `EXT::sh -c ${program}`,
      `ext::${program} %S`,
      'fd::17/foo',
      'testgit::/tmp/x',
      'ssh://-oProxyCommand=touch/x',
      `ssh://-oProxyCommand=${program}/x`,
      'ssh://git@-oProxyCommand=x/y',
      'git@-oProxyCommand=x:y',
      '-oProxyCommand=x@host:y',
      'ssh://-lroot@host/x.git',
      'ssh://host/$(touch x).git',
      'ssh://host:22:22/x',
      'host:-upload',
      'host:`touch x`',
      'host:a;touch x',
      'http://example.com/x.git',
      'ftp://host/x.git',
      'git://host/x.git',
      'rsync://host/x',
      'file://host/x.git',
      'file:relative/x.git',
      './relative.git',
      '../remote.git',
      'remote.git',
      'C:\\repo',
      'https://',
      'https://host\\x/y',
      'https://host/x.git?token=canary',
      'https://host/x.git#canary',
      'https://bot:canary@host/x.git',
      'https://canary@host/x.git',
      'ssh://bot:canary@host/x.git',
      'bot:canary@host:x.git',
      `https://host/${'x'.repeat(3000)}`,
      'https://host/\u202ex.git',
      // Sound, but nobody has allowed local repositories.
      '/srv/team.git',
      'file:///srv/team.git',
    ];
    const names = [
      '',
      '@',
      '-b',
      `--upload-pack=${program}`,
      '--output=marker',
      'a..b',
      'a b',
      'a~1',
      'a^',
      'a:b',
      ':/fix',
      'a?b',
      'a*',
      'a[b',
      'a\\b',
      'a@{1}',
      'a.lock',
      'a/.b',
      '.a',
      'a//b',
      '/a',
      'a/',
      'a.',
      'a\nb',
      'a\x1b[31m',
      'a\0b',
      'refs/heads/main',
      'x'.repeat(300),
    ];
    const paths = [
      '..',
      '../x',
      'a/../..',
      '-x',
      '--output=marker',
      'a//b',
      'a/./b',
      'a\nb',
      'a\x1bb',
      'a\0',
    ];
    const commits = [
      'HEAD',
      'main',
      '',
      '123456',
      '-'.repeat(40),
      'g'.repeat(40),
      `${'1'.repeat(40)}\n`,
    ];
    const cases: Partial<GitSourceOptions>[] = [
      ...urls.map((url) => ({ url })),
      ...names.flatMap((it) => [{ ref: { branch: it } }, { ref: { tag: it } }]),
      ...paths.map((path) => ({ path })),
      ...commits.map((commit) => ({ ref: { commit } })),
    ];
    for (const options of cases) {
      const allowFile =
        options.url?.startsWith('file:relative') === true || options.url === undefined;
      const what = JSON.stringify(options).slice(0, 100);
      const error = refusalOf(() => open({ allowFile, ...options }));
      t.match(error, { code: 'SOURCE_REFUSED', hint: /./ }, what);
      t.notMatch(error?.message, /canary/, what);
      t.equal(error?.message, escapeUntrusted(`${error?.message}`), what);
    }
    t.notOk(sprung(), 'nothing ran');
    t.same(existsSync(join(folder, 'state')), false, 'nothing was made');
  },
);

async function failureOf(work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: Error) => error,
  );
}

function refusalOf(make: () => unknown): Error | undefined {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

t.test('addresses that are meant are taken', async (t) => {
  const { open } = follow(t);
  const ssh = { keyFile: '/run/secrets/key', knownHostsFile: '/run/secrets/known_hosts' };
  const cases: Partial<GitSourceOptions>[] = [
    { url: 'https://git.example.com/acme/llm.git' },
    { url: 'https://git.example.com:8443/a%20b/llm' },
    { url: 'http://127.0.0.1:3000/x.git' },
    { url: 'http://localhost/x.git' },
    { url: 'http://[::1]:80/x.git' },
    { url: 'http://git.internal/x.git', allowInsecure: true },
    { url: 'ssh://git@git.example.com/acme/llm.git', credentials: ssh },
    { url: 'ssh://git.example.com:2222/~acme/llm.git', credentials: ssh },
    { url: 'git@git.example.com:acme/llm.git', credentials: ssh },
    { url: '/srv/git/my repo.git' },
    { ref: { branch: 'feature/käse-1.2_x' } },
    { ref: { branch: 'x$(touch${IFS}marker)' } },
    { ref: { branch: "a'b;c&d|e" } },
  ];
  for (const options of cases) t.ok(open(options), JSON.stringify(options));
});

t.test('names that look like shell are only names (148)', async (t) => {
  const { folder, repository, open } = follow(t);
  pretend(t, { PWD: folder });
  const places = [folder, repository.folder, join(folder, 'state', 'empty-home'), process.cwd()];
  for (const branch of [
    'x$(touch${IFS}marker)',
    '`touch-marker`',
    "a'b;c&d|e>f",
    '$HOME',
    '%n%s',
  ]) {
    const id = repository.commit({ [`${branch}/a.yaml`]: 'a' });
    repository.git('update-ref', `refs/heads/${branch}`, id);
    const source = open({ ref: { branch }, path: branch });
    t.equal(await source.revision(never), `${branch}@sha1:${id}`);
    t.same(await textsIn(source), { 'a.yaml': 'a' }, branch);
    repository.commit({ [`${branch}/a.yaml`]: null });
  }
  t.same(
    places.filter((it) => existsSync(join(it, 'marker'))),
    [],
  );
});

t.test('credentials that do not fit or cannot be passed on safely are refused', async (t) => {
  const { open } = follow(t);
  const https = 'https://host/x.git';
  const ssh = 'ssh://git@host/x.git';
  const password = (text: string) => ({ username: 'bot', password: new Secret(text) });
  const files = (keyFile: string, knownHostsFile = '/k') => ({ keyFile, knownHostsFile });
  const cases: Partial<GitSourceOptions>[] = [
    { url: ssh },
    { url: 'git@host:x.git' },
    { url: ssh, credentials: password('canary') },
    { url: '/srv/x.git', credentials: password('canary') },
    { url: https, credentials: files('/key') },
    { url: https, credentials: password('canary\n') },
    { url: https, credentials: password('canary\nhost=evil') },
    { url: https, credentials: { username: 'a\nb', password: new Secret('canary') } },
    { url: ssh, credentials: files('key') },
    { url: ssh, credentials: files("/a'b") },
    { url: ssh, credentials: files('/a b') },
    { url: ssh, credentials: files('/a -o ProxyCommand=x') },
    { url: ssh, credentials: files('/k', '/$(touch x)') },
    { url: ssh, credentials: files('/k', '/%h') },
  ];
  for (const options of cases) {
    const error = refusalOf(() => open(options));
    t.match(error, { code: 'SOURCE_REFUSED', hint: /./ }, `${options.url}`);
    t.notMatch(String(error?.message), /canary/);
  }
});

t.test('ssh trusts the given host keys, asks nobody and uses the one key', async (t) => {
  const { folder, open } = follow(t);
  const log = join(folder, 'ssh.log');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin', 'ssh'),
    `#!/bin/sh\necho "$@" >> '${log}'\nenv >> '${log}'\necho 'Host key verification failed.' >&2\nexit 255\n`,
  );
  chmodSync(join(folder, 'bin', 'ssh'), 0o755);
  pretend(t, {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    SSH_AUTH_SOCK: '/canary',
    CANARY: 'canary',
  });
  const credentials = { keyFile: '/run/key', knownHostsFile: '/run/known_hosts' };
  const source = open({ url: 'git@git.example.com:acme/llm.git', credentials });
  await t.rejects(source.revision(never), { code: 'SOURCE_DENIED', hint: /known-?hosts/i });
  const seen = readFileSync(log, 'utf8');
  for (const option of [
    '-F /dev/null',
    '-o BatchMode=yes',
    '-o StrictHostKeyChecking=yes',
    '-o UserKnownHostsFile=/run/known_hosts',
    '-o GlobalKnownHostsFile=/dev/null',
    '-o IdentitiesOnly=yes',
    '-i /run/key',
    'git@git.example.com',
  ]) {
    t.match(seen, option);
  }
  t.notMatch(seen, /canary/, 'the environment of the daemon stays with it');
});

t.test(
  'nothing that a user, a repository or the environment configures is run (S03, S04, 140-142)',
  async (t) => {
    const { folder, repository, open } = follow(t);
    const { program, sprung } = trap(folder);
    const home = join(folder, 'home');
    mkdirSync(home);
    const evil = [
      `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${folder}\n\tsshCommand = ${program}\n\tpager = ${program}`,
      `[url "ext::${program} "]\n\tinsteadOf = file://`,
      `[credential]\n\thelper = ${program}`,
      `[filter "evil"]\n\tsmudge = ${program}\n\tclean = ${program}\n\trequired = true`,
      `[diff "evil"]\n\ttextconv = ${program}\n\tcommand = ${program}`,
      `[log]\n\tshowSignature = true\n[gpg]\n\tprogram = ${program}`,
      `[uploadpack]\n\tpackObjectsHook = ${program}`,
      '[protocol]\n\tallow = always',
    ].join('\n');
    writeFileSync(join(home, '.gitconfig'), evil);
    appendFileSync(join(repository.folder, 'config'), evil);
    mkdirSync(join(repository.folder, 'hooks'));
    for (const hook of ['post-checkout', 'reference-transaction', 'post-update', 'pre-auto-gc']) {
      writeFileSync(join(repository.folder, 'hooks', hook), readFileSync(program));
      chmodSync(join(repository.folder, 'hooks', hook), 0o755);
    }
    pretend(t, {
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_DIR: repository.folder,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: program,
      GIT_SSH_COMMAND: program,
      GIT_ASKPASS: program,
      GIT_PAGER: program,
      GIT_EXTERNAL_DIFF: program,
      GIT_PROXY_COMMAND: program,
      GIT_TEMPLATE_DIR: repository.folder,
    });
    const files = {
      '.gitattributes': '*.yaml filter=evil diff=evil text eol=crlf ident\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::${program}\n`,
      'a.yaml': 'one\n$Id$\n',
      'bare/HEAD': 'ref: refs/heads/main\n',
      'bare/config': `[core]\n\tfsmonitor = ${program}\n`,
      'bare/objects/x': '',
      'bare/refs/x': '',
      'bare/b.yaml': 'b',
    };
    const { GIT_DIR: _ours, ...rest } = process.env;
    t.ok(rest);
    repository.commit({ ...files, x: { submodule: '1'.repeat(40) } });
    const source = open();
    t.equal(await source.revision(never), `main@sha1:${repository.id()}`);
    t.same(await textsIn(source), { 'a.yaml': 'one\n$Id$\n', 'bare/b.yaml': 'b' });
    t.same(await textsIn(open({ path: 'bare' })), { 'b.yaml': 'b' });
    t.notOk(sprung(), 'nothing ran');
    t.same(readdirSync(mirrorIn(folder)).sort(), ['HEAD', 'config', 'objects', 'refs', 'shallow']);
  },
);

t.test(
  'a tree with an entry .git is refused, and the last good state stays (145, S05)',
  async (t) => {
    const { repository, open } = follow(t);
    const good = repository.commit({ 'a.yaml': 'a' });
    const source = open();
    const before = await source.fetch(never);
    const blob = repository.feed('x', 'hash-object', '-w', '--stdin');
    for (const name of ['.git', '..', '.GIT', 'git~1']) {
      const tree = repository.feed(`100644 blob ${blob}\t${name}\n`, 'mktree');
      const commit = `tree ${tree}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n`;
      const id = repository.feed(commit, 'hash-object', '-t', 'commit', '-w', '--stdin');
      repository.git('update-ref', 'refs/heads/main', id);
      await t.rejects(source.fetch(never), { code: 'SOURCE_REFUSED', hint: /./ }, name);
    }
    t.same(await textsOf(before), { 'a.yaml': 'a' });
    repository.git('update-ref', 'refs/heads/main', good);
    t.same(await textsIn(source), { 'a.yaml': 'a' });
  },
);

t.test('a damaged mirror never loses a file, and heals (150, F13)', async (t) => {
  const { folder, repository, open } = follow(t);
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, n) => [`${n % 7}/client${n}.yaml`, `${n} ${'x'.repeat(n)}\n`]),
  );
  repository.commit(files);
  const pack = (mirror: string, end: string) => {
    const names = readdirSync(join(mirror, 'objects', 'pack'));
    return join(mirror, 'objects', 'pack', names.find((it) => it.endsWith(end)) as string);
  };
  const size = (path: string) => readFileSync(path).length;
  const overwrite = (path: string, change: (bytes: Buffer) => Buffer) => {
    const bytes = change(readFileSync(path));
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
  };
  const ref = (mirror: string) => {
    const name = readdirSync(join(mirror, 'refs', 'plumbline'))[0] as string;
    return join(mirror, 'refs', 'plumbline', name);
  };
  const damages: Record<string, (mirror: string) => void> = {
    'pack cut in half': (it) => truncateSync(pack(it, '.pack'), size(pack(it, '.pack')) >> 1),
    'pack cut to nothing': (it) => truncateSync(pack(it, '.pack'), 0),
    'pack gone': (it) => rmSync(pack(it, '.pack')),
    'bytes flipped in the pack': (it) =>
      overwrite(pack(it, '.pack'), (bytes) => {
        for (let at = 2000; at < bytes.length; at += 97) bytes[at] = (bytes[at] as number) ^ 0xff;
        return bytes;
      }),
    'one byte flipped at the end of the pack': (it) =>
      overwrite(pack(it, '.pack'), (bytes) => {
        const at = bytes.length - 60;
        bytes[at] = (bytes[at] as number) ^ 0x10;
        return bytes;
      }),
    'another content under an id': (it) => {
      const packed = readFileSync(pack(it, '.pack'));
      rmSync(join(it, 'objects', 'pack'), { recursive: true });
      mkdirSync(join(it, 'objects', 'pack'));
      spawnSync('git', ['--git-dir', it, 'unpack-objects', '-q'], { input: packed });
      const id = repository.id('main:1/client1.yaml');
      overwrite(join(it, 'objects', id.slice(0, 2), id.slice(2)), () =>
        deflateSync('blob 4\x001 y\n'),
      );
    },
    'idx gone': (it) => rmSync(pack(it, '.idx')),
    'idx cut': (it) => truncateSync(pack(it, '.idx'), 1000),
    'HEAD empty': (it) => writeFileSync(join(it, 'HEAD'), ''),
    'HEAD garbage': (it) => writeFileSync(join(it, 'HEAD'), '\0\x1bgarbage'),
    'HEAD gone': (it) => rmSync(join(it, 'HEAD')),
    'ref garbage': (it) => writeFileSync(ref(it), 'garbage\n'),
    'ref of zeros': (it) => writeFileSync(ref(it), `${'0'.repeat(40)}\n`),
    'ref to nowhere': (it) => writeFileSync(ref(it), `${'1'.repeat(40)}\n`),
    'ref empty': (it) => writeFileSync(ref(it), ''),
    'stale locks': (it) => {
      writeFileSync(join(it, 'shallow.lock'), '');
      writeFileSync(`${ref(it)}.lock`, '');
    },
    'config garbage': (it) => writeFileSync(join(it, 'config'), '[core\n\0garbage'),
    'shallow garbage': (it) => writeFileSync(join(it, 'shallow'), 'garbage\n'),
    'objects gone': (it) => rmSync(join(it, 'objects'), { recursive: true }),
    'refs gone': (it) => rmSync(join(it, 'refs'), { recursive: true }),
    'a file in its place': (it) => {
      rmSync(it, { recursive: true });
      writeFileSync(it, 'x');
    },
    'all gone': (it) => rmSync(it, { recursive: true }),
  };
  const state = join(folder, 'state');
  for (const [name, damage] of Object.entries(damages)) {
    rmSync(state, { recursive: true, force: true });
    const source = open();
    const before = await source.fetch(never);
    damage(mirrorIn(folder));
    const old = await textsOf(before).catch((error: unknown) => error);
    if (old instanceof Error)
      t.match(old, { code: 'SOURCE_DAMAGED' }, `${name}: the old snapshot is void`);
    else t.same(old, files, `${name}: the old snapshot is whole`);
    t.same(await textsIn(source), files, `${name}: the next one is whole`);
    t.equal(readdirSync(state).length, 2, `${name}: nothing is left over`);
  }
});

t.test('a mirror that cannot be made says what to look at', async (t) => {
  const { folder, repository, open } = follow(t);
  repository.commit({ 'a.yaml': 'a' });
  writeFileSync(join(folder, 'file'), '');
  const source = open({ stateFolder: join(folder, 'file', 'state') });
  await t.rejects(source.fetch(never), { code: 'SOURCE_DAMAGED', hint: /writable/ });
  await t.rejects(source.revision(never), { code: 'SOURCE_DAMAGED', hint: /writable/ });
});

t.test('half of a new mirror that a killed process left is taken away in time', async (t) => {
  const { folder, repository, open } = follow(t);
  repository.commit({ 'a.yaml': 'a' });
  await open().fetch(never);
  const mirror = mirrorIn(folder);
  const left = `${mirror}.new-0123456789ab`;
  mkdirSync(left);
  utimesSync(left, 1, 1);
  rmSync(mirror, { recursive: true });
  t.same(await textsIn(open()), { 'a.yaml': 'a' });
  t.notOk(existsSync(left));
});

/** A server of any protocol that a test decides about; its port marks the processes that talk to it. */
async function serve(t: Test, talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const it of sockets) it.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serveHttp(t: Test, answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('a remote that stalls ends at the limit and leaves no process behind (F17)', async (t) => {
  const { open } = follow(t);
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n';
  const servers: Record<string, (socket: Socket) => void> = {
    'before a byte': () => undefined,
    'amid the headers': (it) => it.on('data', () => it.write(head)),
    'amid the body': (it) =>
      it.on('data', () =>
        it.write(`${head}Content-Length: 999\r\n\r\n001e# service=git-upload-pack\n0000`),
      ),
  };
  const credentials = { username: 'bot', password: new Secret('canary') };
  const calls = Object.entries(servers).flatMap(([name, talk]) =>
    (['revision', 'fetch'] as const).map((verb) => ({ name, talk, verb })),
  );
  await Promise.all(
    calls.map(async ({ name, talk, verb }) => {
      const port = await serve(t, talk);
      const url = `http://127.0.0.1:${port}/x.git`;
      const source = open({ name: `${verb}${port}`, url, credentials, timeoutMs: 1200 });
      const began = performance.now();
      const asked = failureOf(source[verb](never));
      await until(() => processesWith(`:${port}/`).some((it) => it.includes('remote-http')));
      t.notMatch(processesWith(`:${port}/`).join('\n'), /canary/, 'no credential in an argument');
      t.match(await asked, { code: 'SOURCE_TIMEOUT', hint: /./ }, `${verb}, ${name}`);
      t.ok(performance.now() - began < 4000, 'at the limit');
      t.same(processesWith(`:${port}/`), [], `${verb}, ${name}: no process`);
    }),
  );
});

t.test('an abort or a close ends a call at once and leaves no process behind', async (t) => {
  const { folder, open } = follow(t);
  const port = await serve(t, () => undefined);
  const url = `http://127.0.0.1:${port}/x.git`;
  const stops: Record<string, (source: GitSource, abort: AbortController) => unknown> = {
    abort: (_, it) => {
      it.abort();
    },
    close: (it) => it.close(),
  };
  for (const [name, stop] of Object.entries(stops)) {
    const source = open({ url });
    const abort = new AbortController();
    const asked = failureOf(source.fetch(abort.signal));
    await until(() => processesWith(`:${port}/`).some((it) => it.includes('remote-http')));
    await stop(source, abort);
    t.match(await asked, { code: 'SOURCE_TIMEOUT' }, name);
    t.same(processesWith(`:${port}/`), [], `${name}: no process`);
    t.match(await failureOf(source.fetch(abort.signal)), { code: 'SOURCE_TIMEOUT' }, name);
    t.same(readdirSync(join(folder, 'state')), ['empty-home'], 'no half of a mirror');
    if (name === 'close') await t.rejects(source.revision(never), { code: 'SOURCE_TIMEOUT' });
  }
});

t.test('a reader that stops early leaves no process behind', async (t) => {
  const { folder, repository, open } = follow(t);
  const big = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [`${n}.yaml`, `${n}`.repeat(50_000)]),
  );
  repository.commit(big);
  const snapshot = await open().fetch(never);
  for await (const { file } of snapshot.read(snapshot.files)) {
    t.equal(file.path, '0.yaml');
    t.equal(processesWith(mirrorIn(folder)).length, 1);
    break;
  }
  t.same(processesWith(mirrorIn(folder)), []);
});

t.test('every answer of a remote has its meaning (F16, S08)', async (t) => {
  const { folder, open } = follow(t);
  let elsewhere = 0;
  const other = await serveHttp(t, (_, response) => {
    elsewhere += 1;
    response.end();
  });
  const closed = await serve(t, (it) => it.destroy());
  const answers: { name: string; status?: number; to?: string; url?: string; code: ErrorCode }[] = [
    { name: 'unauthorized', status: 401, code: 'SOURCE_DENIED' },
    { name: 'forbidden', status: 403, code: 'SOURCE_DENIED' },
    { name: 'not found', status: 404, code: 'SOURCE_NOT_FOUND' },
    { name: 'server error', status: 500, code: 'SOURCE_UNREACHABLE' },
    { name: 'unavailable', status: 503, code: 'SOURCE_UNREACHABLE' },
    { name: 'a web page', status: 200, code: 'SOURCE_NOT_FOUND' },
    { name: 'redirect to another host', status: 302, to: `${other}/x.git`, code: 'SOURCE_REFUSED' },
    { name: 'redirect for good', status: 301, to: `${other}/x.git`, code: 'SOURCE_REFUSED' },
    { name: 'redirect to a file', status: 307, to: `file://${folder}`, code: 'SOURCE_REFUSED' },
    { name: 'hangs up', url: `http://127.0.0.1:${closed}/x`, code: 'SOURCE_UNREACHABLE' },
    { name: 'nobody listens', url: 'http://127.0.0.1:1/x', code: 'SOURCE_UNREACHABLE' },
    { name: 'no such host', url: 'https://no.invalid/x', code: 'SOURCE_UNREACHABLE' },
    { name: 'not TLS', url: `${other.replace('http:', 'https:')}/x`, code: 'SOURCE_UNREACHABLE' },
  ];
  for (const { name, status, to, url, code } of answers) {
    const origin = await serveHttp(t, (_, response) => {
      const headers =
        to === undefined ? {} : { location: `${to}/info/refs?service=git-upload-pack` };
      response.writeHead(status ?? 200, headers).end('remote: Authentication failed\n');
    });
    const source = open({ url: url ?? `${origin}/x.git` });
    for (const verb of ['revision', 'fetch'] as const) {
      const error = await failureOf(source[verb](never));
      const message = /^source example, branch main: /;
      t.match(error, { code, hint: /./, message }, `${verb}, ${name}`);
    }
  }
  t.equal(elsewhere, 0, 'the other host was never asked');
});

t.test(
  'what a remote writes is shown without control characters and without secrets',
  async (t) => {
    const { open } = follow(t);
    const origin = await serveHttp(t, (_, response) => {
      const body = 'ERR \x1b]52;c;x\x07\u202ecanary https://bot:canary@host/';
      const line = `001e# service=git-upload-pack\n0000${(body.length + 4).toString(16).padStart(4, '0')}${body}`;
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      response.end(line);
    });
    const credentials = { username: 'bot', password: new Secret('canary') };
    const error = await failureOf(open({ url: `${origin}/x`, credentials }).revision(never));
    t.match(error, { code: /^SOURCE_/ });
    t.notMatch(error?.message, /canary/);
    t.equal(error?.message, escapeUntrusted(`${error?.message}`));
  },
);

t.test('a mirror goes on where a served repository was rewritten', async (t) => {
  const { folder, repository, open } = follow(t);
  const http = new GitHttp({ root: folder });
  await http.listen();
  t.teardown(() => http.close());
  const source = open({ url: `${http.origin}/remote.git` });
  for (const n of [1, 2, 3]) {
    repository.commit({ [`${n}.yaml`]: `${n}` }, { orphan: true });
    repository.git('reflog', 'expire', '--expire=now', '--all');
    repository.git('gc', '--quiet', '--prune=now');
    t.same(await textsIn(source), { [`${n}.yaml`]: `${n}` });
  }
});
