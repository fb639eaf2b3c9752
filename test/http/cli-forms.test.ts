import { kinds } from '../../src/kinds/kinds.ts';
import { Secret } from '../../src/lib/secret.ts';
import { listeningApi } from '../support/api.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/*
 * The forms in which clients of the reference platform ask. They differ from version to version, and
 * each of them was refused somewhere; what the one client in use does as a whole is in cli.test.ts.
 */

const token = 'a'.repeat(64);
const cli = '/api/v1/cli/';

async function platform(t: Test) {
  return listeningApi(t, {
    files: {
      'all.yaml': [tokenYaml('key'), pluginYaml('facts'), clientYaml('bot')].join('---\n'),
    },
    token: new Secret(token),
  });
}

t.test('no read is refused for its method or for a slash at its end', async (t) => {
  const { ask } = await platform(t);
  const reads = [
    ...kinds.all.flatMap(({ name }) => [
      `get/${name}`,
      ...['example_manifest', 'example-manifest', 'manifest'].map((it) => `${it}/${name}`),
      ...['schema', 'json-schema', 'json_schema'].map((it) => `${it}/${name}`),
    ]),
    ...['describe/plugin?name=facts', 'describe/llmclient?name=bot', 'logs/llmclient?name=bot'],
    ...['whoami', 'version', 'status'],
  ];
  for (const read of reads) {
    const [path, query = ''] = read.split('?');
    const told = new Set<string>();
    for (const method of ['GET', 'POST'])
      for (const slash of ['', '/']) {
        const { status, body } = await ask(method, `${cli}${path}${slash}?${query}`);
        t.equal(status, 200, `${method} ${path}${slash}`);
        told.add(JSON.stringify(body.data));
      }
    if (path !== 'status') t.equal(told.size, 1, `${path} says the same each time`);
  }
});

t.test('a body is read for what it is, whatever it is called', async (t) => {
  const { ask } = await platform(t);
  const types = [
    'application/json',
    'application/yaml',
    'application/x-yaml',
    'text/yaml; charset=utf-8',
    'text/plain',
    'application/octet-stream',
    undefined,
  ];
  const yaml = (name: string) =>
    `apiVersion: smarter.sh/v1\nkind: LLMClient\nmetadata:\n  name: ${name}\nspec:\n  config: {} # none\n`;
  for (const [at, type] of types.entries())
    for (const [form, body] of [
      ['yaml', yaml(`yaml_${at}`)],
      ['json', JSON.stringify(JSON.parse(clientYaml(`json_${at}`)))],
    ] as const) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const { status, text } = await ask('POST', `${cli}apply/`, body, headers);
      t.equal(status, 200, `${form} as ${type}: ${text}`);
    }
  const { status } = await ask('POST', `${cli}apply/`, '{"kind": ', {
    'content-type': 'application/json',
  });
  t.equal(status, 422, 'what is neither is refused for what it is');
});

t.test('a token is known by either word, and nothing else is one', async (t) => {
  const { ask } = await platform(t);
  for (const [authorization, status] of [
    [`Token ${token}`, 200],
    [`token ${token}`, 200],
    [`Bearer ${token}`, 200],
    [`bearer ${token}`, 200],
    [`Basic ${token}`, 401],
    [token, 401],
    ['Token', 401],
    [`Token ${token}x`, 401],
  ] as const)
    for (const path of ['whoami', 'get/llmclient', 'apply'])
      t.equal(
        (await ask('POST', `${cli}${path}`, clientYaml('bot'), { authorization })).status,
        path === 'apply' && status === 200 ? 409 : status,
        `${authorization.slice(0, 9)} ${path}`,
      );
});

t.test('every failure says the same at its top as in its error, and shows no stack', async (t) => {
  const { ask } = await platform(t);
  const failures = [
    ...['describe/plugin?name=nobody', 'describe/plugin', 'get/nonsense', 'dance', 'deploy/plugin'],
    ...['delete/llmclient?name=bot', 'prompt/bot?prompt=x', 'apply'],
  ];
  for (const path of failures) {
    const { status, body, text } = await ask('POST', `${cli}${path}`, 'kind: [');
    t.ok(status >= 400, path);
    const { description, context } = body.error;
    t.type(description, 'string', path);
    t.same([body.description, body.context, body.status], [description, context, status], path);
    t.equal(body.error.stacktrace, null, path);
    t.notMatch(text, /\.[jt]s:\d|node:|at \w+ \(/, path);
  }
});
