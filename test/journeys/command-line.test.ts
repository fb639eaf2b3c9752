import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plumbline } from '../support/command-line.ts';
import { GitRepository } from '../support/git-repository.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

/** Sets a variable of this process for the length of a test. */
function withVariable(t: Test, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.teardown(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

/** A world that is told everything by a configuration file, and nothing by the environment. */
function configured(t: Test, config: string) {
  const world = new World(t);
  mkdirSync(join(world.folder, 'config'));
  writeFileSync(join(world.folder, 'config/plumbline.yaml'), config, { mode: 0o644 });
  const run = (...words: string[]) => plumbline(words, { folder: world.folder });
  return { world, run };
}

const twoSources = `sources:
  - { name: gone, directory: nowhere }
  - { name: here, directory: manifests }
`;

t.test('a misspelt database does not cost a backup its files', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  await world.run('sync');
  const backup = join(world.folder, 'bak', 'llm-client', 'alpha.yaml');
  t.equal((await world.run('export', '--to', 'bak')).exit, 0);
  const { exit, err } = await world.run('export', '--to', 'bak', '--database', 'sqlite:typo.db');
  t.equal(exit, 1);
  t.match(err, /no database yet at .*typo\.db.*\n {2}hint: .*--database/);
  t.ok(existsSync(backup));
  const stream = await world.run('export', '--database', 'sqlite:typo.db');
  t.match(stream, { exit: 1, out: '' }, 'an empty backup is no success either');

  const empty = ['--database', 'sqlite:empty.db'];
  await world.run('delete', 'llmclient', 'alpha', ...empty);
  const emptied = await world.run('export', '--to', 'bak', ...empty);
  t.equal(emptied.exit, 1, 'nor does a database without records');
  t.match(emptied.err, /kept .*alpha\.yaml: not one record.*\n.*hint: .*--database/);
  t.ok(existsSync(backup));
});

t.test('whoever reads records where there is no database is told so', async (t) => {
  const cases: [string[], number, RegExp][] = [
    [['get', 'llmclients'], 0, /^$/],
    [['get', 'llmclients', '-o', 'json'], 0, /"items": \[\]/],
    [['get', 'llmclient', 'alpha'], 1, /^$/],
    [['describe', 'llmclient', 'alpha'], 1, /^$/],
    [['drift'], 0, /nothing has been applied yet/],
    [['history'], 0, /^$/],
    [['history', '-o', 'json'], 0, /^\[\]\n$/],
    [['status'], 0, /never synced/],
  ];
  const world = new World(t);
  for (const [words, exit, wanted] of cases) {
    const ended = await world.run(...words);
    t.equal(ended.exit, exit, words.join(' '));
    t.match(ended.out, wanted, words.join(' '));
    t.match(ended.err, /there is no database yet at .*plumbline\.db/, words.join(' '));
  }
  t.notOk(existsSync(world.database), 'and none is made');
  await world.run('sync');
  for (const [words] of cases) t.notMatch((await world.run(...words)).err, /no database/);
});

t.test('a source that cannot be read is told beside the others, in the same shape', async (t) => {
  const { world, run } = configured(t, twoSources);
  world.write('a.yaml', clientYaml('alpha'));
  const unread = {
    source: 'gone',
    summary: { create: 0, invalid: 0 },
    changes: [],
    problems: [{ severity: 'error', code: 'SOURCE_NOT_FOUND', file: '', hint: /make the folder/ }],
  };
  for (const [command, kind] of [
    ['plan', 'Plan'],
    ['sync', 'SyncReport'],
  ] as const) {
    await t.test(`${command} goes on and exits 1`, async (t) => {
      const { exit, out, err } = await run(command, '-o', 'json');
      t.equal(exit, 1);
      t.match(err, /SOURCE_NOT_FOUND/);
      t.match(JSON.parse(out), {
        kind: 'List',
        items: [
          { kind, ...unread },
          { kind, source: 'here', changes: [{ action: 'create', name: 'alpha' }], problems: [] },
        ],
      });
      t.match(JSON.parse((await run(command, 'gone', '-o', 'json')).out), { kind, ...unread });
    });
  }
  const text = await run('sync');
  t.equal(text.exit, 1);
  t.match(text.out, /^Sync of here /);
  t.match(text.err, /source gone: error SOURCE_NOT_FOUND/);
  const junit = await run('plan', '-o', 'junit');
  t.match(junit.out, /<testsuite name="gone" tests="1" failures="1"/);
  t.equal((await run('drift')).exit, 0, 'drift asks no source');
});

t.test('a record whose file is gone shows as orphaned', async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_PRUNE: 'false' });
  world.write('a.yaml', clientYaml('alpha'));
  world.write('b.yaml', clientYaml('beta'));
  world.write('../by-hand.yaml', clientYaml('gamma'));
  await world.run('sync');
  await world.run('apply', '-f', 'by-hand.yaml');
  const orphaned = async () =>
    JSON.parse((await world.run('status', '-o', 'json')).out).sources[0].orphaned;
  t.equal(await orphaned(), 0);
  world.remove('b.yaml');
  await world.run('sync');
  t.equal(await orphaned(), 1);
  t.match((await world.run('status')).out, /RECORDS {2}ORPHANED .*\nteam +converged +2 +1 /);

  const { folder, environment } = world;
  const listed = ['get', 'llmclients', '-o', 'wide'];
  const wide = (await plumbline(listed, { folder, environment, width: 200 })).out.split('\n');
  t.match(wide[0], / OWNER /);
  for (const [name, owner] of [
    ['alpha', 'team'],
    ['beta', 'team (orphaned)'],
    ['gamma', 'manual'],
  ] as const)
    t.ok(
      wide.find((line) => line.startsWith(name))?.includes(`  1           ${owner}  `),
      `${name}: ${owner}`,
    );
  world.write('b.yaml', clientYaml('beta'));
  await world.run('sync');
  t.equal(await orphaned(), 0, 'until it is declared again');
});

