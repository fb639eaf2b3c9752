import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { type Document, OpenAPIClientAxios, type Operation } from 'openapi-client-axios';
import { escapeUntrustedJson } from '../../src/lib/terminal.ts';
import { type Answer, listeningApi } from '../support/api.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/**
 * The API is driven here by a client that knows nothing of it but its OpenAPI document. Every operation
 * of the document has a row; one without a row fails the test.
 */
interface Row {
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: string;
  readonly status: number;
}

const one = { kind: 'llmclient', name: 'alpha' };
const valid: Readonly<Record<string, Row>> = {
  health: { status: 200 },
  readiness: { status: 200 },
  metrics: { status: 200 },
  status: { status: 200 },
  openapi: { status: 200 },
  listSources: { status: 200 },
  describeSource: { parameters: { name: 'team' }, status: 200 },
  planSource: { parameters: { name: 'team' }, status: 200 },
  driftOfSource: { parameters: { name: 'team' }, status: 200 },
  syncAll: { status: 202 },
  syncSource: { parameters: { name: 'team' }, status: 202 },
  listResources: { parameters: { kind: 'chatbots', sort: '-modified', limit: 2 }, status: 200 },
  applyResources: { body: tokenYaml('fresh'), status: 200 },
  describeResource: { parameters: one, status: 200 },
  deleteResource: { parameters: { kind: 'plugin', name: 'by_hand', dryRun: true }, status: 200 },
  deployResource: { parameters: { kind: 'llmclient', name: 'free', dryRun: true }, status: 200 },
  undeployResource: { parameters: { kind: 'llmclient', name: 'free' }, status: 200 },
  logsOfResource: { parameters: { ...one, tail: 5 }, status: 200 },
  promptResource: { parameters: one, body: '{"prompt": "Hello"}', status: 409 },
  whyResource: { parameters: { ...one, field: 'defaultModel' }, status: 200 },
  listTrash: { status: 200 },
  restoreResource: { parameters: { kind: 'plugin', name: 'deleted' }, status: 200 },
  listApprovals: { status: 200 },
  approvePlan: { body: '{"plan": "0123456789ab"}', status: 404 },
  listSuspensions: { status: 200 },
  suspendSource: { parameters: { name: 'team' }, body: '{"reason": "away"}', status: 200 },
  resumeSource: { parameters: { name: 'team' }, status: 200 },
  suspendResource: {
    parameters: one,
    body: '{"reason": "away", "until": "2040-01-01T00:00:00Z"}',
    status: 200,
  },
  resumeResource: { parameters: one, status: 200 },
  listJournal: {
    parameters: {
      verb: 'create',
      actor: 'http:local',
      revision: 'x',
      since: '2026-01-01T00:00:00Z',
    },
    status: 200,
  },
  listRuns: { parameters: { source: 'team', limit: 1 }, status: 200 },
  describeRun: { status: 200 },
  events: { status: 200 },
  listKinds: { status: 200 },
  schemaOfKind: { parameters: { kind: 'SqlPlugin' }, status: 200 },
  exampleOfKind: { parameters: { kind: 'secrets' }, status: 200 },
  cliApply: { body: pluginYaml('by_cli'), status: 200 },
  cliDelete: { parameters: { kind: 'plugin', name: 'by_hand', dry_run: 'true' }, status: 200 },
  cliDeploy: { parameters: { kind: 'chatbot', name: 'free' }, status: 409 },
  cliUndeploy: { parameters: { kind: 'chatbot', name: 'free' }, status: 200 },
  cliDescribe: { parameters: { kind: 'chatbot', name: 'alpha' }, status: 200 },
  cliGet: { parameters: { kind: 'chatbots', i: '1', desc: 'true' }, status: 200 },
  cliLogs: { parameters: { kind: 'chatbot', name: 'alpha' }, status: 200 },
  cliPrompt: { parameters: { name: 'alpha' }, body: '{"prompt": "Hello"}', status: 409 },
  cliPromptConfig: { parameters: { name: 'alpha' }, status: 200 },
  cliExampleManifest: { parameters: { kind: 'secret' }, status: 200 },
  cliJsonSchema: { parameters: { kind: 'provider' }, status: 200 },
  cliWhoami: { status: 200 },
  cliVersion: { status: 200 },
  cliStatus: { status: 200 },
  webhook: { parameters: { forge: 'github', source: 'team' }, body: '{}', status: 401 },
};

async function opened(t: Test) {
  const api = await listeningApi(t, {
    files: {
      'a.yaml': clientYaml('alpha'),
      'b.yaml': 'kind: LLMClient\napiVersion: smarter.sh/v1\n',
    },
    limits: { streams: 1000 },
  });
  for (const manifest of [pluginYaml('by_hand'), clientYaml('free')])
    t.equal((await api.ask('POST', '/api/v1/resources', manifest)).status, 200);
  await api.ask('POST', '/api/v1/resources', pluginYaml('deleted'));
  t.equal((await api.ask('DELETE', '/api/v1/resources/plugin/deleted')).status, 200);
  const document = (await api.ask('GET', '/api/v1/openapi.json')).body as Document;
  const client = new OpenAPIClientAxios({
    definition: document,
    withServer: { url: `http://${api.address}` },
    axiosConfigDefaults: { validateStatus: () => true, transformResponse: (text) => text },
  });
  await client.init();
  const [run] = (await api.ask('GET', '/api/v1/runs')).body.items;
  const rows = { ...valid, describeRun: { parameters: { id: run.id as string }, status: 200 } };
  return { ...api, document, client, rows: rows as Readonly<Record<string, Row>> };
}

type Opened = Awaited<ReturnType<typeof opened>>;

