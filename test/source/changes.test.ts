import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { defaultLimits } from '../../src/source/candidates.ts';
import { DirectorySource } from '../../src/source/directory.ts';
import type { Changes, Snapshot } from '../../src/source/source.ts';
import { freshFolder } from '../support/database.ts';
import type { Content } from '../support/git-repository.ts';
import { follow, mirrorIn } from '../support/git-source.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';

/** What a snapshot says, by path. */
type Listing = Map<string, string>;

function listing({ files, problems }: Pick<Snapshot, 'files' | 'problems'>): Listing {
  return new Map([
    ...files.map(({ path, blob, size }) => [path, `${blob} ${size}`] as const),
    ...problems.map(({ file, code }) => [file, code] as const),
  ]);
}

function after(before: Listing, changes: Changes): Listing {
  const now = new Map(before);
  for (const path of changes.gone) now.delete(path);
  for (const [path, said] of listing(changes)) now.set(path, said);
  return now;
}

const sorted = (of: Listing) => [...of].sort(([a], [b]) => (a < b ? -1 : 1));

const big = 'x'.repeat(200);
const limits = { ...defaultLimits, fileBytes: 100 };

/** Commits after which every kind of entry has come, changed into every other kind, and gone. */
const history: readonly Record<string, Content>[] = [
  { 'a.yaml': 'one', 'b/c.yaml': 'two', 'big.yaml': 'small', 'README.md': 'x', 'l.yaml': 'file' },
  { 'a.yaml': 'other' },
  { 'b/c.yaml': null, 'b/d.yaml': 'two' },
  { 'big.yaml': big, 'l.yaml': { link: 'a.yaml' }, 'bad\u0007.yaml': 'x' },
  { 'a.yaml': 'and on' },
  { 'README.md': 'y', 'notes.txt': 'z' },
  { 'big.yaml': 'small again', 'l.yaml': 'file again', 'bad\u0007.yaml': null },
  { 'b/d.yaml': null, b: { link: 'a.yaml' } },
  { b: null, 'b/c.yaml': 'back' },
  { 'a.yaml': null, 'a.yaml/inner.yaml': 'a folder now' },
];

t.test('a listing with what has changed since is the listing there is', async (t) => {
  for (const path of ['', 'clients']) {
    const { repository, open } = follow(t, { limits, ...(path === '' ? {} : { path }) });
    const source = open();
    const known: { readonly revision: string; readonly listing: Listing }[] = [];
    for (const commit of history) {
      const inside = path === '' ? '' : `${path}/`;
      const files = Object.entries(commit).map(([name, it]) => [`${inside}${name}`, it] as const);
      repository.commit({ ...Object.fromEntries(files), 'elsewhere/e.yaml': `${known.length}` });
      for (const before of known) {
        const changes = await source.changes(before.revision, never);
        if (changes === undefined) throw new Error(`${before.revision} is forgotten`);
        const whole = await source.fetch(never);
        t.equal(changes.revision, whole.revision);
        t.same(changes.commit, whole.commit);
        t.same(sorted(after(before.listing, changes)), sorted(listing(whole)));
        for await (const { file, bytes } of changes.read(changes.files))
          t.equal(bytes.length, file.size);
      }
      const now = await source.fetch(never);
      known.push({ revision: now.revision, listing: listing(now) });
    }
  }
});

t.test('what has changed costs what has changed', async (t) => {
  const { repository, open } = follow(t);
  const many = Array.from({ length: 300 }, (_, at) => [`${at % 20}/${at}.yaml`, `${at}`]);
  repository.commit(Object.fromEntries(many));
  const source = open();
  const { revision } = await source.fetch(never);
  repository.commit({ '7/7.yaml': 'other' });
  const changes = await source.changes(revision, never);
  t.same([changes?.files.map((it) => it.path), changes?.gone], [['7/7.yaml'], []]);
});