t.test(
  'a source that nobody knows is an error, and a filter that matches nothing says so',
  async (t) => {
    const world = new World(t);
    world.write('a.yaml', clientYaml('alpha'));
    await world.run('sync');
    for (const command of ['export', 'history']) {
      const { exit, out, err } = await world.run(command, '--source', 'taem');
      t.match({ exit, out }, { exit: 1, out: '' }, command);
      t.match(err, /SOURCE_UNKNOWN.*taem\n {2}hint: did you mean team\?/, command);
    }
    t.match(await world.run('history', '--name', 'nobody'), { exit: 0, err: 'no entry matches\n' });

    const renamed = new World(t, {
      PLUMBLINE_DATABASE: `sqlite:${world.database}`,
      PLUMBLINE_SOURCE_NAME: 'renamed',
    });
    for (const source of ['team', 'renamed'])
      t.equal((await renamed.run('history', '--source', source)).exit, 0, source);
    t.match((await renamed.run('export', '--source', 'team')).out, /name: alpha/);
  },
);

t.test('plan --revision takes a branch, a tag or a commit', async (t) => {
  const holder = new World(t);
  const repository = new GitRepository(join(holder.folder, 'repo.git'));
  const first = repository.commit({ 'a.yaml': clientYaml('tagged') });
  repository.git('tag', 'v1', first);
  repository.commit({ 'a.yaml': clientYaml('main') });
  const next = repository.commit({ 'b.yaml': clientYaml('next') }, { branch: 'next' });
  repository.git('tag', 'next', first);
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
  });
  const cases: [string, string, string][] = [
    ['a bare name of a tag', 'v1', 'tagged'],
    ['a bare name of a branch and a tag is the branch', 'next', 'next'],
    ['a full tag', 'refs/tags/next', 'tagged'],
    ['a full branch', 'refs/heads/next', 'next'],
    ['a commit', next, 'next'],
  ];
  for (const [name, revision, wanted] of cases) {
    const { changes } = await world.report('plan', '--revision', revision);
    t.match(changes, [{ action: 'create', name: wanted }], name);
  }
  const unknown = await world.run('plan', '--revision', 'nowhere');
  t.equal(unknown.exit, 1);
  t.match(unknown.err, /no branch and no tag nowhere\n {2}hint: .*40 digits/);
  const long = await world.run('plan', '--revision', 'a'.repeat(64));
  t.equal(long.exit, 64);
  t.match(long.err, /64 digits.*\n {2}hint: .*40 digits/);
});

