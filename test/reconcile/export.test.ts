import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kinds } from '../../src/kinds/kinds.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { printManifest } from '../../src/manifest/print.ts';
import {
  type ExportEntry,
  type ExportReport,
  type ExportScope,
  exportTo,
} from '../../src/reconcile/export.ts';
import { checkedPath, type Layout, manifestFileSlug } from '../../src/reconcile/export-path.ts';
import { type Test, t } from '../support/tap.ts';

const indexName = '.plumbline-export.json';
const everything: ExportScope = { account: 'default', kinds: [] };

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-export-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A client, or with `kind` something else, that differs only in what the case is about. */
function entry(
  name: string,
  more: Partial<ExportEntry> & { says?: string; word?: string } = {},
): ExportEntry {
  const { says = 'Hello', word = 'LLMClient', ...rest } = more;
  const kind = kinds.byName(word) as Kind;
  const spec: JsonObject =
    word === 'LLMClient'
      ? { config: { appWelcomeMessage: says, appFileAttachment: false } }
      : { config: { username: says, isActive: false } };
  return {
    manifest: { apiVersion: 'smarter.sh/v1', kind: word, metadata: { name }, spec },
    kind,
    account: 'default',
    ...rest,
  };
}

function run(
  to: string,
  entries: readonly ExportEntry[],
  layout: Layout = 'kind',
  scope: ExportScope = everything,
): Promise<ExportReport> {
  return exportTo(to, entries, { layout, scope });
}

function text(it: ExportEntry): string {
  return printManifest(it.manifest, it.kind);
}

/** A record that stays while others go, so that the export has something to go by. */
const stays = entry('stays');
const staysPath = 'llm-client/stays.yaml';

/** Every file below a folder with its content, the index left out; links show where they lead. */
function tree(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const full = join(root, path);
    const stat = lstatSync(full);
    if (stat.isFile() && path !== indexName) found[path] = readFileSync(full, 'utf8');
    if (stat.isSymbolicLink()) found[path] = 'link';
  }
  return found;
}

/** Identity and time of every file: a file that is written again has another inode. */
function stamps(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const { ino, mtimeMs } = lstatSync(join(root, path));
    found[path] = `${ino} ${mtimeMs}`;
  }
  return found;
}

async function refusalOf(work: Promise<unknown>): Promise<PlumblineError | undefined> {
  const error = await work.then(
    () => undefined,
    (it: unknown) => it,
  );
  return error instanceof PlumblineError ? error : undefined;
}

t.test('a kind gives its name to files in lower case and hyphens', async (t) => {
  for (const [name, slug] of [
    ['LLMClient', 'llm-client'],
    ['SqlPlugin', 'sql-plugin'],
    ['SmarterAuthToken', 'smarter-auth-token'],
    ['Plugin', 'plugin'],
  ] as const)
    t.equal(manifestFileSlug({ name }), slug);
});

t.test('every layout puts records where it says', async (t) => {
  const a = entry('a', { source: 'git', file: 'x/clients.yaml', document: 1 });
  const b = entry('b', { source: 'git', file: 'x/clients.yaml', document: 0 });
  const k = entry('k', { word: 'SmarterAuthToken' });
  const j = entry('j', { source: 'git', file: 'j.json', document: 0 });
  const files: Record<Layout, Record<string, string>> = {
    kind: {
      'llm-client/a.yaml': text(a),
      'llm-client/b.yaml': text(b),
      'llm-client/j.yaml': text(j),
      'smarter-auth-token/k.yaml': text(k),
    },
    flat: {
      'llm-client-a.yaml': text(a),
      'llm-client-b.yaml': text(b),
      'llm-client-j.yaml': text(j),
      'smarter-auth-token-k.yaml': text(k),
    },
    source: {
      'j.json': `${JSON.stringify(
        {
          apiVersion: 'smarter.sh/v1',
          kind: 'LLMClient',
          metadata: { name: 'j' },
          spec: { config: { appWelcomeMessage: 'Hello' } },
        },
        null,
        2,
      )}\n`,
      'manual/smarter-auth-token/k.yaml': text(k),
      'x/clients.yaml': `${text(b)}---\n${text(a)}`,
    },
  };
  for (const layout of ['kind', 'flat', 'source'] as const) {
    const to = join(folder(t), 'new', 'folder');
    const report = await run(to, [a, b, k, j], layout);
    t.same(tree(to), files[layout], layout);
    t.same([...report.written].sort(), Object.keys(files[layout]).sort(), layout);
    const before = stamps(to);
    const again = await run(to, [k, j, b, a], layout);
    t.same(again.written, [], `${layout}: an equal export writes nothing`);
    t.same([...again.unchanged].sort(), Object.keys(files[layout]).sort(), layout);
    t.same(stamps(to), before, `${layout}: an equal export touches nothing`);
  }
});

