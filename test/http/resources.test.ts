import { history } from '../../src/store/journal.ts';
import { listeningApi } from '../support/api.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

const anonymous = { 'plumbline.dev/anonymous': 'allow' };

/** A client that anybody may call, said so. */
function openClient(name: string): string {
  const manifest = JSON.parse(clientYaml(name, { deployed: true }));
  manifest.metadata.annotations = [anonymous];
  return JSON.stringify(manifest);
}

t.test(
  'a record is written, shown, switched and deleted, and the journal says that it was by HTTP',
  async (t) => {
    const { ports, ask } = await listeningApi(t);
    const manifest = clientYaml('by_hand');

    const planned = await ask('POST', '/api/v1/resources?dryRun=true', manifest);
    t.match([planned.status, planned.body], [200, { kind: 'Plan', summary: { create: 1 } }]);
    t.equal(
      (await ask('GET', '/api/v1/resources/llmclient/by_hand')).status,
      404,
      'nothing is written',
    );

    const applied = await ask('POST', '/api/v1/resources', manifest);
    t.match(
      [applied.status, applied.body],
      [
        200,
        {
          kind: 'SyncReport',
          changes: [{ action: 'create', name: 'by_hand', outcome: 'applied' }],
        },
      ],
    );
    const again = await ask('POST', '/api/v1/resources', manifest);
    t.match([again.status, again.body.changes], [200, []], 'the same once more changes nothing');

    const shown = await ask('GET', '/api/v1/resources/chatbots/by-hand');
    t.match(
      [shown.status, shown.body],
      [200, { kind: 'LLMClient', metadata: { name: 'by_hand' }, status: { deployed: false } }],
    );

    const opened = await ask('POST', '/api/v1/resources', openClient('open_one'));
    t.same(
      opened.body.changes.map((it: { action: string }) => it.action),
      ['create', 'deploy'],
    );
    const withdrawn = await ask('POST', '/api/v1/resources/llmclient/open_one/undeploy');
    t.match([withdrawn.status, withdrawn.body.changes], [200, [{ action: 'undeploy' }]]);
    t.equal(Object.values(ports.endpoint.standing()).join(), 'withdrawn');
    const deployed = await ask('POST', '/api/v1/resources/llmclient/open_one/deploy?dryRun=true');
    t.match(deployed.body, { kind: 'Plan', summary: { deploy: 1 } });

    const gone = await ask('DELETE', '/api/v1/resources/llmclient/by_hand');
    t.match([gone.status, gone.body.changes], [200, [{ action: 'delete', outcome: 'applied' }]]);
    t.equal((await ask('DELETE', '/api/v1/resources/llmclient/by_hand')).status, 404);

    const entries = await ports.database.read((query) => history(query, { actor: 'http:local' }));
    t.same(
      entries.map((it) => `${it.verb} ${it.name}`),
      [
        'delete by_hand',
        'undeploy open_one',
        'deploy open_one',
        'create open_one',
        'create by_hand',
      ],
    );
  },
);

t.test('a body is taken as a whole or refused, with every problem at its place', async (t) => {
  const { ask } = await listeningApi(t, { files: { 'a.yaml': clientYaml('owned') } });
  const two = `${clientYaml('first')}---\n${clientYaml('second', { defaultTemprature: 1, deployed: 'yes' })}`;
  const invalid = await ask('POST', '/api/v1/resources', two, {
    'content-type': 'application/json',
  });
  t.equal(invalid.status, 422);
  t.match(invalid.body.error.problems, [
    {
      code: 'MANIFEST_UNKNOWN_KEY',
      file: 'request',
      path: /defaultTemprature/,
      hint: /defaultTemperature/,
    },
    { code: 'MANIFEST_WRONG_TYPE', path: 'spec.config.deployed' },
  ]);
  t.ok(invalid.body.error.problems.every((it: { line: number }) => it.line > 1));
  const cases = [
    ['no body', '', 422, 'MANIFEST_NONE'],
    ['a body that is no manifest', 'hello: world', 422, 'MANIFEST_NONE'],
    ['no YAML', '{"a": [', 422, 'MANIFEST_SYNTAX'],
    [
      'a foreign kind',
      JSON.stringify({ apiVersion: 'smarter.sh/v1', kind: 'Pod' }),
      422,
      'MANIFEST_UNKNOWN_KIND',
    ],
    ['a record of a source', clientYaml('owned', { appName: 'mine' }), 409, 'MANIFEST_CONFLICT'],
    ['a client open to anybody', clientYaml('open', { deployed: true }), 409, 'CHANGE_HELD'],
    [
      'a reference to nothing',
      clientYaml('lost', {}, { plugins: ['none'] }),
      422,
      'MANIFEST_UNKNOWN_REFERENCE',
    ],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, 413, 'REQUEST_TOO_LARGE'],
  ] as const;
  for (const [name, body, status, code] of cases) {
    const answer = await ask('POST', '/api/v1/resources', body);
    t.same([answer.status, answer.body.error?.code], [status, code], name);
  }
  const { body } = await ask('GET', '/api/v1/resources');
  t.same(
    body.items.map((it: { metadata: { name: string } }) => it.metadata.name),
    ['owned'],
  );
});

