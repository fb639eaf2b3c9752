import { Secret } from '../../src/lib/secret.ts';
import { documentedApi, drive } from '../support/api-client.ts';
import { hookSecret, type Row } from '../support/api-rows.ts';
import { canaries, leaks } from '../support/canaries.ts';
import { EventReader } from '../support/event-reader.ts';
import { secretYaml } from '../support/secrets.ts';
import { t } from '../support/tap.ts';
import { clientYaml } from '../support/world.ts';
import { keptLog } from './fake-daemon.ts';

/** Parameters that are names, which are no secrets: an answer may repeat them. */
const names = ['kind', 'name', 'source', 'tag', 'field'];

/** Headers that the API reads, or that a sloppy log would write down. */
const headers = [
  ...['cookie', 'user-agent', 'referer', 'x-request-id', 'last-event-id', 'if-none-match'],
  ...['x-hub-signature-256', 'x-gitlab-token', 'i', 'asc', 'desc', 'dry_run', 'prompt'],
];

/** Bodies that nobody should send, each with a value in a place where it does not belong. */
const bodies: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => JSON.stringify([value]),
  (value) =>
    JSON.stringify({
      plan: { nested: value },
      prompt: [value],
      reason: [value],
      until: value,
      surprise: value,
    }),
  (value) => clientYaml('a', { defaultMaxTokens: value, deployed: value, password: value }),
  (value) => secretYaml('b', { value: { nested: value } }),
  (value) => secretYaml('c', { value, valueFrom: { env: value } }),
  (value) => `kind: Secret\nmetadata: {name: d}\nspec: {config: {value: "${value}\n`,
  (value) => `kind: Secret\nmetadata: {name: e, version: ${JSON.stringify(value)}}\nspec: 7\n`,
];

/**
 * The operations are those of the document, so that a new route cannot be forgotten: one without a row
 * fails. The log is kept with all that it can tell; other levels tell a part of that.
 */
t.test('no operation and no line of the log shows a secret, however it is asked', async (t) => {
  const { log, lines } = keptLog();
  const token = new Secret('only-for-people-canary');
  const files = canaries.map((value, at) => [`${at}.yaml`, secretYaml(`in_git_${at}`, { value })]);
  const api = await documentedApi(t, { files: Object.fromEntries(files), token, log });
  for (const [at, value] of canaries.entries()) {
    const body = secretYaml(`by_hand_${at}`, { value });
    t.equal((await api.ask('POST', '/api/v1/resources', body)).status, 200);
  }
  const reader = new EventReader(t, api.address, { authorization: `Bearer ${token.reveal()}` });
  await reader.begun();
  /** What was told, each text once, with the request that had it first. */
  const told = new Map<string, string>();
  const tell = async (operationId: string, request: Omit<Row, 'status'>, how: string) => {
    const answer = await drive(api, operationId, request);
    const { date: _, ...others } = answer.headers as unknown as Record<string, unknown>;
    const text = `${answer.text}\n${JSON.stringify(others)}`;
    if (!told.has(text)) told.set(text, `${operationId} ${how}`);
    return answer.status;
  };

  const operations = api.client.getOperations();
  for (const { operationId = '' } of operations) {
    const row = api.rows[operationId];
    t.ok(row, `${operationId} has a row`);
    if (row === undefined) continue;
    t.equal(await tell(operationId, row, 'asked rightly'), row.status, operationId);
    const { parameters = {} } = row;
    if (!('kind' in parameters)) continue;
    const field = 'field' in parameters ? { field: 'value' } : {};
    for (const name of ['in_git_11', 'by_hand_11']) {
      const ofSecret = { ...parameters, ...field, kind: 'secret', name };
      await tell(operationId, { ...row, parameters: ofSecret }, `of ${name}`);
    }
  }

  for (const [at, value] of canaries.entries()) {
    const isHeader = /^[\x20-\x7e]+$/.test(value);
    const sent = isHeader ? Object.fromEntries(headers.map((it) => [it, value])) : {};
    const stranger = { authorization: `Bearer ${value}`, origin: value };
    for (const [turn, { operationId = '', parameters = [] }] of operations.entries()) {
      const row = api.rows[operationId] as Row;
      const body = bodies[(at + turn) % bodies.length]?.(value) ?? '';
      await tell(operationId, { ...row, body }, `with canary ${at} in its body`);
      const queries = (parameters as { name: string; in: string }[])
        .filter((it) => it.in === 'query' && !names.includes(it.name))
        .map((it) => [it.name, value]);
      const asked = { ...row, parameters: { ...row.parameters, ...Object.fromEntries(queries) } };
      await tell(
        operationId,
        { ...asked, headers: sent },
        `with canary ${at} in query and headers`,
      );
      if (isHeader)
        await tell(operationId, { ...row, headers: stranger }, `of a stranger with canary ${at}`);
    }
  }
  await reader.told('change');
  told.set(JSON.stringify(reader.events), 'the events');
  told.set(lines.join('\n'), 'the log');

  const texts = [...told].map(([text, name]) => ({ name, text }));
  for (const name of ['in_git_11', 'by_hand_11'])
    t.ok(
      texts.some(({ text }) => text.includes(name)),
      'the Secrets themselves are told of',
    );
  t.ok(
    lines.some((it) => it.includes('answered')),
    'the log is as loud as it can be',
  );
  t.same(leaks([...canaries, token.reveal(), hookSecret], texts), []);
});