t.test('a change of layout moves the files', async (t) => {
  const to = folder(t);
  const a = entry('a');
  await run(to, [a], 'kind');
  const report = await run(to, [a], 'flat');
  t.same(tree(to), { 'llm-client-a.yaml': text(a) });
  t.same(report.removed, ['llm-client/a.yaml']);
});

t.test('a record that is gone takes its file along, unless somebody changed it', async (t) => {
  const to = folder(t);
  await run(to, [entry('a'), entry('b'), entry('c'), stays]);
  writeFileSync(join(to, 'own.yaml'), 'kind: Other\n');
  writeFileSync(join(to, 'llm-client/b.yaml'), `# mine\n${text(entry('b'))}`);
  rmSync(join(to, 'llm-client/c.yaml'));
  const report = await run(to, [stays]);
  t.same(report.removed, ['llm-client/a.yaml']);
  t.match(report.kept, [{ path: 'llm-client/b.yaml', reason: /changed by hand/ }]);
  t.same(tree(to), {
    'llm-client/b.yaml': `# mine\n${text(entry('b'))}`,
    [staysPath]: text(stays),
    'own.yaml': 'kind: Other\n',
  });
  t.same(
    (await run(to, [stays])).kept.map((it) => it.path),
    ['llm-client/b.yaml'],
    'it is told again',
  );
});

t.test(
  'an export to which no record comes removes nothing, because a wrong database looks like that',
  async (t) => {
    const to = folder(t);
    await run(to, [entry('a'), entry('b')]);
    const before = stamps(to);
    const report = await run(to, []);
    t.same(report.removed, []);
    t.match(report.kept, [
      { path: 'llm-client/a.yaml', reason: /not one record/, hint: /--database/ },
      { path: 'llm-client/b.yaml', reason: /not one record/ },
    ]);
    t.same(stamps(to), before, 'neither the files nor the index are touched');
    t.same((await run(to, [entry('a')])).removed, ['llm-client/b.yaml'], 'one record is enough');
  },
);

t.test(
  'comments put into an exported file survive its changes, and keep it from being removed',
  async (t) => {
    const to = folder(t);
    const path = 'llm-client/a.yaml';
    await run(to, [entry('a')]);
    writeFileSync(join(to, path), `# mine\n${text(entry('a'))}`);
    const before = stamps(to)[path];
    t.same((await run(to, [entry('a')])).unchanged, [path]);
    t.equal(stamps(to)[path], before, 'what means the same is not written');
    t.same((await run(to, [entry('a', { says: 'Bye' })])).written, [path]);
    t.equal(tree(to)[path], `# mine\n${text(entry('a', { says: 'Bye' }))}`);
    t.match((await run(to, [stays])).kept, [{ path, reason: /changed by hand/ }]);
    t.ok(existsSync(join(to, path)));
  },
);

t.test(
  'an export that was narrowed removes nothing outside of what it was narrowed to',
  async (t) => {
    const to = folder(t);
    const shared = { source: 'git', file: 'all.yaml' };
    const a = entry('a', { ...shared, document: 0 });
    const k = entry('k', { word: 'SmarterAuthToken', ...shared, document: 1 });
    const m = entry('m', { source: 'other', file: 'm.yaml', document: 0 });
    await run(to, [a, k, m], 'source');
    const scopes: readonly ExportScope[] = [
      { account: 'default', kinds: ['LLMClient'] },
      { account: 'default', kinds: [], source: 'none' },
      { account: 'another', kinds: [] },
    ];
    for (const scope of scopes) {
      const changed = entry('a', { ...shared, document: 0, says: JSON.stringify(scope) });
      const given = scope.kinds.length > 0 ? [changed, m] : [];
      t.same((await run(to, [...given, stays], 'source', scope)).removed, []);
      if (given.length > 0)
        t.equal(
          tree(to)['all.yaml'],
          `${text(changed)}---\n${text(k)}`,
          'the rest of a file stays',
        );
    }
    t.same((await run(to, [a, k], 'source', { ...everything, source: 'other' })).removed, [
      'm.yaml',
    ]);
  },
);