t.test('what a source owns is not deleted or switched behind its back', async (t) => {
  const { ask } = await listeningApi(t, {
    files: {
      'a.yaml': tokenYaml('key'),
      'b.yaml': clientYaml('owned', { deployed: false }, { apiKey: 'key' }),
    },
  });
  const cases = [
    ['DELETE', '/api/v1/resources/llmclient/owned', 409, 'RECORD_OWNED'],
    ['POST', '/api/v1/resources/llmclient/owned/deploy', 409, 'RECORD_OWNED'],
    ['POST', '/api/v1/resources/token/key/deploy', 501, 'VERB_NOT_IMPLEMENTED'],
    ['POST', '/api/v1/resources/llmclient/nobody/deploy', 404, 'RECORD_NOT_FOUND'],
    ['GET', '/api/v1/resources/llmclint/owned', 400, 'USAGE'],
    ['GET', '/api/v1/resources/plugin/owned', 404, 'RECORD_NOT_FOUND'],
    ['DELETE', '/api/v1/resources/llmclient/owned?dryRun=1', 400, 'REQUEST_INVALID'],
    ['DELETE', '/api/v1/resources/llmclient/owned?dryrun=true', 400, 'REQUEST_INVALID'],
  ] as const;
  for (const [method, path, status, code] of cases) {
    const answer = await ask(method, path);
    t.same([answer.status, answer.body.error?.code], [status, code], `${method} ${path}`);
  }
});

t.test('a list is filtered, sorted and given in pages that miss nothing', async (t) => {
  const names = ['alpha', 'beta', 'gamma', 'delta_one', 'delta_two'];
  const { clock, ports, ask } = await (async () => {
    const api = await listeningApi(t, {
      files: Object.fromEntries(names.map((it) => [`${it}.yaml`, clientYaml(it)])),
    });
    return { ...api, clock: api.ports.clock };
  })();
  clock.advance(60_000);
  for (const body of [pluginYaml('facts'), openClient('zulu'), tokenYaml('beta')])
    t.equal((await ask('POST', '/api/v1/resources', body)).status, 200);
  type Item = { readonly kind: string; readonly metadata: { readonly name: string } };
  const list = async (query: string) => {
    const { body, status } = await ask('GET', `/api/v1/resources?${query}`);
    t.equal(status, 200, query);
    return body.items.map((it: Item) => `${it.kind}/${it.metadata.name}`);
  };
  const clients = [...names, 'zulu'].sort().map((it) => `LLMClient/${it}`);
  const all = [...clients, 'Plugin/facts', 'SmarterAuthToken/beta'];
  const cases = [
    ['', all],
    ['sort=-kind', [...all].reverse()],
    ['kind=LLM-Clients', clients],
    ['kind=plugin', ['Plugin/facts']],
    ['kind=sqlplugin', []],
    ['name=beta', ['LLMClient/beta', 'SmarterAuthToken/beta']],
    ['name=delta*', ['LLMClient/delta_one', 'LLMClient/delta_two']],
    ['name=DELTA*', []],
    ['name=%25', []],
    ['source=team&sort=-name&limit=2', ['LLMClient/gamma', 'LLMClient/delta_two']],
    ['source=manual', ['LLMClient/zulu', 'Plugin/facts', 'SmarterAuthToken/beta']],
    ['source=nowhere', []],
    ['tag=none', []],
    ['deployed=true', ['LLMClient/zulu']],
    ['deployed=false&limit=1', ['LLMClient/alpha']],
    [
      'sort=-modified&limit=3&source=manual',
      ['SmarterAuthToken/beta', 'Plugin/facts', 'LLMClient/zulu'],
    ],
    ['sort=created&limit=1', ['LLMClient/alpha']],
  ] as const;
  for (const [query, wanted] of cases) t.same(await list(query), wanted, query);

  for (const sort of ['kind', '-kind', 'name', '-name', 'modified', '-modified', '-created']) {
    const seen: string[] = [];
    let cursor = '';
    do {
      const path = `/api/v1/resources?sort=${sort}&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await ask('GET', path);
      seen.push(...body.items.map((it: Item) => `${it.kind}/${it.metadata.name}`));
      cursor = body.next ?? '';
    } while (cursor !== '');
    t.same(seen, await list(`sort=${sort}`), sort);
    t.same([...seen].sort(), [...all].sort(), sort);
  }
  for (const cursor of ['x', 'bnVsbA', 'WzEsMiwzXQ', '%00', 'W10'])
    t.equal((await ask('GET', `/api/v1/resources?cursor=${cursor}`)).status, 400, cursor);
  t.equal((await ports.database.read((query) => history(query, { verb: 'sync' }))).length, 1);
});
