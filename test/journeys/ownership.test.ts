import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

/** Two sources beside each other, and the commands run in their folder. */
function twoSources(t: Test, { prune = true, order = 'ab' } = {}) {
  const world = new World(t, {
    PLUMBLINE_SOURCE: '',
    PLUMBLINE_SOURCE_NAME: '',
    PLUMBLINE_SOURCE_PRUNE: '',
  });
  for (const name of ['a', 'b']) mkdirSync(join(world.folder, name));
  const configure = (more = '') => {
    const sources = [...order].map(
      (name) => `  - { name: ${name}, directory: ${name}, prune: ${prune}${more} }`,
    );
    writeFileSync(join(world.folder, 'two.yaml'), `sources:\n${sources.join('\n')}\n`);
  };
  configure();
  return {
    world,
    configure,
    write: (name: string, text: string) => writeFileSync(join(world.folder, name), text),
    remove: (name: string) => rmSync(join(world.folder, name)),
    run: (...words: string[]) => world.run(...words, '--config', 'two.yaml'),
  };
}

type Two = ReturnType<typeof twoSources>;

const bot = (config: Record<string, unknown> = {}) =>
  clientYaml('bot', { deployed: true, ...config }, { apiKey: 'key' });

/** What must not move when a record changes hands. */
async function identity({ run }: Two) {
  const { out } = await run('get', 'client', 'bot', '-o', 'wide');
  const [titles = '', row = ''] = out.split('\n');
  const at = (title: string) => row.slice(titles.indexOf(title)).split(/\s/)[0];
  const { out: described } = await run('describe', 'client', 'bot', '-o', 'json');
  const { status } = JSON.parse(described);
  return {
    locator: status.recordLocator,
    created: status.created,
    modified: status.modified,
    deployed: status.deployed,
    generation: at('GENERATION'),
    owner: at('OWNER'),
  };
}

async function begun(two: Two): Promise<void> {
  two.write('a/key.yaml', tokenYaml('key'));
  two.write('a/bot.yaml', bot());
  two.write('b/other.yaml', pluginYaml('other'));
  const { exit, out, err } = await two.run('sync');
  if (exit !== 0) throw new Error(out + err);
}

for (const order of ['ab', 'ba'])
  for (const prune of [true, false])
    t.test(
      `a record that moves to another source in one commit keeps all it is (${order}, prune ${prune})`,
      async (t) => {
        const two = twoSources(t, { order, prune });
        await begun(two);
        const before = await identity(two);
        t.equal(before.owner, 'a');
        two.write('b/bot.yaml', bot());
        two.remove('a/bot.yaml');
        const sync = await two.run('sync');
        t.equal(sync.exit, 0, sync.out + sync.err);
        t.match(sync.out, /= adopt LLMClient bot/);
        t.notMatch(sync.out, /deleted/);
        t.same(await identity(two), { ...before, owner: 'b' });
        const again = await two.run('plan');
        t.equal(again.exit, 0, again.out);
        t.equal((await two.run('drift')).exit, 0);
      },
    );

t.test(
  'the plan of a source says what it lets go, and to whom; the plan of the other that it adopts',
  async (t) => {
    const two = twoSources(t);
    await begun(two);
    const before = await identity(two);
    two.write('b/bot.yaml', bot());
    t.equal((await two.run('sync', 'b')).exit, 1, 'the record is of a');
    two.remove('a/bot.yaml');
    const plan = await two.run('plan', 'a');
    t.equal(plan.exit, 0, plan.out);
    t.match(plan.out, /> let go LLMClient bot: the source b declares it now/);
    t.match(JSON.parse((await two.run('plan', 'a', '-o', 'json')).out), {
      released: [{ kind: 'LLMClient', account: 'default', name: 'bot', to: 'b' }],
      summary: { delete: 0 },
    });
    t.match((await two.run('plan', 'a', '-o', 'markdown')).out, /let go LLMClient bot/);
    t.equal((await two.run('sync', 'a')).exit, 0);
    t.match((await two.run('plan', 'b')).out, /= adopt LLMClient bot b?/);
    t.equal((await two.run('sync', 'b')).exit, 0);
    t.same(await identity(two), { ...before, owner: 'b' });
  },
);

t.test('deletes wait for a source that has moved and was not read, and for no other', async (t) => {
  const two = twoSources(t);
  await begun(two);
  two.write('b/bot.yaml', bot());
  two.remove('a/bot.yaml');
  const alone = await two.run('sync', 'a');
  t.equal(alone.exit, 3);
  t.match(alone.out.replace(/\s+/g, ' '), /may have gone to the source b, which has moved/);
  t.equal((await two.run('sync', 'b')).exit, 0);
  t.match(await identity(two), { owner: 'b', deployed: true });
  t.equal((await two.run('sync', 'a')).exit, 0, 'and nothing waits any more');

  two.remove('b/other.yaml');
  const pruned = await two.run('sync');
  t.equal(pruned.exit, 0, pruned.out);
  t.match(pruned.out, /- delete Plugin other/, 'a is as it was, so b need not wait');
});

