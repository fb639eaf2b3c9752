import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { behindItsBack } from '../support/database.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, type Report, tokenYaml, World } from '../support/world.ts';

const fileHash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

const told = ({ changes }: Report) => changes.map((it) => `${it.action} ${it.name}`);
const fieldsOf = ({ changes }: Report) =>
  changes.flatMap((it) =>
    it.fields.map(({ path, from, to, cause }) => ({ path, from, to, cause })),
  );

async function synced(t: Test, environment: Record<string, string> = {}): Promise<World> {
  const world = new World(t, environment);
  world.write('key.yaml', tokenYaml('key'));
  world.write('returns.yaml', pluginYaml('returns'));
  world.write('hours.yaml', pluginYaml('hours'));
  world.write(
    'bot.yaml',
    clientYaml(
      'bot',
      { deployed: true, appName: 'Bot' },
      { apiKey: 'key', plugins: ['returns', 'hours'] },
    ),
  );
  world.write('guide.yaml', clientYaml('guide'));
  const { exit, err } = await world.run('sync');
  if (exit !== 0) throw new Error(err);
  return world;
}

t.test(
  'a change made behind its back is told, left alone by drift and undone by sync',
  async (t) => {
    const cases = [
      {
        name: 'a field',
        sql: "UPDATE llm_client SET default_model = 'gpt-4.1' WHERE name = 'guide'",
        action: 'update guide',
        field: { path: 'spec.config.defaultModel', from: 'gpt-4.1', to: 'gpt-4o-mini' },
      },
      {
        name: 'a field that Git leaves empty',
        sql: "UPDATE llm_client SET app_name = 'Meddled' WHERE name = 'guide'",
        action: 'update guide',
        field: { path: 'spec.config.appName', from: 'Meddled', to: null },
      },
      {
        name: 'a row of a list',
        sql: `DELETE FROM llm_client_plugin
            WHERE plugin_meta_id = (SELECT id FROM plugin_meta WHERE name = 'hours')`,
        action: 'update bot',
        field: { path: 'spec.plugins', from: ['returns'], to: ['returns', 'hours'] },
      },
      {
        name: 'a row of a one-to-one table',
        sql: "UPDATE plugin_prompt SET system_role = 'Lie.' WHERE plugin_meta_id = (SELECT id FROM plugin_meta WHERE name = 'returns')",
        action: 'update returns',
        field: { path: 'spec.prompt.systemRole', from: 'Lie.', to: 'Look it up.' },
      },
      {
        name: 'a switch of deployment',
        sql: "UPDATE llm_client SET deployed = 0 WHERE name = 'bot'",
        action: 'deploy bot',
        field: { path: 'spec.config.deployed', from: false, to: true },
      },
      {
        name: 'a deleted record',
        sql: "DELETE FROM llm_client WHERE name = 'guide'",
        action: 'create guide',
        field: { path: 'spec.config.defaultModel', from: null, to: 'gpt-4o-mini' },
      },
    ];
    const world = await synced(t);
    t.equal((await world.run('drift')).exit, 0);
    for (const { name, sql, action, field } of cases) {
      await t.test(name, async (t) => {
        await behindItsBack(world.database, sql);
        const hash = fileHash(world.database);
        const drift = await world.report('drift');
        t.equal(drift.exit, 2);
        t.equal(drift.kind, 'DriftReport');
        t.same(told(drift), [action]);
        const found = fieldsOf(drift).find((it) => it.path === field.path);
        t.same(found, { ...field, cause: 'drift' });
        const plan = await world.report('plan');
        t.same(told(plan), [action]);
        t.same(
          fieldsOf(plan).find((it) => it.path === field.path),
          found,
        );
        t.equal(fileHash(world.database), hash, 'nothing is written');

        const sync = await world.report('sync');
        t.equal(sync.exit, 0);
        t.same(
          sync.changes.map((it) => `${it.action} ${it.name} ${it.outcome}`),
          [`${action} applied`],
          'a sync of an unchanged revision notices it',
        );
        const entries = JSON.parse((await world.run('history', '--limit', '2', '-o', 'json')).out);
        t.match(entries[1], {
          verb: action.split(' ')[0],
          name: action.split(' ')[1],
          outcome: 'applied',
        });
        t.equal((await world.run('drift')).exit, 0);
        t.same((await world.report('sync')).changes, []);
      });
    }
  },
);

t.test('what others refer to can be deleted behind its back, and all is whole again', async (t) => {
  const world = await synced(t);
  await behindItsBack(world.database, "DELETE FROM plugin_meta WHERE name = 'hours'");
  const expected = ['create hours', 'update bot'];
  t.same(told(await world.report('drift')), expected);
  const sync = await world.report('sync');
  t.equal(sync.exit, 0);
  t.same(told(sync), expected);
  t.equal((await world.run('drift')).exit, 0);
  t.equal((await world.run('doctor')).exit, 0, 'no row is left behind');
});

t.test('what waits in Git never shows as drift, and a plan tells the two apart', async (t) => {
  const world = await synced(t);
  world.write('guide.yaml', clientYaml('guide', { appName: 'From Git', defaultModel: 'gpt-4.1' }));
  world.write('extra.yaml', clientYaml('extra'));
  world.remove('hours.yaml');
  const none = await world.report('drift');
  t.equal(none.exit, 0);
  t.same(none.changes, []);

  await behindItsBack(
    world.database,
    "UPDATE llm_client SET app_placeholder = 'By hand', default_model = 'gpt-5' WHERE name = 'guide'",
  );
  t.same(fieldsOf(await world.report('drift')), [
    { path: 'spec.config.defaultModel', from: 'gpt-5', to: 'gpt-4o-mini', cause: 'drift' },
    { path: 'spec.config.appPlaceholder', from: 'By hand', to: null, cause: 'drift' },
  ]);
  const plan = await world.report('plan');
  const guide = plan.changes.filter((it) => it.name === 'guide');
  t.same(fieldsOf({ ...plan, changes: guide }), [
    { path: 'spec.config.defaultModel', from: 'gpt-5', to: 'gpt-4.1', cause: 'both' },
    { path: 'spec.config.appName', from: null, to: 'From Git', cause: 'git' },
    { path: 'spec.config.appPlaceholder', from: 'By hand', to: null, cause: 'drift' },
  ]);
});

