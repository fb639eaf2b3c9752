import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../src/lib/secret.ts';
import { defaultLimits } from '../../src/source/candidates.ts';
import type { GitSource } from '../../src/source/git.ts';
import { GitHttp } from '../support/git-http.ts';
import { type Content, GitRepository } from '../support/git-repository.ts';
import { follow, mirrorIn } from '../support/git-source.ts';
import { never, problemsOf, textsIn, textsOf } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';

t.test('a snapshot holds the files, their content and who committed them', async (t) => {
  const { repository, open } = follow(t);
  const id = repository.commit(
    { 'b.yml': 'b', 'a.yaml': 'a', 'c/d.json': '{}', 'README.md': 'x' },
    { subject: 'Add clients', author: 'Ann Lee', time: 1_700_000_000 },
  );
  const source = open();
  const snapshot = await source.fetch(never);
  t.equal(snapshot.revision, `main@sha1:${id}`);
  t.equal(await source.revision(never), snapshot.revision);
  t.same(snapshot.commit, {
    id,
    author: 'Ann Lee <ann@example.com>',
    time: '2023-11-14T22:13:20.000Z',
    subject: 'Add clients',
  });
  t.same(
    snapshot.files.map((it) => [it.path, it.size]),
    [
      ['a.yaml', 1],
      ['b.yml', 1],
      ['c/d.json', 2],
    ],
  );
  t.same(snapshot.ignored, [{ path: 'README.md', reason: 'not .yaml, .yml or .json' }]);
  t.same(await textsOf(snapshot), { 'a.yaml': 'a', 'b.yml': 'b', 'c/d.json': '{}' });
});

t.test('files are given in the order in which they are asked for', async (t) => {
  const { repository, open } = follow(t);
  repository.commit({ 'a.yaml': 'same', 'b.yaml': '', 'c.yaml': 'same' });
  const snapshot = await open().fetch(never);
  const wanted = [...snapshot.files].reverse();
  const read: string[] = [];
  for await (const it of snapshot.read([...wanted, ...wanted])) {
    read.push(`${it.file.path}=${Buffer.from(it.bytes).toString()}`);
  }
  t.same(read, [
    ...['c.yaml=same', 'b.yaml=', 'a.yaml=same'],
    ...['c.yaml=same', 'b.yaml=', 'a.yaml=same'],
  ]);
});

t.test('a branch is followed, a tag and a commit stay where they are (154)', async (t) => {
  const { repository, open } = follow(t);
  const first = repository.commit({ 'a.yaml': 'one' });
  repository.git('tag', 'light');
  repository.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'tag', '-a', '-m', 'm', 'v1.4.0');
  const cases = [
    { ref: { branch: 'main' }, label: 'main@', follows: true },
    { ref: { tag: 'light' }, label: 'light@', follows: false },
    { ref: { tag: 'v1.4.0' }, label: 'v1.4.0@', follows: false },
    { ref: { commit: first.toUpperCase() }, label: '', follows: false },
  ];
  const sources = cases.map((it) => ({ ...it, source: open({ ref: it.ref }) }));
  for (const { source, label } of sources) {
    t.equal((await source.fetch(never)).revision, `${label}sha1:${first}`);
  }
  const second = repository.commit({ 'a.yaml': 'two' });
  for (const { source, label, follows } of sources) {
    t.equal(await source.revision(never), `${label}sha1:${follows ? second : first}`);
    t.same(await textsIn(source), { 'a.yaml': follows ? 'two' : 'one' }, label);
  }
});

t.test('a pinned commit that was fetched needs the remote no more', async (t) => {
  const { repository, open } = follow(t);
  const commit = repository.commit({ 'a.yaml': 'one' });
  const source = open({ ref: { commit } });
  await source.fetch(never);
  rmSync(repository.folder, { recursive: true });
  t.equal(await source.revision(never), `sha1:${commit}`);
  t.same(await textsIn(source), { 'a.yaml': 'one' });
});

