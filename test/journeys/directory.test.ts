import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

const fileHash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

t.test(
  'a folder of manifests becomes records, and a second sync finds nothing to do',
  async (t) => {
    const world = new World(t);
    world.write('plugins/returns.yaml', pluginYaml('returns'));
    world.write('tokens/key.yaml', tokenYaml('key'));
    world.write(
      'clients/bot.yaml',
      clientYaml('bot', { deployed: true }, { plugins: ['returns'], apiKey: 'key' }),
    );

    const plan = await world.report('plan');
    t.equal(plan.exit, 2, 'a plan with differences exits 2');
    t.same(
      plan.changes.map((it) => `${it.action} ${it.kind} ${it.name}`),
      [
        'create SmarterAuthToken key',
        'create Plugin returns',
        'create LLMClient bot',
        'deploy LLMClient bot',
      ],
      'what is referred to comes first',
    );
    const first = await world.report('sync');
    t.equal(first.exit, 0);
    t.same(
      first.changes.map((it) => it.outcome),
      ['applied', 'applied', 'applied', 'applied'],
    );

    const described = JSON.parse(
      (await world.run('describe', 'llmclient', 'bot', '-o', 'json')).out,
    );
    t.equal(described.spec.config.deployed, true);
    t.same(described.spec.plugins, ['returns']);
    t.equal(described.spec.apiKey, 'key');
    t.match(described.status, { recordLocator: /^llmclient-r\w+x$/, deployed: true });

    t.equal((await world.run('plan')).exit, 0, 'after a sync the plan is empty');
    const before = fileHash(world.database);
    const second = await world.report('sync');
    t.equal(second.exit, 0);
    t.same(second.changes, []);
    t.equal(second.summary['unchanged'], 3);
    t.equal(fileHash(world.database), before, 'the second sync changes no byte');
    const log = statSync(`${world.database}-wal`, { throwIfNoEntry: false });
    t.equal(log?.size ?? 0, 0, 'and nothing waits in the log');
  },
);

t.test('a change, a move, a rename and a removal each do what they say', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  world.write('b.yaml', clientYaml('beta'));
  world.write('c.yaml', clientYaml('gamma'));
  world.write('d.yaml', clientYaml('delta'));
  await world.run('sync');

  await t.test('an edited field is one update with that field', async (t) => {
    world.write('a.yaml', clientYaml('alpha', { defaultModel: 'gpt-4.1' }));
    const { changes } = await world.report('sync');
    t.match(changes, [
      {
        action: 'update',
        name: 'alpha',
        outcome: 'applied',
        fields: [
          {
            path: 'spec.config.defaultModel',
            from: 'gpt-4o-mini',
            to: 'gpt-4.1',
            cause: 'git',
            class: 'cost',
          },
        ],
      },
    ]);
  });

  await t.test('a manifest that moves to another file changes no record', async (t) => {
    world.remove('b.yaml');
    world.write('moved/b.yaml', clientYaml('beta'));
    const { changes, exit } = await world.report('sync');
    t.same(changes, []);
    t.equal(exit, 0);
    world.write('moved/b.yaml', clientYaml('beta', { appName: 'B' }));
    const after = await world.report('plan');
    t.match(after.changes, [{ action: 'update', file: 'moved/b.yaml' }]);
    await world.run('sync');
  });

  await t.test('a renamed resource is a create and a delete, shown as such', async (t) => {
    world.write('c.yaml', clientYaml('gamma_two'));
    const { changes } = await world.report('sync');
    t.same(
      changes.map((it) => `${it.action} ${it.name} ${it.outcome}`),
      ['create gamma_two applied', 'delete gamma applied'],
    );
  });

  await t.test('a removed file is pruned', async (t) => {
    world.remove('d.yaml');
    const { changes } = await world.report('sync');
    t.same(
      changes.map((it) => `${it.action} ${it.name} ${it.outcome}`),
      ['delete delta applied'],
    );
    t.equal((await world.run('get', 'llmclient', 'delta')).exit, 1);
  });
});

t.test(
  'a deployed client is undeployed before it is deleted, and both are journalled',
  async (t) => {
    const world = new World(t);
    world.write('key.yaml', tokenYaml('key'));
    world.write('bot.yaml', clientYaml('bot', { deployed: true }, { apiKey: 'key' }));
    await world.run('sync');
    world.remove('bot.yaml');
    const { changes } = await world.report('sync');
    t.same(
      changes.map((it) => `${it.action} ${it.name} ${it.outcome}`),
      ['undeploy bot applied', 'delete bot applied'],
    );
    const entries = JSON.parse((await world.run('history', '--name', 'bot', '-o', 'json')).out);
    t.same(
      entries.map((it: { verb: string }) => it.verb),
      ['delete', 'undeploy', 'deploy', 'create'],
    );
  },
);

t.test('without prune a removed file only leaves an orphan', async (t) => {
  const world = new World(t, { PLUMBLINE_SOURCE_PRUNE: 'false' });
  world.write('a.yaml', clientYaml('alpha'));
  world.write('b.yaml', clientYaml('beta'));
  await world.run('sync');
  world.remove('b.yaml');
  const { exit, changes } = await world.report('sync');
  t.equal(exit, 0);
  t.same(changes, []);
  t.equal((await world.run('get', 'llmclient', 'beta', '-o', 'name')).out, 'llmclient/beta\n');
  t.equal((await world.run('plan')).exit, 0, 'the plan stays empty');
});

