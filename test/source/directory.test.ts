import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../src/lib/time.ts';
import { defaultLimits } from '../../src/source/candidates.ts';
import { DirectorySource, type DirectorySourceOptions } from '../../src/source/directory.ts';
import type { SnapshotFile } from '../../src/source/source.ts';
import { never, problemsOf, textsIn, textsOf } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { until } from '../support/until.ts';

/** A clock an hour ahead, so that what was just written is old; it counts the waits, and lets a test act in them. */
class LaterClock implements Clock {
  waits = 0;
  aheadMs = 3_600_000;
  meanwhile: (wait: number) => void = () => undefined;

  now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }

  monotonic(): number {
    return performance.now();
  }

  async sleep(): Promise<void> {
    this.waits += 1;
    this.meanwhile(this.waits);
  }
}

/** A folder and a source over it, both gone after the test. */
function folderOf(t: Test, options: Partial<DirectorySourceOptions> = {}) {
  const top = mkdtempSync(join(tmpdir(), 'plumbline-'));
  const root = join(top, 'root');
  mkdirSync(root);
  chmodSync(top, 0o755);
  const clock = new LaterClock();
  const source = new DirectorySource({ name: 'example', root, clock, ...options });
  t.teardown(async () => {
    await source.close();
    rmSync(top, { recursive: true });
  });
  const write = (path: string, text: string | Buffer = path) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return { top, root, clock, source, write };
}

t.test('a snapshot holds the files, their content and a revision of both', async (t) => {
  const { source, write } = folderOf(t);
  const revisions = new Set<string>();
  const steps: { files: Record<string, string>; now: string[] }[] = [
    { files: {}, now: [] },
    { files: { 'b.yml': 'b' }, now: ['b.yml'] },
    { files: { 'a.yaml': 'a', 'd/c.json': '{}' }, now: ['a.yaml', 'b.yml', 'd/c.json'] },
    { files: { 'a.yaml': 'A' }, now: ['a.yaml', 'b.yml', 'd/c.json'] },
  ];
  for (const { files, now } of steps) {
    for (const [path, text] of Object.entries(files)) write(path, text);
    const snapshot = await source.fetch(never);
    t.same(
      snapshot.files.map((it) => it.path),
      now,
    );
    t.match(await textsOf(snapshot), files);
    t.match(snapshot.revision, /^sha256:[0-9a-f]{64}$/);
    t.equal(await source.revision(never), snapshot.revision);
    t.equal(snapshot.commit, undefined);
    revisions.add(snapshot.revision);
  }
  t.equal(revisions.size, steps.length, 'each state has its own revision');
  write('README.md');
  t.ok(revisions.has(await source.revision(never)), 'what is passed over does not count');
});

const asRoot = process.getuid?.() === 0;

/** Runs the work as a user without rights, where the tests run as root. */
async function withoutRights<T>(work: () => Promise<T>): Promise<T> {
  if (asRoot) process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    if (asRoot) process.seteuid?.(0);
  }
}

