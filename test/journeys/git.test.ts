import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { eventually, RunningDaemon } from '../support/daemon.ts';
import { GitHttp } from '../support/git-http.ts';
import { GitRepository } from '../support/git-repository.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, World } from '../support/world.ts';

/** A repository with one commit, and a world that follows its main branch below `llm`. */
function following(t: Test, environment: Record<string, string> = {}) {
  const holder = new World(t);
  const repository = new GitRepository(join(holder.folder, 'repo.git'));
  repository.commit({
    'README.md': '# not for Plumbline\n',
    'llm/plugins/returns.yaml': pluginYaml('returns'),
    'llm/clients/bot.yaml': clientYaml('bot', {}, { plugins: ['returns'] }),
    'llm/clients/guide.yaml': clientYaml('guide'),
    'elsewhere/other.yaml': clientYaml('other'),
  });
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
    PLUMBLINE_SOURCE_PATH: 'llm',
    ...environment,
  });
  return { repository, world };
}

const told = (changes: readonly { action: string; name: string }[]) =>
  changes.map((it) => `${it.action} ${it.name}`);

t.test('commits of a branch become records, each by what it changes', async (t) => {
  const { repository, world } = following(t);
  const first = await world.report('sync');
  t.equal(first.exit, 0);
  t.equal(first.revision, `main@sha1:${repository.id()}`);
  t.same(told(first.changes), ['create returns', 'create bot', 'create guide']);

  const cases = [
    {
      name: 'a commit that adds',
      files: { 'llm/clients/new.yaml': clientYaml('new_bot') },
      wanted: ['create new_bot'],
    },
    {
      name: 'a commit that changes',
      files: {
        'llm/clients/bot.yaml': clientYaml(
          'bot',
          { defaultModel: 'gpt-4.1' },
          { plugins: ['returns'] },
        ),
      },
      wanted: ['update bot'],
    },
    {
      name: 'a commit that moves a file',
      files: { 'llm/clients/guide.yaml': null, 'llm/team/guide.yaml': clientYaml('guide') },
      wanted: [],
    },
    {
      name: 'a commit that renames a resource',
      files: { 'llm/clients/new.yaml': clientYaml('newer_bot') },
      wanted: ['create newer_bot', 'delete new_bot'],
    },
    {
      name: 'a commit that deletes',
      files: { 'llm/team/guide.yaml': null },
      wanted: ['delete guide'],
    },
    {
      name: 'a commit outside the folder',
      files: { 'elsewhere/other.yaml': clientYaml('another') },
      wanted: [],
    },
  ];
  for (const { name, files, wanted } of cases) {
    await t.test(name, async (t) => {
      repository.commit(files);
      const plan = await world.report('plan');
      t.same(told(plan.changes), wanted, 'the plan says so');
      t.equal(plan.exit, wanted.length > 0 ? 2 : 0);
      const sync = await world.report('sync');
      t.same(told(sync.changes), wanted, 'the sync does so');
      t.ok(sync.changes.every((it) => it.outcome === 'applied'));
      t.equal(sync.exit, 0);
      t.equal((await world.run('plan')).exit, 0);
    });
  }
});

t.test('a branch rewritten by force is followed', async (t) => {
  const { repository, world } = following(t);
  await world.run('sync');
  repository.commit(
    {
      'llm/clients/bot.yaml': clientYaml('bot', { appName: 'Rewritten' }),
      'llm/plugins/returns.yaml': pluginYaml('returns'),
    },
    { orphan: true },
  );
  const { changes, exit, revision } = await world.report('sync');
  t.equal(exit, 0);
  t.equal(revision, `main@sha1:${repository.id()}`);
  t.same(told(changes), ['update bot', 'delete guide']);
});

t.test('a tag stays where it is while the branch goes on', async (t) => {
  const { repository, world } = following(t, { PLUMBLINE_SOURCE_TAG: 'v1.0.0' });
  repository.git('tag', 'v1.0.0');
  t.equal((await world.report('sync')).revision, `v1.0.0@sha1:${repository.id()}`);
  repository.commit({ 'llm/clients/bot.yaml': null });
  t.same((await world.report('sync')).changes, []);
});