t.test('a change is taken in by five calls of git, each of which costs a start', async (t) => {
  const { folder, repository, open } = follow(t);
  repository.commit({ 'a.yaml': 'one', 'b.yaml': 'two' });
  const source = open();
  const { revision } = await source.fetch(never);
  repository.commit({ 'a.yaml': 'other', 'b.yaml': null });
  const [bin, calls] = [join(folder, 'bin'), join(folder, 'calls')];
  mkdirSync(bin);
  const path = process.env['PATH'];
  const text = `#!/bin/sh\necho "$*" >> '${calls}'\nPATH='${path}' exec git "$@"\n`;
  writeFileSync(join(bin, 'git'), text, { mode: 0o755 });
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = `${bin}:${path}`;
  const changes = await source.changes(revision, never);
  for await (const { bytes } of changes?.read(changes.files) ?? [])
    t.equal(Buffer.from(bytes).toString(), 'other');
  const verbs = / (?:fetch|rev-parse|log|diff-tree|cat-file --batch(?:-check)?)(?= |$)/;
  t.same(
    readFileSync(calls, 'utf8')
      .trim()
      .split('\n')
      .map((it) => (verbs.exec(` ${it}`)?.[0] ?? it).trim())
      // Two of them look at what was fetched side by side.
      .sort(),
    ['cat-file --batch', 'cat-file --batch-check', 'diff-tree', 'fetch', 'log'],
  );
});

t.test(
  'of a revision that is not at hand nothing is told, and everything is fetched',
  async (t) => {
    const { folder, repository, open } = follow(t);
    repository.commit({ 'a.yaml': 'one' });
    const source = open();
    const first = await source.fetch(never);
    for (const unknown of ['', 'sha256:ab', `main@sha1:${'0'.repeat(40)}`])
      t.equal(await source.changes(unknown, never), undefined, unknown);
    repository.commit({ 'b.yaml': 'two' });
    rmSync(mirrorIn(folder), { recursive: true });
    t.equal(await source.changes(first.revision, never), undefined, 'the mirror was lost');
    t.equal((await source.fetch(never)).files.length, 2);
  },
);

t.test('the revision that was known is kept while the mirror is tidied up', async (t) => {
  const { folder, repository, open } = follow(t);
  repository.commit({ 'a.yaml': '0', 'b.yaml': 'b' });
  const source = open();
  const { revision } = await source.fetch(never);
  for (let at = 1; at < 70; at += 1) {
    repository.commit({ 'a.yaml': String(at) });
    const changes = await source.changes(revision, never);
    t.same(
      changes?.files.map((it) => it.path),
      ['a.yaml'],
      `after ${at} commits`,
    );
  }
  const packs = readdirSync(join(mirrorIn(folder), 'objects', 'pack'));
  t.ok(packs.length < 120, `${packs.length} files of packs`);
});

t.test('a folder tells what has changed since it was taken', async (t) => {
  const root = freshFolder(t);
  const put = (name: string, text: string) => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    utimesSync(path, 1, 1);
  };
  put('a.yaml', 'one');
  put('b/c.yaml', 'two');
  put('l.yaml', 'file');
  const source = new DirectorySource({ name: 'team', root, stableMs: 0, limits });
  const steps = [
    () => put('a.yaml', 'other'),
    () => rmSync(join(root, 'b/c.yaml')),
    () => put('b/d.yaml', big),
    () => {
      rmSync(join(root, 'l.yaml'));
      symlinkSync('a.yaml', join(root, 'l.yaml'));
    },
    () => undefined,
    () => {
      rmSync(join(root, 'l.yaml'));
      put('l.yaml', 'file again');
      put('b/d.yaml', 'small');
    },
  ];
  let before = await source.fetch(never);
  t.equal(await source.changes('sha256:other', never), undefined);
  for (const step of steps) {
    step();
    const changes = await source.changes(before.revision, never);
    if (changes === undefined) throw new Error('forgotten');
    const now = await source.fetch(never);
    t.same(sorted(after(listing(before), changes)), sorted(listing(now)));
    before = now;
  }
});