t.test('what cannot be taken is a problem of that file alone', async (t) => {
  const { top, root, source, write } = folderOf(t);
  writeFileSync(join(top, 'outside.yaml'), 'canary');
  mkdirSync(join(top, 'beside'));
  writeFileSync(join(top, 'beside', 'o.yaml'), 'canary');
  const at = (path: string) => join(root, path);
  const link = (to: string) => (path: string) => symlinkSync(to, at(path));
  const server = createServer().listen(at('socket.yaml'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const cases: { item: string; path: string; make: (path: string) => unknown; problem?: string }[] =
    [
      {
        item: '124 relative',
        path: 'l1.yaml',
        make: link('../outside.yaml'),
        problem: 'FILE_LINK',
      },
      {
        item: '124 absolute',
        path: 'l2.yaml',
        make: link(join(top, 'outside.yaml')),
        problem: 'FILE_LINK',
      },
      { item: '124 chain', path: 'l3.yaml', make: link('l1.yaml'), problem: 'FILE_LINK' },
      { item: '124 folder', path: 'lfolder', make: link('../beside'), problem: 'FILE_LINK' },
      { item: '124 parent', path: 'up', make: link('..'), problem: 'FILE_LINK' },
      { item: '125 dangling', path: 'l4.yaml', make: link('nowhere'), problem: 'FILE_LINK' },
      { item: '125 loop', path: 'l5.yaml', make: link('l5.yaml'), problem: 'FILE_LINK' },
      { item: '126 inside', path: 'l6.yaml', make: link('good.yaml'), problem: 'FILE_LINK' },
      {
        item: '127 FIFO',
        path: 'pipe.yaml',
        make: (it) => spawnSync('mkfifo', [at(it)]),
        problem: 'FILE_SPECIAL',
      },
      { item: '127 socket', path: 'socket.yaml', make: () => undefined, problem: 'FILE_SPECIAL' },
      {
        item: '131 sparse 1 GB',
        path: 'huge.yaml',
        make: (it) => {
          write(it, '');
          truncateSync(at(it), 1e9);
        },
        problem: 'FILE_TOO_LARGE',
      },
      {
        item: 'limit and a byte',
        path: 'large.yaml',
        make: (it) => {
          write(it, 'x'.repeat(1_048_577));
        },
        problem: 'FILE_TOO_LARGE',
      },
      { item: '135 newline', path: 'n\n.yaml', make: write, problem: 'FILE_NAME' },
      { item: '135 ESC', path: 'n\x1b[31m.yaml', make: write, problem: 'FILE_NAME' },
      { item: '135 right to left', path: 'n\u202elmay.yaml', make: write, problem: 'FILE_NAME' },
      {
        item: '135 odd folder',
        path: 'o\x07',
        make: (it) => {
          mkdirSync(at(it));
          writeFileSync(join(at(it), 'a.yaml'), '');
        },
        problem: 'FILE_NAME',
      },
      { item: '137 hard link', path: 'h1.yaml', make: write, problem: 'FILE_LINK' },
      {
        item: '137 hard link',
        path: 'h2.yaml',
        make: (it) => {
          linkSync(at('h1.yaml'), at(it));
        },
        problem: 'FILE_LINK',
      },
      { item: '124 document', path: 'CLAUDE.md', make: link('AGENTS.md') },
      {
        item: '127 FIFO of no concern',
        path: 'pipe.txt',
        make: (it) => spawnSync('mkfifo', [at(it)]),
      },
      { item: '133 hidden file', path: '.a.yaml', make: write },
      { item: '133 hidden link', path: '.l.yaml', make: link('../outside.yaml') },
      {
        item: '133 hidden folder',
        path: '.git',
        make: () => {
          write('.git/a.yaml');
        },
      },
      { item: '133 tilde', path: 'a.yaml~', make: write },
      { item: '133 bak', path: 'a.yaml.bak', make: write },
      { item: '133 orig', path: 'a.yaml.orig', make: write },
      { item: '133 emacs', path: '#a.yaml#', make: write },
      { item: '133 vim', path: '.a.yaml.swp', make: write },
      { item: '133 vim', path: '4913', make: write },
      { item: '134 others', path: 'README.md', make: write },
    ];
  const good: Record<string, string> = {
    'good.yaml': 'g',
    'exact.yaml': 'x'.repeat(1_048_576),
    'empty.yaml': '',
    'folder.yaml/in.yaml': '128',
    'old.bak/a.yaml': 'b',
    '-rf.yaml': 'd',
    '$(touch x).yaml': 's',
    'UPPER.YAML': 'u',
    [`${'n'.repeat(245)}.yaml`]: 'l',
    [`${'d/'.repeat(150)}deep.yaml`]: '136',
  };
  for (const [path, text] of Object.entries(good)) write(path, text);
  for (const { path, make } of cases) make(path);
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9]), Buffer.from('.yaml')]),
    '',
  );
  const before = process.memoryUsage().rss;
  const snapshot = await source.fetch(never);
  t.ok(process.memoryUsage().rss - before < 32_000_000, '131: memory does not follow the file');
  const expected = cases.filter((it) => it.problem).map((it) => `${it.problem} ${it.path}`);
  t.same(new Set(problemsOf(snapshot)), new Set([...expected, 'FILE_NAME latin-\ufffd.yaml']));
  const texts = await textsOf(snapshot);
  t.same(texts, good);
  t.notMatch(JSON.stringify([texts, snapshot]), /canary/);
  const passedOver = cases.filter((it) => !it.problem).map((it) => it.path);
  t.same(new Set(snapshot.ignored.map((it) => it.path)), new Set(passedOver));
  for (const { message, hint } of snapshot.problems) t.ok(message !== '' && hint, message);
});