t.test('every kind of commit is followed', async (t) => {
  const { repository, open } = follow(t);
  const source = open();
  const steps: { name: string; files: Record<string, Content>; orphan?: boolean; now: object }[] = [
    {
      name: 'add',
      files: { 'a.yaml': 'A', 'd/b.yaml': 'B' },
      now: { 'a.yaml': 'A', 'd/b.yaml': 'B' },
    },
    { name: 'change', files: { 'a.yaml': 'A2' }, now: { 'a.yaml': 'A2', 'd/b.yaml': 'B' } },
    {
      name: 'rename',
      files: { 'a.yaml': null, 'z.yaml': 'A2' },
      now: { 'd/b.yaml': 'B', 'z.yaml': 'A2' },
    },
    {
      name: 'move',
      files: { 'd/b.yaml': null, 'e/f/b.yaml': 'B' },
      now: { 'e/f/b.yaml': 'B', 'z.yaml': 'A2' },
    },
    { name: 'delete', files: { 'z.yaml': null }, now: { 'e/f/b.yaml': 'B' } },
    { name: 'delete the last', files: { 'e/f/b.yaml': null, 'README.md': 'x' }, now: {} },
    { name: 'force-push (147)', files: { 'n.yaml': 'N' }, orphan: true, now: { 'n.yaml': 'N' } },
  ];
  for (const { name, files, now, orphan = false } of steps) {
    const id = repository.commit(files, { subject: name, orphan });
    const snapshot = await source.fetch(never);
    t.equal(snapshot.revision, `main@sha1:${id}`, name);
    t.same(await textsOf(snapshot), now, name);
  }
});

t.test('a revert brings back the old content ids under a new revision (155)', async (t) => {
  const { repository, open } = follow(t);
  const source = open();
  repository.commit({ 'a.yaml': 'one' });
  const before = await source.fetch(never);
  repository.commit({ 'a.yaml': 'two' });
  t.notSame((await source.fetch(never)).files, before.files);
  repository.commit({ 'a.yaml': 'one' }, { subject: 'Revert' });
  const after = await source.fetch(never);
  t.same(after.files, before.files);
  t.not(after.revision, before.revision);
});

t.test('a path narrows the source, and paths count from there', async (t) => {
  const { repository, open } = follow(t);
  repository.commit({
    'a.yaml': 'a',
    'teams/x/b.yaml': 'b',
    'teams/x/c/d.yaml': 'd',
    'teams/y.yaml': 'y',
  });
  const texts = { 'b.yaml': 'b', 'c/d.yaml': 'd' };
  for (const path of ['teams/x', './teams/x/', '/teams/x']) {
    t.same(await textsIn(open({ path })), texts, path);
  }
  for (const path of ['', '.', './']) t.equal(Object.keys(await textsIn(open({ path }))).length, 4);
});

t.test('of a long history only what is needed is fetched (153)', async (t) => {
  const { folder, repository, open } = follow(t);
  const stamp = 'committer a <a@b> 1700000000 +0000\ndata 1\nx\n';
  const history = Array.from(
    { length: 2000 },
    (_, n) =>
      `commit refs/heads/main\n${stamp}M 100644 inline a.yaml\ndata ${`${n}`.length}\n${n}\n`,
  );
  repository.feed(history.join(''), 'fast-import', '--quiet');
  for (const [depth, commits] of [
    [1, 1],
    [5, 5],
  ]) {
    const source = open({
      name: `deep${depth}`,
      stateFolder: join(folder, `state${depth}`),
      depth: depth as number,
    });
    t.same(await textsIn(source), { 'a.yaml': '1999' });
    const mirror = readdirSync(join(folder, `state${depth}`)).find((it) => it.endsWith('.git'));
    const count = ['rev-list', '--all', '--count'];
    const git = execFileSync('git', [
      '--git-dir',
      join(folder, `state${depth}`, mirror as string),
      ...count,
    ]);
    t.equal(Number(git.toString()), commits);
  }
});