t.test('a file that cannot be read does not keep the others from being checked', async (t) => {
  const world = new World(t);
  const { folder } = world;
  world.write('good.yaml', pluginYaml('good'));
  writeFileSync(join(folder, 'large.yaml'), ' '.repeat(1_048_577));
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
  symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
  symlinkSync('manifests/good.yaml', join(folder, 'link.yaml'));
  const words = ['large.yaml', 'pipe.yaml', 'loop.yaml', 'link.yaml'];
  const { exit, out } = await world.run('validate', ...words, '-o', 'json');
  t.equal(exit, 1);
  t.match(JSON.parse(out), {
    summary: { manifests: 1, errors: 3 },
    problems: [
      { code: 'FILE_TOO_LARGE', file: 'large.yaml', hint: /./ },
      { code: 'FILE_UNREADABLE', file: 'loop.yaml', hint: /./ },
      { code: 'FILE_SPECIAL', file: 'pipe.yaml', hint: /standard input/ },
    ],
  });
  const applied = await world.report('apply', '-f', 'large.yaml', '-f', 'link.yaml');
  t.match(applied, { exit: 1, changes: [{ name: 'good', outcome: 'applied' }] });
  const { err, exit: refused } = await world.run('delete', '-f', 'pipe.yaml', '-f', 'link.yaml');
  t.equal(refused, 1);
  t.match(err, /error pipe\.yaml: .*\[FILE_SPECIAL\][\s\S]*hint: nothing was deleted/);
  t.equal((await world.run('get', 'plugin', 'good')).exit, 0, 'a delete does all or nothing');
});

t.test('work by hand is headed as such, and needs something to work on', async (t) => {
  const world = new World(t);
  world.write('../key.yaml', tokenYaml('key'));
  world.write('../bot.yaml', clientYaml('bot', {}, { apiKey: 'key' }));
  world.write('../nothing.yaml', 'a: 1\n');
  const files = ['-f', 'key.yaml', '-f', 'bot.yaml'];
  const cases: [string[], string][] = [
    [['apply', ...files, '--dry-run'], 'To apply by hand\n\n+ create SmarterAuthToken key'],
    [['apply', ...files], 'Applied by hand\n\n+ create SmarterAuthToken key'],
    [['deploy', 'llmclient', 'bot'], 'Deployed by hand\n\n^ deploy LLMClient bot'],
    [['undeploy', 'llmclient', 'bot'], 'Undeployed by hand\n\nv undeploy LLMClient bot'],
    [['delete', '-f', 'bot.yaml', '--dry-run'], 'To delete by hand\n\n- delete LLMClient bot'],
    [['delete', 'llmclient', 'bot'], 'Deleted by hand\n\n- delete LLMClient bot'],
  ];
  for (const [words, heading] of cases) {
    const { out } = await world.run(...words);
    t.equal(out.slice(0, heading.length), heading, words.join(' '));
  }
  for (const verb of ['apply', 'delete']) {
    const nothing = await world.run(verb, '-f', 'nothing.yaml');
    t.equal(nothing.exit, 1, verb);
    t.match(nothing.err, /no manifest in nothing\.yaml\n {2}hint: /, verb);
    const nowhere = await world.run(verb, '-f', 'nowhere.yaml');
    t.equal(nowhere.exit, 64, verb);
    t.match(nowhere.err, `plumbline ${verb} -f PATH`, verb);
  }
});

t.test(
  'everything that is wrong with a configuration is told at once, each in its place',
  async (t) => {
    const { run } = configured(t, 'account: ""\nlog: { level: loud }\nsources: []\n');
    const { exit, err } = await run('status');
    t.equal(exit, 1);
    t.equal(err.split('config/plumbline.yaml:1:10').length, 2, 'a place is told once');
    t.match(
      err,
      /error config\/plumbline\.yaml:1:10: account .*\s+\[CONFIG_INVALID\]\n.*account: ""/,
    );
    t.match(err, /error config\/plumbline\.yaml:2:15: level .*\[CONFIG_INVALID\]\n[\s\S]*\^\^\^\^/);
  },
);