t.test('devices are never opened (127)', { skip: asRoot ? false : 'needs root' }, async (t) => {
  const { root, source } = folderOf(t);
  spawnSync('mknod', [join(root, 'zero.yaml'), 'c', '1', '5']);
  t.same(problemsOf(await source.fetch(never)), ['FILE_SPECIAL zero.yaml']);
});

t.test('four pipes stop nothing (127)', async (t) => {
  const { root, source, write } = folderOf(t);
  for (const n of [1, 2, 3, 4, 5, 6]) spawnSync('mkfifo', [join(root, `${n}.yaml`)]);
  write('a.yaml', 'a');
  const began = performance.now();
  t.same(await textsIn(source), { 'a.yaml': 'a' });
  t.ok(performance.now() - began < 1000);
});

t.test('what may not be read is a problem, and comes back when it may (129)', async (t) => {
  const { root, source, write } = folderOf(t);
  write('a.yaml');
  write('closed.yaml');
  write('folder/b.yaml');
  chmodSync(join(root, 'closed.yaml'), 0);
  chmodSync(join(root, 'folder'), 0);
  const snapshot = await withoutRights(() => source.fetch(never));
  t.same(
    snapshot.files.map((it) => it.path),
    ['a.yaml'],
  );
  t.same(problemsOf(snapshot), ['FILE_UNREADABLE closed.yaml', 'FILE_UNREADABLE folder']);
  chmodSync(join(root, 'closed.yaml'), 0o644);
  chmodSync(join(root, 'folder'), 0o755);
  t.equal(Object.keys(await textsIn(source)).length, 3);
});

t.test('limits hold to the file and to the byte', async (t) => {
  const cases = [
    { limits: { files: 2, totalBytes: 10 }, code: undefined },
    { limits: { files: 1, totalBytes: 10 }, code: 'SOURCE_LIMIT' },
    { limits: { files: 2, totalBytes: 9 }, code: 'SOURCE_LIMIT' },
  ];
  for (const { limits, code } of cases) {
    const { source, write } = folderOf(t, { limits: { ...defaultLimits, ...limits } });
    write('a.yaml', '12345');
    write('b.yaml', '12345');
    if (code === undefined) t.equal((await source.fetch(never)).files.length, 2);
    else await t.rejects(source.fetch(never), { code });
  }
});

t.test('a root that is not there is an error, never an empty snapshot (F15, F25)', async (t) => {
  const { top, root, source, write } = folderOf(t);
  const away = () => renameSync(root, join(top, 'away'));
  const back = () => {
    rmSync(root, { recursive: true, force: true });
    renameSync(join(top, 'away'), root);
  };
  write('a.yaml', 'a');
  await source.fetch(never);
  const states: { name: string; make: () => void; code?: string; texts?: object }[] = [
    { name: 'missing', make: () => undefined, code: 'SOURCE_NOT_FOUND' },
    {
      name: 'a file',
      make: () => {
        writeFileSync(root, '');
      },
      code: 'SOURCE_NOT_FOUND',
    },
    {
      name: 'a dangling link',
      make: () => {
        symlinkSync('nowhere', root);
      },
      code: 'SOURCE_NOT_FOUND',
    },
    {
      name: 'a link to itself',
      make: () => {
        symlinkSync(root, root);
      },
      code: 'SOURCE_NOT_FOUND',
    },
    {
      name: 'an empty folder',
      make: () => {
        mkdirSync(root);
      },
      code: 'SOURCE_NOT_FOUND',
    },
    {
      name: 'a folder of other things',
      make: () => {
        write('README.md');
      },
      code: 'SOURCE_NOT_FOUND',
    },
    {
      name: 'a link to the folder',
      make: () => {
        symlinkSync('away', root);
      },
      texts: { 'a.yaml': 'a' },
    },
    {
      name: 'another folder',
      make: () => {
        write('b.yaml', 'b');
      },
      texts: { 'b.yaml': 'b' },
    },
  ];
  for (const { name, make, code, texts } of states) {
    away();
    make();
    if (code !== undefined) await t.rejects(source.fetch(never), { code, hint: /./ }, name);
    else t.same(await textsIn(source), texts, name);
    back();
    t.same(await textsIn(source), { 'a.yaml': 'a' }, `${name}: and back`);
  }
  rmSync(join(root, 'a.yaml'));
  t.same(await textsIn(source), {}, 'the same folder may become empty');
  chmodSync(root, 0);
  await withoutRights(() => t.rejects(source.fetch(never), { code: 'SOURCE_DENIED', hint: /./ }));
  chmodSync(root, 0o755);
});