t.test(
  'a git too old for what is asked of it is told by its version, and fetches nothing',
  async (t) => {
    const { folder, repository, open } = follow(t);
    repository.commit({ 'a.yaml': 'a' });
    const bin = join(folder, 'bin');
    const asked = join(folder, 'asked');
    mkdirSync(bin);
    const answer = `echo "$*" >> '${asked}'; [ "$1" = version ] && echo git version 2.20.1 || exit 129`;
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
    const path = process.env['PATH'];
    t.teardown(() => {
      process.env['PATH'] = path;
    });
    process.env['PATH'] = bin;
    const told = { code: 'SOURCE_UNREACHABLE', hint: /install git 2\.29 or newer/ };
    await t.rejects(open({ name: 'looks' }).revision(never), told);
    await t.rejects(open({ name: 'fetches' }).fetch(never), told);
    const calls = readFileSync(asked, 'utf8').trim().split('\n');
    t.same(
      calls.map((it) => / (ls-remote) |^(version)/.exec(it)?.slice(1).join('') ?? it),
      ['ls-remote', 'version', 'version'],
    );
  },
);

t.test('what is not there is an error, never an empty snapshot (146)', async (t) => {
  const { folder, repository, open } = follow(t);
  const empty = new GitRepository(join(folder, 'empty.git'));
  repository.commit({ 'a.yaml': 'a' });
  repository.commit({ 'a.yaml': 'a' }, { branch: 'doomed' });
  const doomed = open({ ref: { branch: 'doomed' } });
  await doomed.fetch(never);
  repository.git('update-ref', '-d', 'refs/heads/doomed');
  const cases: { name: string; source: GitSource; fetchOnly?: boolean }[] = [
    { name: 'a branch that never was', source: open({ ref: { branch: 'nope' } }) },
    { name: 'a branch that was deleted', source: doomed },
    { name: 'a tag that never was', source: open({ ref: { tag: 'nope' } }) },
    {
      name: 'a commit that never was',
      source: open({ ref: { commit: '1'.repeat(40) } }),
      fetchOnly: true,
    },
    { name: 'an empty repository', source: open({ url: empty.url }) },
    { name: 'no repository', source: open({ url: `${empty.url}.not` }) },
    { name: 'a missing path', source: open({ path: 'nope' }), fetchOnly: true },
    { name: 'a path below a file', source: open({ path: 'a.yaml/b' }), fetchOnly: true },
    { name: 'a path that is a file', source: open({ path: 'a.yaml' }), fetchOnly: true },
  ];
  for (const { name, source, fetchOnly } of cases) {
    await t.rejects(source.fetch(never), { code: 'SOURCE_NOT_FOUND', hint: /./ }, name);
    if (fetchOnly !== true) {
      await t.rejects(source.revision(never), { code: 'SOURCE_NOT_FOUND', hint: /./ }, name);
    }
  }
});

t.test('a failed fetch leaves the mirror as it was, and a later one goes on', async (t) => {
  const { folder, repository, open } = follow(t);
  const source = open();
  repository.commit({ 'a.yaml': 'a' });
  await source.fetch(never);
  const mirror = mirrorIn(folder);
  repository.git('update-ref', 'refs/heads/spare', 'main');
  repository.git('update-ref', '-d', 'refs/heads/main');
  await t.rejects(source.fetch(never), { code: 'SOURCE_NOT_FOUND' });
  repository.git('update-ref', 'refs/heads/main', 'spare');
  t.same(await textsIn(source), { 'a.yaml': 'a' });
  t.equal(mirrorIn(folder), mirror);
  t.same(readdirSync(join(folder, 'state')).length, 2, 'nothing else is left behind');
});