/** One request as the client builds it from the document. */
async function drive(
  { client }: Opened,
  operationId: string,
  parameters: Row['parameters'] = {},
  body?: unknown,
): Promise<Answer> {
  const call = (client.client as Record<string, unknown>)[operationId] as CallableFunction;
  if (operationId === 'events')
    return firstOf(await call(parameters, body, { responseType: 'stream' }));
  const { status, headers, data } = await call(parameters, body);
  const type = String(headers['content-type'] ?? '');
  return { status, headers, text: data, body: type.includes('json') ? JSON.parse(data) : data };
}

/** What comes first of an answer that does not end. */
async function firstOf({
  status,
  headers,
  data,
}: {
  status: number;
  headers: never;
  data: NodeJS.ReadableStream & { destroy(): void };
}): Promise<Answer> {
  for await (const bytes of data) {
    data.destroy();
    return { status, headers, text: String(bytes), body: String(bytes) };
  }
  return { status, headers, text: '', body: '' };
}

/** Compares answers with what the document says of them. */
function answersOf(document: Document) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', ...document });
  const checks = new Map<string, ReturnType<typeof ajv.compile>>();
  return ({ operationId = '', path, method }: Operation, { status, body }: Answer): string => {
    const shapes = document.paths?.[path]?.[method as 'get']?.responses ?? {};
    const told = String(status) in shapes ? String(status) : 'default';
    if (told === 'default' && status < 400) return `${operationId}: ${status} is not declared`;
    const id = `${operationId} ${told}`;
    const type = typeof body === 'string' ? undefined : 'application/json';
    if (type === undefined) return told === 'default' ? `${id} is no JSON` : '';
    const pointer = ['paths', path, method, 'responses', told, 'content', type, 'schema'];
    const at = pointer.map((it) => it.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const check =
      checks.get(id) ??
      ajv.compile({ $ref: `document#/${at.replaceAll('{', '%7B').replaceAll('}', '%7D')}` });
    checks.set(id, check);
    return check(body) ? '' : `${id}: ${ajv.errorsText(check.errors)}`;
  };
}

t.test('the document is OpenAPI 3.1 and tells of every route but the refusals', async (t) => {
  const { document } = await opened(t);
  const verdict = await new Validator().validate(document as never);
  t.ok(verdict.valid, JSON.stringify(verdict.errors));
  t.equal(document.openapi, '3.1.0');
  const operations = Object.values(document.paths ?? {}).flatMap((it) => Object.values(it ?? {}));
  const ids = operations.map((it) => (it as { operationId: string }).operationId);
  t.same([...ids].sort(), Object.keys(valid).sort(), 'every operation has a row in this test');
  for (const it of operations as {
    operationId: string;
    summary?: string;
    tags?: string[];
    responses: object;
  }[]) {
    t.ok(it.summary, `${it.operationId} says what it is for`);
    t.equal(it.tags?.length, 1, `${it.operationId} has its place`);
    t.ok('default' in it.responses, `${it.operationId} says how it fails`);
  }
});

t.test('every operation answers as the document says', async (t) => {
  const api = await opened(t);
  const mismatch = answersOf(api.document);
  for (const operation of api.client.getOperations()) {
    const { operationId = '' } = operation;
    const { parameters, body, status } = api.rows[operationId] as Row;
    const answer = await drive(api, operationId, parameters, body);
    t.equal(answer.status, status, `${operationId}: ${answer.text.slice(0, 300)}`);
    t.equal(mismatch(operation, answer), '', operationId);
  }
});

t.test('no input whatever is a fault of ours, and every refusal has its envelope', async (t) => {
  const api = await opened(t);
  const mismatch = answersOf(api.document);
  const strange = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ minLength: 1, maxLength: 300 }),
    fc.constantFrom(
      '..',
      '%00',
      '-1',
      '0',
      '1e9',
      'NaN',
      'true',
      '__proto__',
      'constructor',
      '\u001b[31m',
      '💥',
      'null',
      "' OR 1=1 --",
    ),
  );
  // A client folds these away, and then asks for another address.
  const inPath = strange.filter((it) => !/^\.{1,2}$/.test(it));
  const body = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.json(),
    fc.constantFrom(
      '{',
      '[]',
      '- a',
      'a: &a [*a]',
      '? [x]\n: y',
      'kind: LLMClient',
      '\u0000',
      clientYaml('x', { defaultMaxTokens: 'many' }),
    ),
  );
  for (const operation of api.client.getOperations()) {
    const { operationId = '', parameters = [] } = operation;
    const all = parameters as { name: string; in: string }[];
    const names = all.filter((it) => it.in !== 'header');
    const given = ({ name, in: part }: (typeof names)[number]) => {
      const any = part === 'path' ? inPath : strange;
      return name in known ? fc.oneof(fc.constant(String(known[name])), any) : any;
    };
    const known = api.rows[operationId]?.parameters ?? {};
    const input = fc.record({
      parameters: fc.record(Object.fromEntries(names.map((it) => [it.name, given(it)])), {
        requiredKeys: names.filter((it) => it.in === 'path').map((it) => it.name),
      }),
      body,
    });
    let statuses = '';
    await fc.assert(
      fc.asyncProperty(input, async ({ parameters: chosen, body: sent }) => {
        const withBody = operation.method === 'post' ? sent : undefined;
        const answer = await drive(api, operationId, chosen, withBody);
        statuses += ` ${answer.status}`;
        if (answer.status >= 500 && answer.status !== 501) return false;
        if (escapeUntrustedJson(answer.text) !== answer.text.replaceAll('\r', '')) return false;
        return operationId === 'events' || mismatch(operation, answer) === '';
      }),
      { numRuns: names.length > 0 || operation.method === 'post' ? 40 : 2 },
    );
    t.pass(`${operationId}:${[...new Set(statuses.trim().split(' '))].sort().join(' ')}`);
  }
});