/** How many bytes this process has read so far. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

t.test('a quiet folder is read without a wait and read again without opening a file', async (t) => {
  const { source, clock, write } = folderOf(t);
  const total = 64 * 65_536;
  for (let n = 0; n < 64; n += 1) write(`${n}.yaml`, 'x'.repeat(65_536));
  const start = bytesRead();
  const first = await source.fetch(never);
  const cold = bytesRead() - start;
  t.ok(cold >= total, `${cold} bytes`);
  const second = await source.fetch(never);
  t.ok(bytesRead() - start - cold < 100_000, 'nothing is read twice');
  t.equal(second.revision, first.revision);
  t.equal(clock.waits, 0);
});

t.test('a file that changed within the grain of its time stamp is read again', async (t) => {
  const { source, clock, write } = folderOf(t);
  clock.aheadMs = 1000;
  write('a.yaml', 'x'.repeat(1_000_000));
  await source.fetch(never);
  const before = bytesRead();
  await source.fetch(never);
  t.ok(bytesRead() - before >= 1_000_000);
});

t.test('a file is used only when it rests (F24, 56)', async (t) => {
  const { root, source, clock, write } = folderOf(t);
  clock.aheadMs = 0;
  write('a.yaml', '0\n');
  const file = join(root, 'a.yaml');
  const cases: { name: string; wait: (n: number) => void; text?: string; code?: string }[] = [
    { name: 'rests', wait: () => undefined, text: '0\n' },
    {
      name: 'written slowly, then rests',
      wait: (n) => {
        if (n <= 4) appendFileSync(file, `${n}\n`);
      },
      text: '0\n1\n2\n3\n4\n',
    },
    {
      name: 'truncated, then written',
      wait: (n) => {
        if (n <= 2) writeFileSync(file, n === 1 ? '' : 'new\n');
      },
      text: 'new\n',
    },
    {
      name: 'never rests',
      wait: () => {
        appendFileSync(file, 'x');
      },
      code: 'SOURCE_UNSTABLE',
    },
    {
      name: 'comes and goes',
      wait: (n) => {
        if (n % 2 === 1) unlinkSync(file);
        else write('a.yaml', 'x');
      },
      code: 'SOURCE_UNSTABLE',
    },
  ];
  for (const { name, wait, text, code } of cases) {
    write('a.yaml', '0\n');
    clock.waits = 0;
    clock.meanwhile = wait;
    if (code !== undefined) await t.rejects(source.fetch(never), { code, hint: /rename/ }, name);
    else {
      const snapshot = await source.fetch(never);
      t.ok(clock.waits > 0, `${name}: waited`);
      t.same(await textsOf(snapshot), { 'a.yaml': text }, name);
    }
    clock.meanwhile = () => undefined;
  }
});

t.test('a copy of many files is not taken for whole while it goes on', async (t) => {
  const { clock, source, write } = folderOf(t);
  clock.aheadMs = 0;
  write('0.yaml');
  clock.meanwhile = (n) => {
    if (n <= 5) write(`${n}.yaml`);
  };
  t.equal((await source.fetch(never)).files.length, 6);
});

t.test('a change is seen whatever it leaves as it was (F24)', async (t) => {
  const { root, source, clock, write } = folderOf(t);
  clock.aheadMs = 0;
  const file = join(root, 'a.yaml');
  const saves: Record<string, () => void> = {
    'rename over': () => {
      writeFileSync(join(root, '.a.yaml.tmp'), 'bbbb');
      renameSync(join(root, '.a.yaml.tmp'), file);
    },
    'backup and new': () => {
      renameSync(file, `${file}~`);
      writeFileSync(file, 'bbbb');
    },
    'same size': () => writeFileSync(file, 'bbbb'),
    'same size and time': () => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, 'bbbb');
      utimesSync(file, atime, mtime);
    },
  };
  for (const [name, save] of Object.entries(saves)) {
    write('a.yaml', 'aaaa');
    t.same(await textsIn(source), { 'a.yaml': 'aaaa' });
    save();
    t.same(await textsIn(source), { 'a.yaml': 'bbbb' }, name);
    rmSync(`${file}~`, { force: true });
  }
});

t.test('a snapshot is void when a file of it changed since (132)', async (t) => {
  const { root, source, write } = folderOf(t);
  const file = join(root, 'a.yaml');
  const changes: Record<string, () => void> = {
    deleted: () => rmSync(file),
    rewritten: () => writeFileSync(file, 'b'),
    'made a link': () => {
      rmSync(file);
      symlinkSync('/etc/hostname', file);
    },
    'made a pipe': () => {
      rmSync(file);
      spawnSync('mkfifo', [file]);
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    rmSync(file, { force: true });
    write('a.yaml', 'a');
    const snapshot = await source.fetch(never);
    change();
    await t.rejects(textsOf(snapshot), { code: 'SOURCE_UNSTABLE', hint: /./ }, name);
  }
});

t.test('a file that becomes a link after it was met is not followed', async (t) => {
  const { top, root, source, write } = folderOf(t);
  write('a.yaml', 'a');
  const { files } = await source.fetch(never);
  const outside = join(top, 'outside.yaml');
  // The same content, so that nothing but the link could give it away.
  writeFileSync(outside, 'a');
  unlinkSync(join(root, 'a.yaml'));
  symlinkSync(outside, join(root, 'a.yaml'));
  t.equal(await source.recall(files[0] as SnapshotFile), undefined);
});

t.test('an abort ends a scan', async (t) => {
  const { source } = folderOf(t);
  await t.rejects(source.fetch(AbortSignal.abort()), { code: 'SOURCE_TIMEOUT' });
});

/** Puts files there as the kubelet does: a dated folder, a link to it swapped in, and a link for each file. */
function mountConfigMap(root: string, version: string, files: Record<string, string>): void {
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, version, path)), { recursive: true });
    writeFileSync(join(root, version, path), text);
  }
  symlinkSync(version, join(root, '..data_tmp'));
  renameSync(join(root, '..data_tmp'), join(root, '..data'));
  for (const path of Object.keys(files)) {
    const top = path.split('/')[0] as string;
    rmSync(join(root, top), { force: true });
    symlinkSync(join('..data', top), join(root, top));
  }
}