t.test(
  'a branch that is gone, an empty repository and a missing folder delete nothing',
  async (t) => {
    const { repository, world } = following(t);
    await world.run('sync');
    repository.git('update-ref', '-d', 'refs/heads/main');
    const gone = await world.run('sync');
    t.equal(gone.exit, 1);
    t.match(gone.out + gone.err, /SOURCE_NOT_FOUND/);
    repository.commit({ 'elsewhere/other.yaml': clientYaml('other') });
    t.equal((await world.run('sync')).exit, 1, 'the folder llm is missing');
    t.equal(
      (await world.run('get', 'llmclient', '-o', 'name')).out,
      'llmclient/bot\nllmclient/guide\n',
    );
  },
);

t.test('plan --revision tells what a branch would do before it is merged', async (t) => {
  const { repository, world } = following(t);
  await world.run('sync');
  repository.commit({ 'llm/clients/next.yaml': clientYaml('next_bot') }, { branch: 'next' });
  const plan = await world.report('plan', '--revision', 'refs/heads/next');
  t.ok(told(plan.changes).includes('create next_bot'));
  t.equal((await world.run('plan')).exit, 0, 'the main branch has nothing new');
});

t.test(
  "a repository served by git's own backend with a password is followed, and the password is in no output",
  async (t) => {
    const { repository, world: holder } = following(t);
    const http = new GitHttp({
      root: join(repository.folder, '..'),
      password: 'bot:s3cret-canary',
    });
    await http.listen();
    t.teardown(() => http.close());
    const world = new World(t, {
      PLUMBLINE_SOURCE: `${http.origin}/repo.git`,
      PLUMBLINE_SOURCE_PATH: 'llm',
      PLUMBLINE_SOURCE_USERNAME: 'bot',
      PLUMBLINE_SOURCE_PASSWORD: 's3cret-canary',
      PLUMBLINE_LOG_LEVEL: 'debug',
    });
    const synced = await world.run('sync', '-o', 'json');
    t.equal(synced.exit, 0, synced.err);
    t.same(told(JSON.parse(synced.out).changes), ['create returns', 'create bot', 'create guide']);
    t.notMatch(synced.out + synced.err, /canary/);

    const wrong = new World(t, {
      ...world.environment,
      PLUMBLINE_SOURCE_PASSWORD: 'wrong-canary',
      PLUMBLINE_DATABASE: `sqlite:${join(holder.folder, 'wrong.db')}`,
    });
    const denied = await wrong.run('sync');
    t.equal(denied.exit, 1);
    t.match(denied.out + denied.err, /SOURCE_DENIED/);
    t.notMatch(denied.out + denied.err, /canary/);
  },
);

t.test('a signed webhook makes a push live although the next look is an hour away', async (t) => {
  const secret = 'shared-with-the-forge';
  const { repository, world } = following(t, {
    PLUMBLINE_SOURCE_INTERVAL: '1h',
    PLUMBLINE_SOURCE_WEBHOOK_SECRET: secret,
  });
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  repository.commit({ 'llm/clients/new.yaml': clientYaml('new_bot') });
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const send = (key: string) =>
    daemon.address().then((address) =>
      fetch(`http://${address}/webhooks/github/team`, {
        method: 'POST',
        body,
        headers: {
          'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
        },
      }),
    );
  t.equal((await send('a guess')).status, 401);
  t.equal((await send(secret)).status, 202);
  await eventually(async () => (await daemon.source()).lastRun?.summary.create === 1);
  t.match(await daemon.source(), {
    outcome: 'converged',
    revision: `main@sha1:${repository.id()}`,
    lastRun: { trigger: 'webhook' },
  });
});

t.test('a history that was rewritten is held where the source says so', async (t) => {
  const { repository, world } = following(t, { PLUMBLINE_SOURCE_HISTORY: 'hold' });
  t.equal((await world.run('sync')).exit, 0);
  for (let at = 0; at < 5; at += 1) repository.commit({ 'README.md': `${at}\n` });
  const far = repository.commit({ 'llm/clients/far.yaml': clientYaml('far_bot') });
  const followed = await world.report('sync');
  t.same(told(followed.changes), ['create far_bot'], 'what follows is followed');
  repository.commit({ 'llm/clients/only.yaml': clientYaml('only_bot') }, { orphan: true });
  const held = await world.run('sync');
  t.equal(held.exit, 3);
  t.match(held.err, /the history was rewritten/);
  t.match((await world.run('status')).out, /held/);
  const { out } = await world.run('get', 'client', '-o', 'name');
  t.match(out, /far_bot/, 'what was applied stays');
  t.notMatch(out, /only_bot/);
  t.equal((await world.run('sync')).exit, 3, 'and it is held again');
  repository.git('update-ref', 'refs/heads/main', far);
  t.equal((await world.run('sync')).exit, 0, 'put back, it goes on');
  repository.commit({ 'llm/clients/only.yaml': clientYaml('only_bot') }, { orphan: true });
  const meant = new World(t, { ...world.environment, PLUMBLINE_SOURCE_HISTORY: 'follow' });
  t.match(
    (await meant.report('plan')).summary,
    { create: 1, delete: 4 },
    'or taken when it is meant',
  );
});