t.test('what cannot be taken is a problem of that file alone', async (t) => {
  const { repository, open } = follow(t);
  const cases: { item: string; path: string; content: Content; problem?: string }[] = [
    {
      item: '124 link out',
      path: 'l1.yaml',
      content: { link: '../../etc/passwd' },
      problem: 'FILE_LINK',
    },
    {
      item: '124 absolute link',
      path: 'l2.yaml',
      content: { link: '/etc/passwd' },
      problem: 'FILE_LINK',
    },
    { item: '124 folder link', path: 'lfolder', content: { link: '/etc' }, problem: 'FILE_LINK' },
    { item: '125 loop', path: 'l3.yaml', content: { link: 'l3.yaml' }, problem: 'FILE_LINK' },
    {
      item: '126 link inside',
      path: 'l4.yaml',
      content: { link: 'good.yaml' },
      problem: 'FILE_LINK',
    },
    {
      item: '139 gitlink',
      path: 'sub',
      content: { submodule: '1'.repeat(40) },
      problem: 'FILE_SPECIAL',
    },
    { item: '135 ESC', path: 'n\x1b[31m.yaml', content: 'a', problem: 'FILE_NAME' },
    { item: '135 newline', path: 'n\n.yaml', content: 'a', problem: 'FILE_NAME' },
    { item: '135 right to left', path: 'n\u202elmay.yaml', content: 'a', problem: 'FILE_NAME' },
    { item: '135 below an odd folder', path: 'o\x07/a.yaml', content: 'a', problem: 'FILE_NAME' },
    {
      item: '131 large',
      path: 'large.yaml',
      content: 'x'.repeat(1_048_577),
      problem: 'FILE_TOO_LARGE',
    },
    { item: 'a link to a document', path: 'CLAUDE.md', content: { link: 'AGENTS.md' } },
    { item: '133 hidden file', path: '.hidden.yaml', content: 'a' },
    { item: '133 hidden folder', path: '.github/ci.yaml', content: 'a' },
    { item: '133 hidden link', path: '.github/l.yaml', content: { link: 'x' } },
    { item: '133 backups', path: 'a.yaml~', content: 'a' },
    { item: '133 backups', path: 'a.yaml.bak', content: 'a' },
    { item: '133 emacs', path: '#a.yaml#', content: 'a' },
    { item: '134 other files', path: 'Dockerfile', content: 'a' },
  ];
  const good = {
    'good.yaml': 'g',
    'exact.yaml': 'x'.repeat(1_048_576),
    'empty.yaml': '',
    'case.yaml': '1',
    'Case.yaml': '2',
    'UPPER.YAML': 'u',
    'old.bak/a.yaml': 'b',
    '-rf.yaml': 'd',
    '$(touch x).yaml': 's',
    [`${'n'.repeat(245)}.yaml`]: 'l',
  };
  repository.commit(Object.fromEntries(cases.map((it) => [it.path, it.content])));
  repository.commit(good, { subject: 'items 130, 135, 143' });
  repository.feed(
    Buffer.concat([
      Buffer.from('commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 1\nx\n'),
      Buffer.from('from refs/heads/main^0\nM 100644 inline latin-'),
      Buffer.from([0xe9]),
      Buffer.from('.yaml\ndata 1\na\n'),
    ]),
    'fast-import',
    '--quiet',
  );
  const snapshot = await open().fetch(never);
  const expected = cases.filter((it) => it.problem).map((it) => `${it.problem} ${it.path}`);
  t.same(new Set(problemsOf(snapshot)), new Set([...expected, 'FILE_NAME latin-\ufffd.yaml']));
  t.same(await textsOf(snapshot), good);
  t.same(
    snapshot.ignored.map((it) => it.path),
    ['#a.yaml#', '.github', '.hidden.yaml', 'CLAUDE.md', 'Dockerfile', 'a.yaml.bak', 'a.yaml~'],
  );
  for (const { message, hint } of snapshot.problems) t.ok(message !== '' && hint, message);
});

t.test('a huge blob is refused by its size and never read (144)', async (t) => {
  const { repository, open } = follow(t);
  repository.commit({ 'huge.yaml': Buffer.alloc(40_000_000), 'a.yaml': 'a' });
  const before = process.memoryUsage().rss;
  const snapshot = await open().fetch(never);
  t.ok(process.memoryUsage().rss - before < 16_000_000, 'memory does not follow the blob');
  t.same(problemsOf(snapshot), ['FILE_TOO_LARGE huge.yaml']);
  t.same(await textsOf(snapshot), { 'a.yaml': 'a' });
});

t.test('limits hold to the file and to the byte', async (t) => {
  const { repository, open } = follow(t);
  repository.commit({ 'a.yaml': '12345', 'b.yaml': '12345' });
  const cases = [
    { limits: { files: 2, totalBytes: 10 }, code: undefined },
    { limits: { files: 1, totalBytes: 10 }, code: 'SOURCE_LIMIT' },
    { limits: { files: 2, totalBytes: 9 }, code: 'SOURCE_LIMIT' },
  ];
  for (const { limits, code } of cases) {
    const fetched = open({ limits: { ...defaultLimits, ...limits } }).fetch(never);
    if (code === undefined) t.equal((await fetched).files.length, 2);
    else await t.rejects(fetched, { code });
  }
});