t.test('a mounted ConfigMap is read through its links, and only through them (F25)', async (t) => {
  const { top, root, source, clock } = folderOf(t);
  clock.aheadMs = 0;
  mkdirSync(join(top, 'secret'));
  writeFileSync(join(top, 'secret', 'a.yaml'), 'canary');
  for (const version of ['..2026_01_01', '..2026_01_02', '..2026_01_03']) {
    const files = { 'a.yaml': version, 'team/b.yaml': version };
    mountConfigMap(root, version, files);
    mountConfigMap(join(root, 'nested'), version, { 'c.yaml': version });
    const snapshot = await source.fetch(never);
    t.same(snapshot.problems, []);
    t.same(await textsOf(snapshot), { ...files, 'nested/c.yaml': version });
  }
  const escapes: Record<string, () => void> = {
    'a data link that leads out': () => symlinkSync('../secret', join(root, '..data')),
    'a data link to an absolute path': () => symlinkSync(join(top, 'secret'), join(root, '..data')),
    'a data link to the parent': () => symlinkSync('..', join(root, '..data')),
    'a chain': () => {
      symlinkSync('../secret', join(root, '..out'));
      symlinkSync('..out', join(root, '..data'));
    },
  };
  for (const [name, lead] of Object.entries(escapes)) {
    rmSync(join(root, '..data'));
    lead();
    const snapshot = await source.fetch(never);
    t.same(problemsOf(snapshot), ['FILE_LINK a.yaml', 'FILE_LINK team'], name);
    t.notMatch(JSON.stringify(await textsOf(snapshot)), /canary/, name);
  }
  rmSync(join(root, '..data'));
  symlinkSync('..2026_01_03', join(root, '..data'));
  rmSync(join(root, 'a.yaml'));
  symlinkSync('..data/../../secret/a.yaml', join(root, 'a.yaml'));
  t.same(problemsOf(await source.fetch(never)), ['FILE_LINK a.yaml'], 'a link past the data');
});

t.test('a swap in the middle of a look is not half seen', async (t) => {
  const { root, source, clock } = folderOf(t);
  clock.aheadMs = 0;
  mountConfigMap(root, '..1', { 'a.yaml': '1', 'b.yaml': '1' });
  clock.meanwhile = (n) => {
    if (n > 3) return;
    mountConfigMap(root, `..${n + 1}`, { 'a.yaml': `${n + 1}`, 'b.yaml': `${n + 1}` });
    rmSync(join(root, `..${n}`), { recursive: true });
  };
  t.same(await textsIn(source), { 'a.yaml': '4', 'b.yaml': '4' });
});