t.test('a file of a checkout is edited in place, document by document', async (t) => {
  const to = folder(t);
  mkdirSync(join(to, 'clients'));
  const file = 'clients/support.yml';
  const hand = `# ours\n${text(entry('other'))}--- # second\nkind: LLMClient # a bot\napiVersion: smarter.sh/v1\nmetadata: {name: a-b}\nspec: {config: {appWelcomeMessage: 'Hi'}}\n`;
  writeFileSync(join(to, file), hand, { mode: 0o640 });
  const at = { source: 'git', file, document: 7 };
  const report = await run(to, [entry('a_b', { ...at, says: 'Bye' })], 'source');
  t.same(report.written, [file]);
  t.equal(tree(to)[file], hand.replace("'Hi'", "'Bye'"));
  t.equal(lstatSync(join(to, file)).mode & 0o777, 0o640, 'its mode stays');
  t.same(
    (await run(to, [stays], 'source')).removed,
    [],
    'what an export did not create it never removes',
  );
  t.equal(tree(to)[file], hand.replace("'Hi'", "'Bye'"));
});

t.test('a document that cannot be edited in place is printed anew, others stay', async (t) => {
  const to = folder(t);
  const other = `# other\n${text(entry('other'))}`;
  writeFileSync(
    join(to, 'llm-client-a.yaml'),
    `${other}---\napiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata: {name: a}\nspec: {config: {appWelcomeMessage: &x Hi, appName: *x}}\n`,
  );
  await run(to, [entry('a')], 'flat');
  t.equal(tree(to)['llm-client-a.yaml'], `${other}---\n${text(entry('a'))}`);
});

t.test('what is in the way and not ours is kept and named, the rest is exported', async (t) => {
  const outside = folder(t);
  writeFileSync(join(outside, 'victim.yaml'), text(entry('a')));
  const path = 'llm-client/a.yaml';
  const cases: readonly [string, (to: string) => void, RegExp][] = [
    [
      'a file about something else',
      (to) => put(to, path, 'kind: ConfigMap\n'),
      /does not declare LLMClient a/,
    ],
    ['a broken file', (to) => put(to, path, 'a: ['), /does not declare/],
    [
      'bytes that are no text',
      (to) => put(to, path, Buffer.from([0xff, 0xfe, 0x00])),
      /not text in UTF-8/,
    ],
    ['a link to a file', (to) => link(to, join(outside, 'victim.yaml'), path), /is a link/],
    ['a dangling link', (to) => link(to, join(outside, 'none.yaml'), path), /is a link/],
    [
      'a link to a folder',
      (to) => symlinkSync(outside, join(to, 'llm-client')),
      /llm-client is a link/,
    ],
    [
      'a dangling link for a folder',
      (to) => symlinkSync(join(outside, 'none'), join(to, 'llm-client')),
      /is a link/,
    ],
    ['a file for a folder', (to) => put(to, 'llm-client', 'x'), /llm-client is not a folder/],
    [
      'a folder for a file',
      (to) => mkdirSync(join(to, path), { recursive: true }),
      /is no plain file/,
    ],
  ];
  for (const [name, prepare, reason] of cases) {
    const to = folder(t);
    prepare(to);
    const before = tree(to);
    const report = await run(to, [
      entry('a', { says: 'new' }),
      entry('k', { word: 'SmarterAuthToken' }),
    ]);
    t.match(report.kept, [{ path, reason, hint: /move it away/ }], name);
    t.same(report.written, ['smarter-auth-token/k.yaml'], name);
    t.match(tree(to), before, `${name}: stays as it was`);
  }
  t.same(tree(outside), { 'victim.yaml': text(entry('a')) }, 'nothing outside was touched');

  function put(to: string, at: string, content: string | Buffer): void {
    mkdirSync(join(to, at, '..'), { recursive: true });
    writeFileSync(join(to, at), content);
  }
  function link(to: string, target: string, at: string): void {
    mkdirSync(join(to, at, '..'), { recursive: true });
    symlinkSync(target, join(to, at));
  }
});