t.test('what a commit says of itself cannot hurt', async (t) => {
  const { repository, open } = follow(t);
  const source = open();
  const cases = [
    { item: '151 ESC', subject: 'a\x1b[31mb\u202ec', says: 'a\\x1b[31mb\\u202ec', time: 0 },
    { item: '151 long', subject: 'x'.repeat(5000), says: 'x'.repeat(200), time: 1 },
    { item: '152 future', subject: 'f', says: 'f', time: 4_102_444_800 },
    { item: '152 1970', subject: 'p', says: 'p', time: 0 },
    { item: 'no subject', subject: '', says: '', time: 5 },
  ];
  for (const { item, subject, says, time } of cases) {
    repository.commit({ 'a.yaml': item }, { subject, time });
    const { commit } = await source.fetch(never);
    t.equal(commit?.subject, says, item);
    t.equal(commit?.time, new Date(time * 1000).toISOString(), item);
  }
});

t.test('thousands of files are listed and read whole (149)', async (t) => {
  const { repository, open } = follow(t);
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, n) => [
      `team${n % 30}/client${n}.yaml`,
      `name: client_${n}\n`,
    ]),
  );
  repository.commit(files);
  t.same(await textsIn(open()), files);
});

t.test('a mirror that is fetched into again and again stays small', async (t) => {
  const { folder, repository, open } = follow(t);
  const source = open();
  repository.commit({ 'a.yaml': '0' });
  await source.fetch(never);
  const packs = join(mirrorIn(folder), 'objects', 'pack');
  let most = 0;
  for (let n = 1; n <= 32; n += 1) {
    repository.commit({ 'a.yaml': `${n}` });
    await source.fetch(never);
    most = Math.max(most, readdirSync(packs).length);
  }
  t.ok(most <= 62, `at most ${most} files`);
  t.ok(readdirSync(packs).length < 10, 'the packs became one');
  t.same(await textsIn(source), { 'a.yaml': '32' });
});

t.test('a password opens a repository served over http and shows up nowhere (S07)', async (t) => {
  const { folder, repository, open } = follow(t, { allowFile: false });
  repository.commit({ 'a.yaml': 'a' });
  const password = 'canary+p@ss/word%';
  const http = new GitHttp({ root: folder, password: `bot:${password}` });
  await http.listen();
  t.teardown(() => http.close());
  const url = `${http.origin}/remote.git`;
  const right = { username: 'bot', password: new Secret(password) };
  const source = open({ url, credentials: right });
  t.equal(await source.revision(never), `main@sha1:${repository.id()}`);
  t.same(await textsIn(source), { 'a.yaml': 'a' });
  repository.commit({ 'a.yaml': 'b' });
  t.same(await textsIn(source), { 'a.yaml': 'b' });

  const wrong = { username: 'bot', password: new Secret('canary-wrong') };
  for (const refused of [open({ url, credentials: wrong }), open({ url })]) {
    for (const verb of ['revision', 'fetch'] as const) {
      const error = await refused[verb](never).catch((it: unknown) => it);
      t.match(error, { code: 'SOURCE_DENIED', hint: /credentials|token/ });
      t.notMatch(String((error as Error).stack) + JSON.stringify(error), /canary/);
    }
  }
  const state = join(folder, 'state');
  for (const name of readdirSync(state, { recursive: true, encoding: 'utf8' })) {
    if (/config|HEAD|shallow/.test(name)) {
      t.notMatch(readFileSync(join(state, name), 'utf8'), /canary|bot/, name);
    }
  }
});

t.test('the address of a repository that is not served says so', async (t) => {
  const { folder, open } = follow(t, { allowFile: false });
  const http = new GitHttp({ root: folder });
  await http.listen();
  t.teardown(() => http.close());
  const source = open({ url: `${http.origin}/nope.git` });
  await t.rejects(source.revision(never), { code: 'SOURCE_NOT_FOUND' });
  await t.rejects(source.fetch(never), { code: 'SOURCE_NOT_FOUND' });
});