t.test('what a source left long ago is taken up by another that declares it later', async (t) => {
  const two = twoSources(t, { prune: false });
  await begun(two);
  const before = await identity(two);
  two.remove('a/bot.yaml');
  t.equal((await two.run('sync')).exit, 0);
  two.write('b/bot.yaml', bot());
  t.equal((await two.run('sync')).exit, 0);
  t.same(await identity(two), { ...before, owner: 'b' });
});

t.test('a record that changes hands and content is kept for a source that may adopt', async (t) => {
  const two = twoSources(t);
  await begun(two);
  two.write('b/bot.yaml', bot({ appName: 'Changed' }));
  two.remove('a/bot.yaml');
  const refused = await two.run('sync');
  t.equal(refused.exit, 1);
  t.match(refused.out.replace(/\s+/g, ' '), /set adopt: true/);
  t.match(await identity(two), { deployed: true }, 'nobody deletes it meanwhile');
  two.configure(', adopt: true');
  const taken = await two.run('sync');
  t.equal(taken.exit, 0, taken.out);
  t.match(await identity(two), { owner: 'b', deployed: true, generation: '2' });
  t.match((await two.run('describe', 'client', 'bot')).out, /appName: Changed/);
});

t.test('two sources that declare one resource are both told until one gives it up', async (t) => {
  const two = twoSources(t);
  await begun(two);
  two.write('b/bot.yaml', bot({ appName: 'From b' }));
  t.equal((await two.run('sync')).exit, 1, 'b is refused');
  const told = await two.run('sync', '-o', 'json');
  const [a, b] = JSON.parse(told.out).items;
  t.match(a, {
    source: 'a',
    summary: { unchanged: 2, blocked: 0 },
    problems: [
      { severity: 'warning', code: 'MANIFEST_CONFLICT', file: 'bot.yaml', message: /source b/ },
    ],
  });
  t.match(b, {
    source: 'b',
    summary: { blocked: 1 },
    problems: [
      { severity: 'error', code: 'MANIFEST_CONFLICT', file: 'bot.yaml', message: /source a/ },
    ],
  });
  const { out: status } = await two.run('status', '-o', 'json');
  t.match(status, /1 resource declared elsewhere too/);
  t.notMatch((await two.run('describe', 'client', 'bot')).out, /From b/, 'neither wins silently');

  two.remove('b/bot.yaml');
  const healed = await two.run('sync');
  t.equal(healed.exit, 0);
  const quiet = await two.run('sync');
  t.notMatch(quiet.out, /CONFLICT/);
  t.notMatch((await two.run('status', '-o', 'json')).out, /elsewhere/);
});

t.test(
  'a record made by hand is adopted when it is equal, and else only where the source may',
  async (t) => {
    const two = twoSources(t);
    two.write('a/key.yaml', tokenYaml('key'));
    two.write('hand.yaml', `${bot()}---\n${pluginYaml('tool')}---\n${tokenYaml('key')}`);
    t.equal((await two.run('apply', '-f', 'hand.yaml')).exit, 0);
    two.write('a/bot.yaml', bot());
    two.write('a/tool.yaml', pluginYaml('tool', { topic: 'another' }));
    const first = await two.run('sync', 'a');
    t.equal(first.exit, 1);
    t.match(first.out, /= adopt LLMClient bot/);
    t.match(first.out, /! blocked Plugin tool/);
    t.match(await identity(two), { owner: 'a', generation: '1' });
    two.configure(', adopt: true');
    t.equal((await two.run('sync', 'a')).exit, 0);
    t.match((await two.run('get', 'plugin', 'tool', '-o', 'wide')).out, /\ba\b/);
  },
);

t.test(
  'a protected record outlives its file, its source and a command, until somebody takes the protection away',
  async (t) => {
    const two = twoSources(t);
    const guarded = pluginYaml('tool').replace(
      '"version": "1.0.0"',
      '"version": "1.0.0", "annotations": [{ "plumbline.dev/protect": true }]',
    );
    two.write('a/tool.yaml', guarded);
    two.write('a/key.yaml', tokenYaml('key'));
    two.write('b/other.yaml', pluginYaml('other'));
    t.equal((await two.run('sync')).exit, 0);
    two.remove('a/tool.yaml');
    for (let pass = 0; pass < 2; pass += 1) {
      const kept = await two.run('sync');
      t.equal(kept.exit, 1);
      t.match(kept.out, /protected by the annotation/);
    }
    const refused = await two.run('delete', 'plugin', 'tool');
    t.equal(refused.exit, 1);
    t.match(refused.err, /RECORD_PROTECTED/);
    two.write('bare.yaml', pluginYaml('tool'));
    t.equal((await two.run('apply', '-f', 'bare.yaml')).exit, 0);
    t.equal((await two.run('delete', 'plugin', 'tool')).exit, 0);
    t.equal((await two.run('sync')).exit, 0);
  },
);