t.test('a target that is no folder of its own is refused as a whole', async (t) => {
  const base = folder(t);
  writeFileSync(join(base, 'file'), 'x');
  mkdirSync(join(base, 'real'));
  symlinkSync(join(base, 'real'), join(base, 'link'));
  symlinkSync(join(base, 'none'), join(base, 'dangling'));
  mkdirSync(join(base, 'locked'));
  chmodSync(join(base, 'locked'), 0o500);
  mkdirSync(join(base, 'linked-index'));
  symlinkSync(join(base, 'file'), join(base, 'linked-index', indexName));
  // Permissions do not bind the superuser, but the process file system takes no folders from anybody.
  const locked = process.getuid?.() === 0 ? '/proc/plumbline' : join(base, 'locked');
  const before = tree(base);
  for (const [target, message] of [
    [join(base, 'file'), /is not a folder/],
    [join(base, 'file', 'below'), /cannot export to/],
    [join(base, 'link'), /is a link/],
    [join(base, 'dangling'), /is a link/],
    [join(base, 'linked-index'), /cannot be understood/],
    [locked, /cannot export to/],
  ] as const) {
    const error = await refusalOf(run(target, [entry('a')]));
    t.equal(error?.code, 'EXPORT_REFUSED', target);
    t.match(error?.message, message, target);
    t.ok(error?.hint, target);
  }
  t.same(tree(base), before);
});

const wrongPaths = [
  ...['', '.', '..', '../x.yaml', '/etc/x.yaml', 'a/../b.yaml', 'a/../../b.yaml', './a.yaml'],
  ...[
    'a/./b.yaml',
    'a//b.yaml',
    'a/b.yaml/',
    '//server/x.yaml',
    'file:///etc/x.yaml',
    'a/.. /b.yaml',
  ],
  ...[
    'a\\b.yaml',
    '..\\x.yaml',
    'C:/x.yaml',
    'c:x.yaml',
    'a\0.yaml',
    'a\n.yaml',
    'a\u001b[31m.yaml',
  ],
  ...[
    'a\u202elmay.yaml',
    'a\u2028.yaml',
    'a\ud800.yaml',
    'a\u200b.yaml',
    '.git/x.yaml',
    'a/.GIT/x.yaml',
  ],
  ...[indexName, `a/${indexName}`, indexName.toUpperCase(), 'x.sh', 'x', '.bashrc', 'x.yaml.exe'],
  ...[`${'x'.repeat(250)}.yaml`, `${'x/'.repeat(600)}x.yaml`, 'x.yaml ', 'x.yaml.'],
];

t.test(
  'no path of an inventory leads out of the target or to what is not a manifest',
  async (t) => {
    const base = folder(t);
    const to = join(base, 'target');
    const entries = wrongPaths.map((file, index) =>
      entry(`a${index}`, { source: 's', file, document: 0 }),
    );
    const report = await run(to, entries, 'source');
    t.same(report.written, []);
    t.equal(report.kept.length, wrongPaths.length);
    t.same(tree(base), {});
    for (const path of wrongPaths) t.throws(() => checkedPath(path), { code: 'EXPORT_REFUSED' });
    for (const path of ['a.yaml', 'A b/ü.yml', '.github/x.json', 'a..b/c.yaml', '%2e%2e/x.yaml'])
      t.equal(checkedPath(path), path);
  },
);

t.test('no name leads out of the target', async (t) => {
  const base = folder(t);
  const names = ['', '..', '../x', 'a/b', 'a\\b', 'A', 'a-b', '.x', 'a\0', 'con.', '__proto__'];
  for (const layout of ['kind', 'flat', 'source'] as const) {
    const report = await run(
      join(base, layout),
      names.map((name) => entry(name)),
      layout,
    );
    t.equal(report.kept.length, names.length, layout);
  }
  t.same(tree(base), {});
});

t.test('an index from elsewhere cannot make an export remove what it likes', async (t) => {
  const base = folder(t);
  const to = join(base, 'target');
  mkdirSync(to);
  writeFileSync(join(base, 'x.yaml'), 'x');
  const digest = 'sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
  for (const content of [
    JSON.stringify({ files: { '../x.yaml': { digest, records: [] } } }),
    JSON.stringify({ files: { 'x.yaml': { digest } } }),
    JSON.stringify({ files: [] }),
    '{',
  ]) {
    writeFileSync(join(to, indexName), content);
    const error = await refusalOf(run(to, []));
    t.equal(error?.code, 'EXPORT_REFUSED', content);
    t.equal(readFileSync(join(to, indexName), 'utf8'), content);
  }
  t.same(tree(base), { 'target/.plumbline-export.json': '{', 'x.yaml': 'x' });
});