t.test('doctor names what is amiss, once, and leaves nothing behind', async (t) => {
  const finding = async (run: (...words: string[]) => Promise<{ out: string }>, check: string) =>
    JSON.parse((await run('doctor', '-o', 'json')).out).findings.find(
      (it: { check: string }) => it.check === check,
    );

  const { world, run } = configured(t, twoSources);
  const { run: bare } = configured(t, 'account: one\n');
  const { run: wrong } = configured(t, 'account: ""\n');
  const temporary = t.testdir();
  withVariable(t, 'TMPDIR', temporary);
  world.write('a.yaml', clientYaml('alpha'));
  t.match(await finding(run, 'database'), { ok: true, detail: /^none yet at .*first sync/ });
  t.match(await finding(run, 'source here'), { ok: true });
  t.match(await finding(run, 'source gone'), { ok: false, detail: /SOURCE_NOT_FOUND/ });
  t.match(await finding(run, 'git'), { ok: true, detail: /^\d+\.\d+/ });
  await run('sync', 'here');
  t.match(await finding(run, 'database'), { ok: true, detail: /sound/ });

  chmodSync(join(world.folder, 'config/plumbline.yaml'), 0o666);
  const { exit, err } = await run('doctor');
  t.equal(exit, 1);
  t.equal(err.match(/can change the file/g)?.length, 1, 'a warning is told once');

  t.match(await finding(bare, 'sources'), { ok: false, hint: /PLUMBLINE_SOURCE/ });
  t.match(await finding(wrong, 'configuration'), { detail: /plumbline\.yaml:1:10: account/ });

  await bare('get', 'llmclients', '--database', 'sqlite::memory:');
  t.same(readdirSync(temporary), [], 'no folder stays');

  await t.test('without git it says to install it', async (t) => {
    withVariable(t, 'PATH', temporary);
    t.match(await finding(run, 'git'), { ok: false, detail: /no git/, hint: /install git/ });
  });
});

t.test(
  'causes are for the log level debug, wherever that is said, and for no other word',
  async (t) => {
    const world = new World(t);
    const run = (environment: Record<string, string>, ...words: string[]) =>
      plumbline(['validate', ...words], { folder: world.folder, environment });
    t.notMatch((await run({}, 'debug')).err, /cause:/, 'a file may be called debug');
    t.match((await run({}, 'debug', '--log-level', 'debug')).err, /cause: .*ENOENT/);
    t.match((await run({ PLUMBLINE_LOG_LEVEL: 'debug' }, 'nowhere')).err, /cause: .*ENOENT/);
    const chatty = configured(t, 'log: { level: debug }\n');
    t.match((await chatty.run('validate', 'nowhere')).err, /cause: .*ENOENT/);
    t.notMatch((await chatty.run('validate', 'nowhere', '--log-level', 'info')).err, /cause:/);
  },
);

t.test('long work tells a person who waits how far it is, and a pipe nothing', async (t) => {
  const world = new World(t);
  for (let index = 0; index < 500; index += 1)
    world.write(`t${index}.yaml`, tokenYaml(`token_${index}`));
  const { folder, environment } = world;
  const wiped = '\r\x1b[K';
  const cases: [string[], string][] = [
    [['validate', 'manifests'], '500 files read'],
    [['plan'], 'team: 500 of 500 files read'],
    [['sync'], 'team: 500 files read, comparing and writing'],
    [['export', '--to', 'out'], '500 records exported'],
  ];
  for (const [words, wanted] of cases) {
    const name = words.join(' ');
    const { err } = await plumbline(words, { folder, environment, watched: true });
    t.match(err, `${wiped}${wanted}`, name);
    t.ok(err.endsWith(wiped), `${name}: the line is wiped at the end`);
    if (!words.includes('sync'))
      t.equal((await plumbline(words, { folder, environment })).err.includes(wiped), false, name);
  }
  const stop = new AbortController();
  const onErr = (text: string) => {
    if (text.includes('500 of 500')) stop.abort();
  };
  const { signal } = stop;
  const afresh = { ...environment, PLUMBLINE_DATABASE: `sqlite:${join(folder, 'fresh.db')}` };
  const stopped = await plumbline(['plan'], {
    ...{ folder, environment: afresh, watched: true },
    ...{ signal, onErr },
  });
  t.equal(stopped.exit, 1, 'and who waits no longer may stop it');
  t.match(stopped.err, `${wiped}error RUN_STOPPED: the command was stopped before its end\n`);
});

t.test('validate names what it passed over, and why', async (t) => {
  const world = new World(t);
  world.write('bot.yaml', clientYaml('bot'));
  world.write('ci.yaml', 'on: push\njobs: {}\n');
  world.write('.hidden.yaml', clientYaml('hidden'));
  const { exit, out } = await world.run('validate', 'manifests', '-o', 'json');
  t.equal(exit, 0);
  t.match(JSON.parse(out), {
    kind: 'ValidationReport',
    summary: { manifests: 1, errors: 0 },
    ignored: ['manifests/.hidden.yaml', 'manifests/ci.yaml'],
  });
  t.match((await world.run('validate', 'manifests')).out, /passed over manifests\/ci\.yaml: .+\n/);
});
