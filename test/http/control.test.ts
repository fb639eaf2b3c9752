import { Secret } from '../../src/lib/secret.ts';
import { issueToken, revokeToken } from '../../src/reconcile/tokens.ts';
import { listeningApi } from '../support/api.ts';
import { t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

t.test('what a plan holds is approved over HTTP, and then done', async (t) => {
  const names = Array.from({ length: 110 }, (_, at) => `p${at}`);
  const files = Object.fromEntries(names.map((name) => [`${name}.yaml`, pluginYaml(name)]));
  const { source, ask, daemon } = await listeningApi(t, { files });
  const list = async () => (await ask('GET', '/api/v1/approvals')).body.items;
  t.same(await list(), []);
  source.files = { 'p0.yaml': pluginYaml('p0') };
  await ask('POST', '/api/v1/sources/team/sync');
  await until(() => daemon.status()[0]?.outcome === 'held');
  const [waiting] = await list();
  t.equal(waiting.changes.length, 109);
  t.equal(waiting.approved, undefined);
  const metrics = async () => (await ask('GET', '/metrics')).text;
  t.match(await metrics(), /plumbline_held_changes\{source="team",guard="deletes"\} 109/);

  const approved = await ask('POST', '/api/v1/approvals', JSON.stringify({ plan: waiting.plan }));
  t.match(approved, { status: 200, body: { source: 'team', changes: { length: 109 } } });
  await until(
    async () => (await ask('GET', '/api/v1/resources?kind=plugin')).body.items.length === 1,
  );
  await until(async () => /plumbline_held_changes\{.*"deletes"\} 0/.test(await metrics()));
  const again = await ask('POST', '/api/v1/approvals', JSON.stringify({ plan: waiting.plan }));
  t.match(again, { status: 404, body: { error: { code: 'PLAN_UNKNOWN' } } }, 'once');
  const [entry] = (await ask('GET', '/api/v1/journal?verb=approve')).body.items;
  t.match(entry, { actor: 'http:local', source: 'team' });
});

t.test('a source and a record are left alone over HTTP until they are resumed', async (t) => {
  const { source, ask, daemon } = await listeningApi(t, { files: { 'a.yaml': pluginYaml('a') } });
  const sync = async (outcome: string) => {
    const { request } = (await ask('POST', '/api/v1/sources/team/sync')).body;
    await until(() => daemon.status()[0]?.requests.includes(request) === true);
    t.equal(daemon.status()[0]?.outcome, outcome);
  };
  const subjects = [
    { at: '/api/v1/sources/team', outcome: 'suspended' },
    { at: '/api/v1/resources/plugin/a', outcome: 'held' },
  ];
  for (const [round, { at, outcome }] of subjects.entries()) {
    const suspended = await ask('POST', `${at}/suspend`, '{"reason": "an incident"}');
    t.equal(suspended.status, 200, suspended.text);
    const [row] = (await ask('GET', '/api/v1/suspensions')).body.items;
    t.match(row, { reason: 'an incident', actor: 'http:local' });
    source.files = { 'a.yaml': pluginYaml('a', { topic: `round ${round}` }) };
    await sync(outcome);
    t.same((await ask('POST', `${at}/resume`)).body, { resumed: true });
    t.same((await ask('POST', `${at}/resume`)).body, { resumed: false });
    await sync('converged');
  }
  const refusals = [
    { path: '/api/v1/sources/nowhere/suspend', body: '{}', status: 404, code: 'SOURCE_UNKNOWN' },
    {
      path: '/api/v1/resources/plugin/nobody/suspend',
      body: '{}',
      status: 404,
      code: 'RECORD_NOT_FOUND',
    },
    {
      path: '/api/v1/sources/team/suspend',
      body: '{"until": "2001-01-01T00:00:00Z"}',
      status: 400,
      code: 'REQUEST_INVALID',
    },
  ];
  for (const { path, body, status, code } of refusals)
    t.match(await ask('POST', path, body), { status, body: { error: { code } } }, path);
});

t.test('a deleted record comes back over HTTP, and says where its values are from', async (t) => {
  const { ask } = await listeningApi(t, { files: { 'bot.yaml': clientYaml('bot') } });
  const why = (await ask('GET', '/api/v1/resources/llmclient/bot/why?field=defaultModel')).body;
  t.match(why, {
    source: 'team',
    fields: [
      { path: 'spec.config.defaultModel', value: 'gpt-4o-mini', file: 'bot.yaml', lineOf: 'field' },
    ],
  });
  t.match(await ask('GET', '/api/v1/resources/llmclient/bot/why?field=colour'), { status: 400 });
  t.match(await ask('GET', '/api/v1/resources/llmclient/nobody/why'), { status: 404 });

  await ask('POST', '/api/v1/resources', pluginYaml('gone', { topic: 'kept' }));
  const before = (await ask('GET', '/api/v1/resources/plugin/gone')).body;
  await ask('DELETE', '/api/v1/resources/plugin/gone');
  t.match((await ask('GET', '/api/v1/trash')).body.items, [{ kind: 'Plugin', name: 'gone' }]);
  const restore = '/api/v1/resources/plugin/gone/restore';
  t.match((await ask('POST', `${restore}?dryRun=true`)).body, { kind: 'Plan' });
  t.equal(
    (await ask('GET', '/api/v1/resources/plugin/gone')).status,
    404,
    'a dry run does nothing',
  );
  t.equal((await ask('POST', restore)).status, 200);
  t.same((await ask('GET', '/api/v1/resources/plugin/gone')).body.spec, before.spec);
  t.match(await ask('POST', restore), { status: 409, body: { error: { code: 'RECORD_EXISTS' } } });
});

t.test(
  'the secret of an API key speaks to the clients that name the key, and opens nothing else',
  async (t) => {
    const files = {
      'keys.yaml': [tokenYaml('mine'), tokenYaml('other')].join('---\n'),
      'bot.yaml': clientYaml('bot', { deployed: true }, { apiKey: 'mine' }),
      'open.yaml': clientYaml('unkeyed'),
    };
    const { ports, ask } = await listeningApi(t, { files, token: new Secret('only-for-people') });
    const request = (name: string) => ({
      key: { account: 'default', space: 'smarter_auth_token', name },
      actor: 'user:ann',
    });
    const issue = async (name: string) => (await issueToken(ports, request(name))).text.reveal();
    const [mine, other] = [await issue('mine'), await issue('other')];
    const told = async (path: string, token: string, method = 'POST', body?: string) => {
      const answer = await ask(method, path, body, { authorization: `Token ${token}` });
      return answer.status;
    };
    const says = '{"prompt": "Hello"}';
    const prompt = (name: string) => `/api/v1/resources/llmclient/${name}/prompt`;
    // The record itself is the endpoint here, so nothing answers; who gets as far as that was let in.
    t.equal(await told(prompt('bot'), mine, 'POST', says), 501);
    t.equal(await told('/api/v1/cli/prompt/bot/', mine, 'POST', says), 501);
    const refused: readonly (readonly [path: string, token: string, method: string])[] = [
      [prompt('bot'), other, 'POST'],
      [prompt('bot'), `${mine.slice(0, -1)}x`, 'POST'],
      [prompt('bot'), '', 'POST'],
      [prompt('unkeyed'), mine, 'POST'],
      [prompt('nobody'), mine, 'POST'],
      ['/api/v1/cli/prompt/bot/', other, 'POST'],
      ['/api/v1/resources', mine, 'GET'],
      ['/api/v1/resources/llmclient/bot', mine, 'DELETE'],
      ['/api/v1/cli/get/llmclient/', mine, 'POST'],
      ['/api/v1/sync', mine, 'POST'],
    ];
    for (const [path, token, method] of refused) {
      const body = method === 'POST' ? says : undefined;
      t.equal(await told(path, token, method, body), 401, `${method} ${path}`);
    }
    await revokeToken(ports, request('mine'));
    t.equal(await told(prompt('bot'), mine, 'POST', says), 401, 'once it is revoked');
    t.equal(await told(prompt('bot'), 'only-for-people', 'POST', says), 501);
  },
);