t.test('two records that want one file do not overwrite each other', async (t) => {
  const to = folder(t);
  const report = await run(to, [entry('a'), entry('a', { account: 'second', says: 'other' })]);
  t.same(tree(to), { 'llm-client/a.yaml': text(entry('a')) });
  t.match(report.kept, [{ path: 'llm-client/a.yaml', reason: /two records/ }]);
  const at = { file: 'a.yaml', document: 0 };
  const mixed = [entry('a', { source: 's', ...at }), entry('b', { source: 't', ...at })];
  t.match((await run(folder(t), mixed, 'source')).kept, [
    { path: 'a.yaml', reason: /two records/ },
  ]);
});

t.test(
  'entries that end in a failure remove nothing, and what was written is still known',
  async (t) => {
    const to = folder(t);
    await run(to, [entry('a'), entry('b')]);
    async function* failing(): AsyncGenerator<ExportEntry> {
      yield entry('c');
      throw new PlumblineError('STORE_BUSY', 'busy');
    }
    const failed = await refusalOf(exportTo(to, failing(), { layout: 'kind', scope: everything }));
    t.equal(failed?.code, 'STORE_BUSY');
    t.same(Object.keys(tree(to)), ['llm-client/a.yaml', 'llm-client/b.yaml', 'llm-client/c.yaml']);
    t.same(
      [...(await run(to, [stays])).removed].sort(),
      Object.keys({ 'llm-client/a.yaml': 1, 'llm-client/b.yaml': 1, 'llm-client/c.yaml': 1 }),
    );
  },
);

t.test('what a killed export left behind does no harm', async (t) => {
  const to = folder(t);
  await run(to, [entry('a'), entry('b')]);
  const half = join(to, 'llm-client', '.plumbline-export-0123456789abcdef.tmp');
  writeFileSync(half, 'apiVersion: smar');
  // The second file was replaced, and then the process died before the index followed.
  const index = readFileSync(join(to, indexName), 'utf8');
  await run(to, [entry('a'), entry('b', { says: 'new' })]);
  writeFileSync(join(to, indexName), index);
  const report = await run(to, [entry('a'), entry('b', { says: 'new' })]);
  t.same(report.kept, []);
  t.same([...report.unchanged].sort(), ['llm-client/a.yaml', 'llm-client/b.yaml']);
  t.same([...(await run(to, [stays])).removed].sort(), ['llm-client/a.yaml', 'llm-client/b.yaml']);
  t.equal(readFileSync(half, 'utf8'), 'apiVersion: smar', 'it is not read and not taken for ours');
});

t.test('a file is replaced whole: who has it open keeps the old one', async (t) => {
  const to = folder(t);
  const path = join(to, 'llm-client/a.yaml');
  await run(to, [entry('a')]);
  const before = lstatSync(path).ino;
  renameSync(path, `${path}.kept`);
  writeFileSync(path, text(entry('a')));
  await run(to, [entry('a', { says: 'new' })]);
  t.not(lstatSync(path).ino, before);
  t.same(
    readdirSync(join(to, 'llm-client')).filter((name) => name.endsWith('.tmp')),
    [],
    'no temporary file stays',
  );
});

t.test('of hundreds of files each is in its place in the end, new or replaced', async (t) => {
  const to = join(folder(t), 'new');
  const records = (says: string) =>
    Array.from({ length: 320 }, (_, at) => entry(`client_${at}`, { says }));
  for (const says of ['first', 'second']) {
    const paths = (await run(to, records(says))).written;
    t.same(
      paths,
      records(says).map(({ manifest }) => `llm-client/${manifest.metadata.name}.yaml`),
      'told in the order in which they came',
    );
    t.same(
      tree(to),
      Object.fromEntries(records(says).map((it, at) => [paths[at], text(it)])),
      'whole, and no draft beside them',
    );
  }
  t.equal((await run(to, records('second'))).unchanged.length, 320);
});