t.test(
  'one bad file stops only itself, and nothing is deleted while it cannot be read',
  async (t) => {
    const world = new World(t);
    world.write('good.yaml', clientYaml('good'));
    world.write('bad.yaml', clientYaml('bad'));
    world.write('gone.yaml', clientYaml('gone'));
    await world.run('sync');
    world.write('good.yaml', clientYaml('good', { appName: 'Better' }));
    world.write(
      'bad.yaml',
      'apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n  name: "bad\n',
    );
    world.remove('gone.yaml');
    const { exit, changes, problems } = await world.report('sync');
    t.equal(exit, 1);
    t.match(problems, [{ severity: 'error', code: 'MANIFEST_SYNTAX', file: 'bad.yaml' }]);
    t.match(changes, [
      { action: 'update', name: 'good', outcome: 'applied' },
      { action: 'blocked', name: 'gone' },
    ]);
    t.equal(
      (await world.run('get', 'llmclient', 'bad', '-o', 'name')).exit,
      0,
      'the last good record stays',
    );
    t.equal((await world.run('get', 'llmclient', 'gone', '-o', 'name')).exit, 0);

    world.write('bad.yaml', clientYaml('bad', { appName: 'Mended' }));
    const mended = await world.report('sync');
    t.equal(mended.exit, 0);
    t.match(mended.changes, [
      { action: 'update', name: 'bad' },
      { action: 'delete', name: 'gone' },
    ]);
  },
);

t.test('a plan is the same bytes every time and changes no byte of the database', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  await world.run('sync');
  world.write('a.yaml', clientYaml('alpha', { appName: 'A' }));
  world.write('b.yaml', clientYaml('beta'));
  const hash = fileHash(world.database);
  const first = await world.run('plan', '-o', 'json');
  for (let round = 0; round < 5; round += 1)
    t.equal((await world.run('plan', '-o', 'json')).out, first.out);
  await world.run('drift', '-o', 'json');
  await world.run('apply', '-f', 'manifests', '--dry-run');
  await world.run('export');
  t.equal(fileHash(world.database), hash);
});

t.test('a plan before the first sync creates no database', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  t.equal((await world.run('plan')).exit, 2);
  t.throws(() => readFileSync(world.database), { code: 'ENOENT' });
});

t.test('an empty or missing folder deletes nothing', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  await world.run('sync');
  world.remove('a.yaml');
  const empty = await world.report('sync');
  t.equal(empty.exit, 3, 'a source that would become empty is held');
  t.match(empty.changes, [{ action: 'delete', held: true, outcome: 'held' }]);
  const { rmSync } = await import('node:fs');
  rmSync(world.path(''), { recursive: true });
  const missing = await world.run('sync');
  t.equal(missing.exit, 1);
  t.match(missing.err + missing.out, /SOURCE_NOT_FOUND/);
  t.equal((await world.run('get', 'llmclient', 'alpha', '-o', 'name')).exit, 0);
});

t.test('a client that a manifest leaves to its operator keeps what the operator set', async (t) => {
  const world = new World(t);
  world.write('key.yaml', tokenYaml('key'));
  world.write('free.yaml', clientYaml('free', {}, { apiKey: 'key' }));
  world.write('fixed.yaml', clientYaml('fixed', { deployed: false }, { apiKey: 'key' }));
  await world.run('sync');
  t.equal((await world.run('deploy', 'llmclient', 'free')).exit, 0);
  t.equal((await world.run('plan')).exit, 0, 'no drift: Git does not manage it');
  const refused = await world.run('deploy', 'llmclient', 'fixed');
  t.equal(refused.exit, 1);
  t.match(refused.err, /RECORD_OWNED.*fixed\.yaml/s);
  const { out } = await world.run('export', '--kind', 'llmclient');
  t.notMatch(
    out.split('---').find((it) => it.includes('name: free')),
    /deployed:/,
    'export leaves it to the operator',
  );
  t.match(
    out.split('---').find((it) => it.includes('name: fixed')),
    /deployed: false/,
  );
});

t.test('manual records are left alone, and adopted only when equal or allowed', async (t) => {
  const world = new World(t);
  world.write('../by-hand.yaml', clientYaml('mine', { appName: 'By hand' }));
  t.equal((await world.run('apply', '-f', 'by-hand.yaml')).exit, 0);
  world.write('other.yaml', clientYaml('other'));
  t.equal((await world.run('sync')).exit, 0);
  t.equal(
    (await world.run('get', 'llmclient', 'mine', '-o', 'name')).exit,
    0,
    'foreign, untouched',
  );

  world.write('mine.yaml', clientYaml('mine', { appName: 'From Git' }));
  const blocked = await world.report('sync');
  t.match(blocked.changes, [{ action: 'blocked', name: 'mine' }]);
  world.write('mine.yaml', clientYaml('mine', { appName: 'By hand' }));
  const adopted = await world.report('sync');
  t.match(adopted.changes, [{ action: 'adopt', name: 'mine', outcome: 'applied', fields: [] }]);
  t.equal((await world.run('plan')).exit, 0);
  const refused = await world.run('delete', 'llmclient', 'mine');
  t.equal(refused.exit, 1);
  t.match(refused.err, /RECORD_OWNED/);
});