t.test('a rewritten history that was seen is let go, and no other', async (t) => {
  const { repository, world } = following(t, { PLUMBLINE_SOURCE_HISTORY: 'hold' });
  t.equal((await world.run('sync')).exit, 0);
  const before = repository.id();
  repository.commit({ 'llm/clients/first.yaml': clientYaml('first_bot') }, { orphan: true });
  const held = await world.run('sync');
  const [, id = ''] = /plumbline approve ([0-9a-f]{12})/.exec(held.err) ?? [];
  t.not(id, '', 'the message says what to type');
  const { out } = await world.run('status');
  t.match(out, /holds 1 change:\n.*history was rewritten.*\n *follow Source team/);
  t.match(out, `plumbline approve ${id}`);
  t.match((await world.run('approve', '--list')).out, new RegExp(`${id}.*history was rewritten`));

  repository.git('update-ref', 'refs/heads/main', before);
  const seen = repository.commit(
    { 'llm/clients/other.yaml': clientYaml('other_bot') },
    { orphan: true },
  );
  const stale = await world.run('approve', id);
  t.match(stale.err, /no longer stands/, 'the word is for what was seen');
  t.equal(stale.exit, 1);
  const again = await world.run('sync');
  t.equal(again.exit, 3, 'what nobody has seen is still held');
  const [, other = ''] = /plumbline approve ([0-9a-f]{12})/.exec(again.err) ?? [];
  t.not(other, id);

  const approved = await world.run('approve', other);
  t.equal(approved.exit, 0, approved.err);
  t.match(approved.out, /Approved for team, until .*: 1 change\n {2}follow Source team/);
  t.match((await world.run('approve', '--list')).out, /by user:/);
  repository.commit({ 'llm/clients/third.yaml': clientYaml('third_bot') }, { orphan: true });
  t.equal((await world.run('sync')).exit, 3, 'it has moved since the word was given');
  repository.git('update-ref', 'refs/heads/main', seen);
  const synced = await world.report('sync');
  t.match(told(synced.changes), ['create other_bot']);
  t.equal((await world.run('get', 'client', 'other_bot')).exit, 0);
  t.equal((await world.run('approve', '--list')).err, 'nothing waits for approval\n');
  t.match((await world.run('history', '--verb', 'approve')).out, /approve +source\/team/);
});

t.test('a daemon that holds a rewritten history follows it once that is approved', async (t) => {
  const { repository, world } = following(t, {
    PLUMBLINE_SOURCE_HISTORY: 'hold',
    PLUMBLINE_SOURCE_INTERVAL: '1s',
  });
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  repository.commit({ 'llm/clients/new.yaml': clientYaml('new_bot') }, { orphan: true });
  await eventually(async () => (await daemon.source()).outcome === 'held');
  const { held } = await daemon.source();
  t.match(held, { counts: { history: 1 }, changes: [{ action: 'follow', guard: 'history' }] });
  const response = await fetch(`http://${await daemon.address()}/api/v1/approvals`, {
    method: 'POST',
    body: JSON.stringify({ plan: held?.plan }),
    headers: { 'content-type': 'application/json' },
  });
  t.equal(response.status, 200);
  await eventually(async () => (await daemon.source()).lastRun?.summary.create === 1);
  t.equal((await daemon.source()).held?.counts.history, undefined);
});

t.test('a source that is pointed at another branch is not held for its history', async (t) => {
  const { repository, world } = following(t, { PLUMBLINE_SOURCE_HISTORY: 'hold' });
  t.equal((await world.run('sync')).exit, 0);
  repository.commit({ 'llm/clients/new.yaml': clientYaml('new_bot') }, { branch: 'next' });
  const there = new World(t, { ...world.environment, PLUMBLINE_SOURCE_BRANCH: 'next' });
  t.match((await there.report('plan')).summary, { create: 1 });
});