t.test(
  'a source that was renamed takes over its records once the old one has let go',
  async (t) => {
    const world = new World(t, { PLUMBLINE_SOURCE_NAME: 'old' });
    world.write('key.yaml', tokenYaml('key'));
    world.write('bot.yaml', clientYaml('bot', { deployed: true }, { apiKey: 'key' }));
    t.equal((await world.run('sync')).exit, 0);
    const before = (await world.run('export')).out;
    const renamed = new World(t, { ...world.environment, PLUMBLINE_SOURCE_NAME: 'new' });
    const blocked = await renamed.run('sync');
    t.equal(blocked.exit, 1);
    t.match(blocked.out, /belongs to the source old/);
    t.match(blocked.out.replace(/\s+/g, ' '), /gone for good, type 'plumbline release old'/);
    const { out } = await renamed.run('status');
    t.match(out, /old is not configured here and owns 2 records\.\n.*: plumbline release old\n/);
    t.match(JSON.parse((await renamed.run('status', '-o', 'json')).out), {
      left: [{ name: 'old', records: 2 }],
    });

    t.match((await world.run('release', 'old')).err, /the source old is configured/);
    t.match((await renamed.run('release', 'odl')).err, /SOURCE_UNKNOWN.*did you mean old/s);
    const released = await renamed.run('release', 'old');
    t.equal(released.exit, 0);
    t.match(released.out, /old has let go of 2 records/);
    const synced = await renamed.report('sync');
    t.equal(synced.exit, 0);
    t.same(
      synced.changes.map((it) => it.action),
      ['adopt', 'adopt'],
    );
    t.equal((await renamed.run('plan')).exit, 0);
    t.equal((await renamed.run('export')).out, before);
    t.notMatch((await renamed.run('status')).out, /old/);
    t.match((await renamed.run('history', '--verb', 'release')).out, /release +source\/old/);
  },
);

t.test("a released source stands in nobody's way any more", async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_NAME: 'old', PLUMBLINE_SOURCE_PRUNE: 'true' });
  for (const name of ['one', 'two']) world.write(`${name}.yaml`, tokenYaml(name));
  t.equal((await world.run('sync')).exit, 0);
  const next = new World(t, { ...world.environment, PLUMBLINE_SOURCE_NAME: 'next' });
  t.equal((await next.run('sync')).exit, 1, 'both declare both');
  t.equal((await next.run('release', 'old')).exit, 0);
  const taken = await next.run('sync');
  t.equal(taken.exit, 0);
  t.notMatch(taken.out, 'declared by the source old', 'it declares nothing');
  world.remove('two.yaml');
  t.match(
    (await next.run('sync')).out,
    /- delete SmarterAuthToken two/,
    'and nothing is left to it',
  );
  t.notMatch((await next.run('get', 'tokens', '-o', 'name')).out, /two/);
  t.match((await next.run('release', 'old')).err, /nothing is known of a source named old/);

  const back = await world.run('sync');
  t.match(
    back.out.replace(/\s+/g, ' '),
    /belongs to the source next/,
    'come back, it is read anew',
  );
});

t.test('what a released source leaves behind is for a person to delete', async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_NAME: 'old' });
  world.write('key.yaml', tokenYaml('key'));
  t.equal((await world.run('sync')).exit, 0);
  world.remove('key.yaml');
  world.write('other.yaml', tokenYaml('other'));
  const next = new World(t, { ...world.environment, PLUMBLINE_SOURCE_NAME: 'next' });
  const refused = await next.run('delete', 'token', 'key');
  t.match(refused.err, /RECORD_OWNED/);
  t.equal((await next.run('release', 'old')).exit, 0);
  t.equal((await next.run('sync')).exit, 0);
  t.match((await next.run('get', 'tokens', '-o', 'name')).out, /key/, 'a sync leaves it alone');
  t.equal((await next.run('delete', 'token', 'key')).exit, 0);
});

t.test(
  'a record that is kept without its manifest is told of, and counted as declared by nobody',
  async (t) => {
    const world = new World(t, { PLUMBLINE_SOURCE_PRUNE: 'false' });
    for (const name of ['one', 'two', 'three']) world.write(`${name}.yaml`, tokenYaml(name));
    t.equal((await world.run('sync')).exit, 0);
    world.remove('two.yaml');
    const left = await world.run('sync');
    t.match(left.out.replace(/\s+/g, ' '), /> keep SmarterAuthToken two: no manifest declares it/);
    for (const round of [1, 2])
      t.match((await world.run('sync')).out, /all 2 records are as declared/, `look ${round}`);
    t.match((await world.run('get', 'tokens', 'two*', '-o', 'name')).out, /two/);
    t.match((await world.run('get', 'tokens', 'zz*')).err, /no SmarterAuthToken record matches/);
    t.match((await world.run('get', 'plugins')).err, /no Plugin records in the account default/);
  },
);