/** A promise that is kept when the source says that something may have changed. */
async function hinted(t: Test, source: DirectorySource) {
  let tell: () => void = () => undefined;
  await source.watch(() => {
    tell();
  });
  return async (name: string, withinMs: number, change: () => void) => {
    const told = new Promise<number>((resolve) => {
      const began = performance.now();
      tell = () => {
        resolve(performance.now() - began);
      };
    });
    change();
    const took = await told;
    t.ok(took < withinMs, `${name}: ${Math.round(took)} ms`);
  };
}

t.test('every way to change the folder is told at once', { timeout: 20_000 }, async (t) => {
  const { root, source, write } = folderOf(t);
  write('a.yaml');
  mkdirSync(join(root, 'team'));
  mountConfigMap(join(root, 'map'), '..1', { 'm.yaml': '1' });
  const changes = await hinted(t, source);
  const steps: [string, () => void][] = [
    ['write in place', () => write('a.yaml', 'changed')],
    ['append', () => appendFileSync(join(root, 'a.yaml'), 'more')],
    ['new file', () => write('team/n.yaml')],
    ['new folders', () => write('x/y/z.yaml')],
    ['change in them', () => write('x/y/z.yaml', 'changed')],
    [
      'save by rename',
      () => {
        writeFileSync(join(root, '.tmp'), '');
        renameSync(join(root, '.tmp'), join(root, 'a.yaml'));
      },
    ],
    ['rename', () => renameSync(join(root, 'a.yaml'), join(root, 'b.yaml'))],
    ['rename a folder', () => renameSync(join(root, 'x'), join(root, 'w'))],
    ['ConfigMap swap', () => mountConfigMap(join(root, 'map'), '..2', { 'm.yaml': '2' })],
    ['delete', () => rmSync(join(root, 'b.yaml'))],
    ['delete a folder', () => rmSync(join(root, 'w'), { recursive: true })],
  ];
  for (const [name, change] of steps) await changes(name, 1000, change);
});

t.test('watching outlives its root (F25)', { timeout: 30_000 }, async (t) => {
  const { top, root, source, write } = folderOf(t);
  write('a.yaml');
  const changes = await hinted(t, source);
  await changes('root removed', 2500, () => rmSync(root, { recursive: true }));
  await changes('root made again', 2500, () => mkdirSync(root));
  await changes('a file in it', 2500, () => write('b.yaml'));
  await changes('root replaced by a link', 3500, () => {
    renameSync(root, join(top, 'other'));
    symlinkSync('other', root);
  });
});

t.test('after close nothing is watched and nothing is told', async (t) => {
  const { root, source, write } = folderOf(t);
  const watchers = () => process.getActiveResourcesInfo().filter((it) => /FSEvent/.test(it)).length;
  await until(() => watchers() === 0);
  mkdirSync(join(root, 'team'));
  let told = 0;
  await source.watch(() => {
    told += 1;
  });
  t.ok(watchers() > 0, 'it watches');
  write('a.yaml');
  await source.close();
  await source.close();
  await until(() => watchers() === 0);
  t.equal(told, 0);
});

t.test('without a watch left it says so once and looks from time to time (F23)', async (t) => {
  const { root } = folderOf(t);
  for (let n = 0; n < 20; n += 1) mkdirSync(join(root, `${n}`));
  const script = `
    const { watchFolder } = await import(process.argv[1]);
    const notices = [];
    const watch = await watchFolder(process.argv[2], { changed() {}, notice: (it) => notices.push(it) });
    await watch.close();
    console.log(JSON.stringify(notices));`;
  const module = new URL('../../src/source/watch.js', import.meta.url).href;
  const limit = 'echo 4 > /proc/sys/user/max_inotify_watches || exit 99; exec "$0" "$@"';
  const node = [process.execPath, '--input-type=module', '-e', script, module, root];
  const child = spawn('unshare', ['-Ur', 'sh', '-c', limit, ...node], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const status = await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  if (status !== 0) {
    t.comment('skipped: no user namespace here');
    return;
  }
  const notices = JSON.parse(printed) as string[];
  t.equal(notices.length, 1);
  t.match(notices[0], /cannot be watched \(ENOSPC\).*every 5 seconds/);
});