t.test('where drift is only told, it stays, and what Git changes goes through', async (t) => {
  const world = await synced(t, { PLUMBLINE_SOURCE_DRIFT: 'report' });
  const status = async () => JSON.parse((await world.run('status', '-o', 'json')).out).sources[0];
  const guide = async () =>
    JSON.parse((await world.run('describe', 'llmclient', 'guide', '-o', 'json')).out).spec.config;
  await behindItsBack(
    world.database,
    "UPDATE llm_client SET app_placeholder = 'By hand' WHERE name = 'guide'",
  );
  const left = await world.report('sync');
  t.equal(left.exit, 0);
  t.same(left.changes, []);
  t.match(await status(), { outcome: 'drifted' });
  t.match(await guide(), { appPlaceholder: 'By hand' });

  world.write('guide.yaml', clientYaml('guide', { appName: 'From Git' }));
  const through = await world.report('sync');
  t.equal(through.exit, 0);
  t.same(fieldsOf(through), [
    { path: 'spec.config.appName', from: null, to: 'From Git', cause: 'git' },
  ]);
  t.match(await guide(), { appPlaceholder: 'By hand', appName: 'From Git' });
  t.match(await status(), { outcome: 'drifted' });
  t.same(fieldsOf(await world.report('drift')), [
    { path: 'spec.config.appPlaceholder', from: 'By hand', to: null, cause: 'drift' },
  ]);

  await behindItsBack(world.database, "UPDATE llm_client SET deployed = 0 WHERE name = 'bot'");
  await behindItsBack(world.database, "DELETE FROM llm_client WHERE name = 'guide'");
  const sync = await world.report('sync');
  t.equal(sync.exit, 0);
  t.same(sync.changes, []);
  t.same(told(await world.report('drift')), ['deploy bot', 'create guide']);
});

t.test('turning enforcement on repairs what was only told', async (t) => {
  const world = await synced(t, { PLUMBLINE_SOURCE_DRIFT: 'report' });
  await behindItsBack(world.database, "UPDATE llm_client SET app_name = 'X' WHERE name = 'guide'");
  t.same((await world.report('sync')).changes, []);
  const enforcing = new World(t, { ...world.environment, PLUMBLINE_SOURCE_DRIFT: 'enforce' });
  t.same(told(await enforcing.report('sync')), ['update guide']);
  t.equal((await world.run('drift')).exit, 0);
});

t.test(
  'a drift report is the same bytes every time, and well formed for every reader',
  async (t) => {
    const world = await synced(t);
    await behindItsBack(
      world.database,
      `UPDATE llm_client SET app_welcome_message = 'a < b & "c" ]]> ' || char(27) || '[31m' WHERE name = 'guide'`,
    );
    await behindItsBack(world.database, "DELETE FROM llm_client WHERE name = 'bot'");
    const first = await world.run('drift', '-o', 'json');
    t.equal(first.exit, 2);
    for (let round = 0; round < 5; round += 1)
      t.equal((await world.run('drift', '-o', 'json')).out, first.out);

    const junit = await world.run('drift', '-o', 'junit');
    t.equal(junit.exit, 2);
    t.match(junit.out, /<failure/);
    t.match(junit.out, /appWelcomeMessage/);
    t.equal(xmlFault(junit.out), undefined);
    const markdown = await world.run('drift', '-o', 'markdown');
    t.equal(markdown.exit, 2);
    t.match(markdown.out, /spec\.config\.appWelcomeMessage/);
    for (const { out } of [first, junit, markdown])
      t.notMatch(out, String.fromCharCode(27), 'no control character of a record leaves it raw');
  },
);

t.test('drift asks no source: it answers while the source is away', async (t) => {
  const world = await synced(t);
  await behindItsBack(world.database, "UPDATE llm_client SET app_name = 'X' WHERE name = 'guide'");
  world.remove('');
  t.same(told(await world.report('drift')), ['update guide']);
  t.equal((await world.run('plan')).exit, 1);
});

/** What is wrong with a text as XML, as far as tags, their nesting, entities and characters go. */
function xmlFault(text: string): string | undefined {
  const open: string[] = [];
  const body = text.replace(/^<\?xml [^?]*\?>\s*/, '');
  const piece =
    /<!\[CDATA\[[\s\S]*?\]\]>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;
  for (const [whole, closing, name, attributes = '', empty, words, stray] of body.matchAll(piece)) {
    if (stray !== undefined) return `a stray < before ${body.slice(body.indexOf(whole), 40)}`;
    const loose = `${attributes}${words ?? ''}`;
    if (/&(?!(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);)/.test(loose))
      return `a loose & in ${whole}`;
    if (words?.includes(']]>') === true) return `]]> in ${words}`;
    if (name === undefined) continue;
    if (closing === '/') {
      if (open.pop() !== name) return `</${name}> closes another`;
    } else if (empty !== '/') open.push(name);
  }
  const forbidden = [...body].some((it) => it < ' ' && !'\t\n\r'.includes(it));
  if (forbidden) return 'a control character';
  return open.length === 0 ? undefined : `<${open.join('><')}> stays open`;
}
