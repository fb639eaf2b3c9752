import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { Document, Operation } from 'openapi-client-axios';
import { kinds } from '../../src/kinds/kinds.ts';
import { escapeUntrustedJson } from '../../src/lib/terminal.ts';
import type { Answer } from '../support/api.ts';
import { documentedApi, drive } from '../support/api-client.ts';
import type { Row } from '../support/api-rows.ts';
import { EventReader } from '../support/event-reader.ts';
import { t } from '../support/tap.ts';
import { clientYaml } from '../support/world.ts';

/** Compares answers with what the document says of them; empty where they are as it says. */
function answersOf(document: Document) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', ...document });
  const checks = new Map<string, ReturnType<typeof ajv.compile>>();
  return ({ operationId = '', path, method }: Operation, answer: Answer): string => {
    const { status, headers, body } = answer;
    const shapes = document.paths?.[path]?.[method as 'get']?.responses ?? {};
    if (status < 400 && !(String(status) in shapes)) return `${operationId} declares no ${status}`;
    const told = String(status) in shapes ? String(status) : 'default';
    const id = `${operationId} ${told}`;
    const type = typeOf(headers);
    const { content = {} } = shapes[told] as { content?: Readonly<Record<string, unknown>> };
    if (!(type in content)) return `${id} declares no ${type}`;
    const pointer = ['paths', path, method, 'responses', told, 'content', type, 'schema'];
    const at = pointer.map((it) => it.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const check =
      checks.get(id) ??
      ajv.compile({ $ref: `document#/${at.replaceAll('{', '%7B').replaceAll('}', '%7D')}` });
    checks.set(id, check);
    return check(body) ? '' : `${id}: ${ajv.errorsText(check.errors)}`;
  };
}

/** The media type of an answer, without its parameters. */
function typeOf(headers: Answer['headers']): string {
  const given = (headers as unknown as Readonly<Record<string, unknown>>)['content-type'];
  return String(given ?? 'nothing').split(';', 1)[0] as string;
}

/** Whether an operation may say that a verb is not implemented: its kind has no such verb. */
function lacksVerb(operationId: string, word: unknown): boolean {
  const kind = kinds.find(String(word));
  if (/^(?:cliD|d|cliUnd|und)eploy/.test(operationId)) return kind?.deployment === undefined;
  if (/^(?:cliL|l)ogs/.test(operationId)) return kind?.verbs?.includes('logs') !== true;
  if (operationId === 'promptResource') return kind?.verbs?.includes('prompt') !== true;
  return false;
}

t.test('the document is OpenAPI 3.1 and tells of every route but the refusals', async (t) => {
  const { document, rows } = await documentedApi(t);
  const verdict = await new Validator().validate(document as never);
  t.ok(verdict.valid, JSON.stringify(verdict.errors));
  t.equal(document.openapi, '3.1.0');
  const operations = Object.values(document.paths ?? {}).flatMap((it) => Object.values(it ?? {}));
  const ids = operations.map((it) => (it as { operationId: string }).operationId);
  t.same([...ids].sort(), Object.keys(rows).sort(), 'every operation has a row in this test');
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
  const api = await documentedApi(t);
  const mismatch = answersOf(api.document);
  const reader = new EventReader(t, api.address);
  await reader.begun();
  for (const operation of api.client.getOperations()) {
    const { operationId = '' } = operation;
    const row = api.rows[operationId] as Row;
    const answer = await drive(api, operationId, row);
    t.ok(row.status < 300, `${operationId} is asked so that all is well`);
    if (row.body !== undefined) t.ok(operation.requestBody, `${operationId} declares its body`);
    t.equal(answer.status, row.status, `${operationId}: ${answer.text.slice(0, 300)}`);
    t.equal(mismatch(operation, answer), '', operationId);
    if (operationId === 'events') t.match(answer.text, /^retry: \d+\nid: \d+\n\n$/);
  }
  await reader.told('run-finished');
  await reader.told('change');
  const says = api.document.paths?.['/api/v1/events']?.get?.description ?? '';
  for (const { type, id } of reader.events) {
    t.match(says, new RegExp(`\\b${type}\\b`), 'the document names every type of event');
    if (type === 'change') t.match(id, /^\d+$/, 'a change has the id of its entry');
  }
});

t.test('an answer that the document does not declare is named', async (t) => {
  const { document, client, ask } = await documentedApi(t);
  const mismatch = answersOf(document);
  const health = client.getOperation('health') as Operation;
  const answer = await ask('GET', '/healthz');
  const headers = { 'content-type': 'application/json' } as never;
  t.equal(mismatch(health, { ...answer, headers }), '');
  t.equal(mismatch(health, { ...answer, headers, status: 204 }), 'health declares no 204');
  const text = { 'content-type': 'text/plain; charset=utf-8' } as never;
  t.equal(mismatch(health, { ...answer, headers: text }), 'health 200 declares no text/plain');
});

t.test('no input whatever is a fault of ours, and every refusal has its envelope', async (t) => {
  const api = await documentedApi(t);
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
  const inHeader = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });
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
    const names = parameters as { name: string; in: string }[];
    const given = ({ name, in: part }: (typeof names)[number]) => {
      const any = part === 'path' ? inPath : part === 'header' ? inHeader : strange;
      return name in known ? fc.oneof(fc.constant(String(known[name])), any) : any;
    };
    const known = api.rows[operationId]?.parameters ?? {};
    const input = fc.record({
      parameters: fc.record(Object.fromEntries(names.map((it) => [it.name, given(it)])), {
        requiredKeys: names.filter((it) => it.in === 'path').map((it) => it.name),
      }),
      body,
    });
    const takesBody = operation.method === 'post' || operation.requestBody !== undefined;
    let statuses = '';
    await fc.assert(
      fc.asyncProperty(input, async ({ parameters: chosen, body: sent }) => {
        const answer = await drive(api, operationId, {
          parameters: chosen,
          ...(takesBody ? { body: sent } : {}),
        });
        statuses += ` ${answer.status}`;
        const excused = answer.status === 501 && lacksVerb(operationId, chosen['kind']);
        if (answer.status >= 500 && !excused) return false;
        if (escapeUntrustedJson(answer.text) !== answer.text.replaceAll('\r', '')) return false;
        return mismatch(operation, answer) === '';
      }),
      { numRuns: names.length > 0 || takesBody ? 40 : 2 },
    );
    t.pass(`${operationId}:${[...new Set(statuses.trim().split(' '))].sort().join(' ')}`);
  }
});
