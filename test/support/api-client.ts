import { type Document, OpenAPIClientAxios } from 'openapi-client-axios';
import { Secret } from '../../src/lib/secret.ts';
import { type Answer, type ApiOptions, listeningApi } from './api.ts';
import { hookSecret, type Row, rows } from './api-rows.ts';
import type { Test } from './tap.ts';
import { until } from './until.ts';
import { clientYaml, pluginYaml, tokenYaml } from './world.ts';

const closed = { apiKey: 'key' };
const files = {
  'a.yaml': clientYaml('alpha', { deployed: true }, closed),
  'b.yaml': 'kind: LLMClient\napiVersion: smarter.sh/v1\n',
  'key.yaml': tokenYaml('key'),
};
const changed = {
  ...files,
  'a.yaml': clientYaml('alpha', { deployed: true, appName: 'Alpha' }, closed),
};

/**
 * A listening API in whose world every operation has something to do: a change is held, a client answers
 * prompts, another can be deployed, the trash has a record. It comes with a row for every operation, to be
 * asked in the order of the document, and with a client that knows nothing of the API but that document.
 */
export async function documentedApi(t: Test, options: ApiOptions = {}) {
  const api = await listeningApi(t, {
    ...options,
    files: { ...options.files, ...files },
    policyLimits: { updates: { count: 0 } },
    limits: { streams: 1000 },
    webhooks: new Map([['team', { secret: new Secret(hookSecret) }]]),
  });
  api.ports.endpoint.says = 'Good day';
  const { ask, source } = api;
  for (const manifest of [pluginYaml('by_hand'), clientYaml('free', {}, closed)])
    t.equal((await ask('POST', '/api/v1/resources', manifest)).status, 200);
  t.equal((await ask('POST', '/api/v1/resources', pluginYaml('deleted'))).status, 200);
  t.equal((await ask('DELETE', '/api/v1/resources/plugin/deleted')).status, 200);
  source.files = { ...options.files, ...changed };
  await ask('POST', '/api/v1/sync');
  const held = async () => (await ask('GET', '/api/v1/approvals')).body.items;
  await until(async () => (await held()).length === 1);
  const [{ plan }] = await held();
  const [run] = (await ask('GET', '/api/v1/runs')).body.items;
  const document = (await ask('GET', '/api/v1/openapi.json')).body as Document;
  const { token } = options;
  const client = new OpenAPIClientAxios({
    definition: document,
    withServer: { url: `http://${api.address}` },
    axiosConfigDefaults: {
      validateStatus: () => true,
      transformResponse: (text) => text,
      headers: token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` },
    },
  });
  await client.init();
  const all: Readonly<Record<string, Row>> = {
    ...rows,
    describeRun: { parameters: { id: run.id }, status: 200 },
    approvePlan: { body: JSON.stringify({ plan }), status: 200 },
  };
  return { ...api, document, client, rows: all };
}

export type DocumentedApi = Awaited<ReturnType<typeof documentedApi>>;

/** One request as the client builds it from the document, with headers that the document need not know. */
export async function drive(
  { client }: Pick<DocumentedApi, 'client'>,
  operationId: string,
  { parameters = {}, body, headers: sent = {} }: Omit<Row, 'status'>,
): Promise<Answer> {
  const call = (client.client as Record<string, unknown>)[operationId] as CallableFunction;
  if (operationId === 'events')
    return firstOf(await call(parameters, body, { headers: sent, responseType: 'stream' }));
  const { status, headers, data } = await call(parameters, body, { headers: sent });
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
