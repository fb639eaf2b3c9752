import { request as send } from 'node:http';
import fc from 'fast-check';
import { Secret } from '../../src/lib/secret.ts';
import { escapeUntrustedJson } from '../../src/lib/terminal.ts';
import { history } from '../../src/store/journal.ts';
import { listeningApi } from '../support/api.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

const token = 'a'.repeat(64);

/** What the reference platform's client makes of an answer. */
interface Shown {
  readonly status: number;
  /** Printed on success: the whole envelope. */
  readonly envelope: Record<string, unknown>;
  /** Printed on failure, from the top of the body alone. */
  readonly error?: string;
}

/**
 * The reference platform's client as it behaves: it always sends POST, lower-cases the whole address,
 * gives each parameter in the query and as a header, calls every body JSON, and reads a failure from the
 * top of the body. A body that is no JSON ends it.
 */
function goClient(address: string, key = token) {
  const [host, port] = address.split(':') as [string, string];
  return async (
    path: string,
    parameters: Readonly<Record<string, string>> = {},
    body = '',
    method = 'POST',
  ): Promise<Shown> => {
    const query = new URLSearchParams(parameters).toString();
    const text = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = send(
        {
          host,
          port,
          method,
          path: `/api/v1/cli/${path}`.toLowerCase() + (query === '' ? '' : `?${query}`),
          headers: {
            ...parameters,
            'User-Agent': 'Go-http-client/1.1',
            Authorization: `Token ${key}`,
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(body),
          },
        },
        async (answer) => {
          let text = '';
          for await (const bytes of answer) text += String(bytes);
          resolve({ status: answer.statusCode ?? 0, text });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
    const envelope = JSON.parse(text.text) as Record<string, unknown>;
    if (text.status === 200) return { status: 200, envelope };
    const { description = 'unknown error', context = 'unknown context' } = envelope;
    return { status: text.status, envelope, error: `${description} ${context}` };
  };
}

/** The table that the client prints: one row an item, its cells by the names of the titles. */
function tableOf({ envelope }: Shown): string[][] {
  const { data } = (
    envelope as { data: { data: { titles: Title[]; items: Record<string, unknown>[] } } }
  ).data;
  return data.items.map((item) =>
    data.titles.map(({ name, type }) => {
      if (
        type === 'DateTimeField' &&
        !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(String(item[name]))
      )
        throw new Error(`the client dies of ${name}: ${item[name]}`);
      return String(item[name]);
    }),
  );
}
type Title = { readonly name: string; readonly type: string };

async function platform(t: Test, files: Readonly<Record<string, string>> = {}) {
  const api = await listeningApi(t, { files, token: new Secret(token) });
  return { ...api, cli: goClient(api.address) };
}

const yaml = (name: string) => `apiVersion: smarter.sh/v1
kind: LLMClient
metadata: {name: ${name}, description: A bot, version: 1.0.0}
spec:
  config:
    # Not JSON.
    defaultModel: gpt-4o-mini
`;

t.test('the client of the reference platform applies, looks, switches and deletes', async (t) => {
  const { cli, ports } = await platform(t);
  const applied = await cli('apply/', {}, yaml('my_bot'));
  t.match(applied, {
    status: 200,
    envelope: {
      api: 'smarter.sh/v1',
      message: 'LLMClient my_bot applied successfully',
      metadata: { command: 'apply', thing: 'LLMClient' },
    },
  });
  const described = await cli('describe/ChatBot/', { name: 'my_bot' });
  t.match(described.envelope, {
    data: {
      apiVersion: 'smarter.sh/v1',
      kind: 'LLMClient',
      metadata: { name: 'my_bot' },
      status: { accountNumber: 'default', deployed: false },
    },
    metadata: { command: 'describe' },
  });
  const got = await cli('get/ChatBots/', { i: '10', asc: 'false', desc: 'false' });
  t.same(
    tableOf(got).map(([name]) => name),
    ['my_bot'],
  );
  t.match(got.envelope, {
    data: { kind: 'LLMClient', metadata: { count: 1 } },
    metadata: { command: 'get' },
  });
  t.match(await cli('logs/chatbot/', { name: 'my_bot' }), {
    status: 200,
    envelope: { metadata: { command: 'logs' } },
  });
  t.match(await cli('undeploy/chatbot/', { name: 'my_bot' }), {
    status: 200,
    envelope: { metadata: { command: 'undeploy', thing: 'LLMClient' } },
  });
  t.equal((await cli('delete/chatbot/', { name: 'my-bot' })).status, 200);
  const gone = await cli('describe/chatbot/', { name: 'my_bot' });
  t.equal(gone.status, 404);
  t.match(gone.error, /there is no LLMClient named my_bot.*thing=LLMClient, command=describe/);
  const entries = await ports.database.read((query) => history(query, { name: 'my_bot' }));
  t.same(
    entries.map((it) => `${it.verb} ${it.actor}`),
    ['delete http:token', 'create http:token'],
  );
});

t.test('a chat application learns of its client what it needs, under either word', async (t) => {
  const { cli: ask } = await platform(t, { 'a.yaml': clientYaml('owned') });
  for (const word of ['prompt', 'chat']) {
    const { status, envelope } = await ask(`${word}/config/OWNED/`, { uid: '00:00' });
    t.equal(status, 200, word);
    t.match(envelope, {
      message: 'chat_config told successfully',
      data: { kind: 'LLMClient', metadata: { name: 'owned' }, status: { deployed: false } },
      metadata: { command: 'chat_config' },
    });
  }
  t.equal((await ask('chat/config/nobody')).status, 404);
});

t.test('every word that clients use for a route or a kind is understood', async (t) => {
  const { cli } = await platform(t);
  for (const body of [pluginYaml('facts'), tokenYaml('key'), clientYaml('bot')])
    t.equal((await cli('apply', {}, body)).status, 200);
  const kinds = {
    LLMClient: ['chatbot', 'chatbots', 'llmclient', 'LLMClients', 'llm-client', 'llm_clients'],
    Plugin: ['plugin', 'Plugins', 'staticplugin'],
    SmarterAuthToken: ['smarterauthtoken', 'apikey', 'apikeys', 'authtoken'],
    SqlConnection: ['sqlconnection', 'plugindatasqlconnection', 'plugindatasqlconnections'],
    ApiConnection: ['apiconnections', 'plugindataapiconnection', 'plugindataapiconnections'],
    SqlPlugin: ['sqlplugin', 'sql-plugins'],
    ApiPlugin: ['apiplugin'],
    Secret: ['secret', 'secrets'],
    Provider: ['provider', 'providers'],
  };
  for (const [kind, words] of Object.entries(kinds))
    for (const word of words) {
      const got = await cli(`get/${word}`);
      t.match(got, { status: 200, envelope: { metadata: { command: 'get', thing: kind } } }, word);
      tableOf(got);
    }
  const routes = [
    'example-manifest',
    'example_manifest',
    'manifest',
    'json-schema',
    'json_schema',
    'schema',
  ];
  for (const route of routes)
    for (const path of [`${route}/chatbot`, `${route}/chatbot/`])
      for (const method of ['POST', 'GET']) {
        const { status, envelope } = await cli(path, {}, '', method);
        t.match(
          [status, envelope],
          [200, { metadata: { thing: 'LLMClient' } }],
          `${method} ${path}`,
        );
        t.ok(envelope['data'], `${path}: there is something`);
      }
  for (const [route, parameters] of [
    ['get/plugin', {}],
    ['describe/plugin/', { name: 'facts' }],
    ['logs/chatbot', { name: 'bot' }],
    ['whoami', {}],
    ['version/', {}],
    ['status', {}],
  ] as const)
    t.equal((await cli(route, parameters, '', 'GET')).status, 200, `GET ${route}`);
  for (const route of ['apply', 'delete/plugin', 'deploy/chatbot', 'prompt/bot'])
    t.equal(
      (await cli(route, { name: 'bot' }, '', 'GET')).status,
      405,
      `GET ${route} changes nothing`,
    );
  for (const kind of Object.values(kinds)) {
    const example = (await cli(`example_manifest/${kind[0]}`)).envelope['data'];
    t.match(
      example,
      { apiVersion: 'smarter.sh/v1', metadata: { version: /^\d/ } },
      String(kind[0]),
    );
  }
});

t.test('parameters count in the query and as headers, and the query wins', async (t) => {
  const { ask } = await platform(t, {
    'a.yaml': clientYaml('alpha'),
    'b.yaml': clientYaml('beta'),
  });
  const name = async (path: string, headers: Record<string, string>) =>
    (await ask('POST', `/api/v1/cli/describe/llmclient/${path}`, undefined, headers)).body.data
      ?.metadata.name;
  t.equal(await name('?name=alpha', {}), 'alpha');
  t.equal(await name('', { name: 'beta' }), 'beta');
  t.equal(await name('?name=alpha', { name: 'beta' }), 'alpha');
  t.equal(await name('?name=alpha&name=beta', {}), 'alpha');
  const list = async (query: string) =>
    (await ask('POST', `/api/v1/cli/get/llmclient?${query}`)).body.data.data.items.map(
      (it: { name: string }) => it.name,
    );
  t.same(await list('i=1'), ['alpha']);
  t.same(await list('desc=true'), ['beta', 'alpha']);
  t.same(await list('asc=true&desc=true'), ['alpha', 'beta']);
  t.same(await list('i=0&today=true&i=x'), ['alpha', 'beta'], 'what means nothing is passed over');
  t.same(await list('name=beta'), ['beta'], 'the name filter works');
});

t.test(
  'a failure says at the top what the client prints, keeps its error, and writes nothing',
  async (t) => {
    const { cli, ports } = await platform(t, { 'a.yaml': clientYaml('owned') });
    const bad = clientYaml('bad', { defaultTemprature: 0.5, deployed: 'yes' });
    const cases = [
      ['an invalid manifest', 'apply', {}, bad, 422, 'SAMValidationError', /defaultTemprature/],
      ['no body', 'apply', {}, '', 422, 'SAMValidationError', /manifest/],
      [
        'two manifests',
        'apply',
        {},
        `${yaml('a')}---\n${yaml('b')}`,
        400,
        'SAMBadRequestError',
        /2 manifests/,
      ],
      ['no name', 'describe/llmclient', {}, '', 400, 'SAMBadRequestError', /name/],
      ['an unknown kind', 'get/user', {}, '', 400, 'SAMBadRequestError', /no kind called user/],
      [
        'an unknown record',
        'delete/llmclient',
        { name: 'x' },
        '',
        404,
        'SAMBrokerErrorNotFound',
        /no LLMClient named x/,
      ],
      [
        'a record of a source',
        'delete/llmclient',
        { name: 'owned' },
        '',
        409,
        'SAMBrokerError',
        /source team/,
      ],
      [
        'a verb that a kind has not',
        'deploy/plugin',
        { name: 'x' },
        '',
        501,
        'SAMBrokerErrorNotImplemented',
        /Plugin/,
      ],
      [
        'a client that is not deployed',
        'prompt/owned',
        { prompt: 'Hello' },
        '',
        409,
        'SAMBrokerError',
        /not deployed/,
      ],
      ['nothing said', 'chat/owned', {}, '{}', 400, 'SAMBadRequestError', /nothing to say/],
      [
        'an unknown command',
        'dance/llmclient',
        {},
        '',
        404,
        'SAMBrokerErrorNotFound',
        /there is nothing/,
      ],
    ] as const;
    for (const [name, path, parameters, body, status, errorClass, words] of cases) {
      const { status: found, envelope, error } = await cli(path, parameters, body);
      t.equal(found, status, name);
      t.match(
        envelope,
        {
          error: { errorClass, status, stacktrace: null, description: words },
          status,
          api: 'smarter.sh/v1',
        },
        name,
      );
      t.match(error, words, `${name}: what the client prints`);
      t.notMatch(JSON.stringify(envelope), /\.js:\d|node:/, `${name}: no stack`);
    }
    const { envelope } = await cli('apply', {}, bad);
    t.match(envelope, {
      error: { problems: [{ path: /defaultTemprature/, line: /^\d+$/ }, { path: /deployed/ }] },
    });
    const entries = await ports.database.read((query) => history(query, { actor: 'http:token' }));
    t.same(entries, []);
  },
);

t.test('a dry run tells what would be done, and does nothing', async (t) => {
  const { cli, ports, ask } = await platform(t);
  await cli('apply', {}, yaml('bot'));
  const before = await ports.database.read((query) => history(query, {}));
  for (const [path, parameters, body, summary] of [
    ['apply', {}, yaml('another'), { create: 1 }],
    ['apply', {}, yaml('bot').replace('4o-mini', '4.1'), { update: 1 }],
    ['delete/chatbot', { name: 'bot' }, '', { delete: 1 }],
  ] as const) {
    const { status, envelope } = await cli(path, { dry_run: 'true', ...parameters }, body);
    t.match(
      [status, envelope],
      [200, { data: { kind: 'Plan', summary }, message: /dry run/ }],
      path,
    );
  }
  const refused = await cli('deploy/chatbot', { name: 'bot', dry_run: 'true' });
  t.equal(refused.status, 409, 'what would be refused is refused');
  t.same(await ports.database.read((query) => history(query, {})), before);
  t.equal((await ask('GET', '/api/v1/resources/llmclient/another')).status, 404);
});

t.test('examples and schemas are open to everybody, all else wants the token', async (t) => {
  const { address } = await platform(t);
  const stranger = goClient(address, 'wrong');
  for (const path of ['example-manifest/plugin', 'manifest/plugin/', 'json-schema/plugin'])
    t.equal((await stranger(path)).status, 200, path);
  for (const path of [
    'apply',
    'get/plugin',
    'whoami',
    'status',
    'version',
    'example-manifest',
    'nothing',
  ]) {
    const { status, error } = await stranger(path);
    t.equal(status, 401, path);
    t.match(error, /a token is needed/, path);
  }
});

t.test('no request of a client is a fault of ours', async (t) => {
  const { cli } = await platform(t, { 'a.yaml': clientYaml('alpha') });
  const words = fc.constantFrom(
    'apply',
    'get',
    'describe',
    'delete',
    'deploy',
    'undeploy',
    'logs',
    'prompt',
    'chat',
    'manifest',
    'schema',
    'whoami',
    'status',
    'version',
    'x',
  );
  const kind = fc.oneof(
    fc.constantFrom('chatbot', 'plugin', 'secret', 'account', 'alpha', ''),
    fc.webPath({ size: 'small' }),
  );
  const value = fc.oneof(
    fc.constantFrom('alpha', '', 'true', '-1', '__proto__'),
    fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
  );
  const parameters = fc.dictionary(
    fc.constantFrom('name', 'i', 'desc', 'dry_run', 'prompt', 'uid'),
    value.map((it) => it.trim()),
  );
  const body = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.json(),
    fc.constantFrom('', yaml('fuzzed'), '{"prompt": 7}'),
  );
  await fc.assert(
    fc.asyncProperty(
      words,
      kind,
      parameters,
      body,
      fc.boolean(),
      async (word, of, given, sent, slash) => {
        const { status, envelope } = await cli(`${word}/${of}${slash ? '/' : ''}`, given, sent);
        const isOurs = status >= 500 && status !== 501;
        const text = JSON.stringify(envelope);
        return (
          !isOurs &&
          'metadata' in envelope &&
          (status === 200) !== 'error' in envelope &&
          JSON.parse(escapeUntrustedJson(text)) !== null
        );
      },
    ),
    { numRuns: 300 },
  );
});
