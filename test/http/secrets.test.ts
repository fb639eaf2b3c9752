import { Secret } from '../../src/lib/secret.ts';
import { listeningApi } from '../support/api.ts';
import { EventReader } from '../support/event-reader.ts';
import { t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml } from '../support/world.ts';

/** Values that must be in no answer, by where they are put. */
const canaries = {
  token: 'tok-canary-7f3a9c1e',
  environment: 'env canary / with blanks & signs',
  manifest: 'hunter2-canary',
  pem: '-----BEGIN PRIVATE KEY-----\nMIICanaryCanary\n-----END PRIVATE KEY-----',
  short: 'c4n4',
  wrongField: 'sk-canary-0123456789abcdef',
  query: 'query-canary-55',
  header: 'header-canary-66',
  broken: 'broken-canary-77',
} as const;

const secretYaml = (name: string, config: Record<string, unknown>) =>
  JSON.stringify({
    apiVersion: 'smarter.sh/v1',
    kind: 'Secret',
    metadata: { name, description: 'A secret', version: '1.0.0' },
    spec: { config },
  });

t.test('no answer of the API holds a secret, however it came in', async (t) => {
  const { ask, address } = await listeningApi(t, {
    files: { 'env.yaml': secretYaml('from_env', { valueFrom: { env: 'CANARY' } }) },
    token: new Secret(canaries.token),
    environment: { CANARY: canaries.environment },
  });
  const reader = new EventReader(t, address, { authorization: `Bearer ${canaries.token}` });
  await reader.begun();
  const told: string[] = [];
  const tell = async (...request: Parameters<typeof ask>) => {
    const answer = await ask(...request);
    told.push(answer.text, JSON.stringify([...answer.headers]));
    return answer;
  };

  for (const key of ['manifest', 'pem', 'short'] as const) {
    const body = secretYaml(`by_${key}`, { value: canaries[key] });
    t.equal((await tell('POST', '/api/v1/resources?dryRun=true', body)).status, 200, key);
    t.equal((await tell('POST', '/api/v1/resources', body)).status, 200, key);
    const changed = secretYaml(`by_${key}`, { value: `${canaries[key]}!` });
    t.equal((await tell('POST', '/api/v1/resources?dryRun=true', changed)).status, 200, key);
  }
  const misplaced = [
    clientYaml('a', { defaultMaxTokens: canaries.wrongField }),
    clientYaml('b', { deployed: canaries.wrongField, password: canaries.wrongField }),
    clientYaml('c', {}, { apiKey: canaries.wrongField }),
    secretYaml('d', { value: { nested: canaries.wrongField } }),
    `apiVersion: smarter.sh/v1\nkind: Secret\nmetadata: {name: e}\nspec: {config: {value: "${canaries.broken}\n`,
  ];
  for (const body of misplaced)
    for (const path of [
      '/api/v1/resources',
      '/api/v1/cli/apply/',
      '/api/v1/cli/apply?dry_run=true',
    ])
      t.equal((await tell('POST', path, body)).status, 422, body.slice(0, 60));
  await tell('GET', `/api/v1/journal?nonsense=${canaries.query}`);
  await tell('GET', `/nowhere?token=${canaries.query}`);
  await tell('GET', `/api/v1/resources?limit=${canaries.query}&cursor=${canaries.query}`);
  await tell('GET', '/api/v1/status', undefined, { authorization: `Bearer ${canaries.header}` });
  await tell('POST', '/webhooks/github/team', '{}', { 'x-hub-signature-256': canaries.header });

  const looks = [
    '/metrics',
    '/readyz',
    '/api/v1/status',
    '/api/v1/openapi.json',
    '/api/v1/sources/team',
    '/api/v1/sources/team/plan',
    '/api/v1/sources/team/drift',
    '/api/v1/resources?limit=1000',
    '/api/v1/resources/secret/from_env',
    '/api/v1/resources/secret/by_pem',
    '/api/v1/journal?limit=1000',
    '/api/v1/runs',
    '/api/v1/cli/get/secret',
    '/api/v1/cli/describe/secret?name=by_pem',
    '/api/v1/cli/describe/secret?name=from_env',
    '/api/v1/cli/whoami',
    '/api/v1/cli/status',
  ];
  for (const path of looks) t.equal((await tell('GET', path)).status, 200, path);
  t.equal((await tell('DELETE', '/api/v1/resources/secret/by_manifest')).status, 200);
  await until(() => reader.events.some((it) => it.data['verb'] === 'delete'));
  told.push(JSON.stringify(reader.events));

  const all = told.join('\n');
  t.ok(all.includes('from_env') && all.includes('by_pem'), 'the Secrets themselves are told of');
  for (const [where, canary] of Object.entries(canaries)) {
    const shapes = [
      canary,
      JSON.stringify(canary).slice(1, -1),
      encodeURIComponent(canary),
      Buffer.from(canary).toString('base64'),
      Buffer.from(canary).toString('hex'),
    ];
    for (const shape of shapes)
      t.notOk(all.includes(shape), `${where}: ${shape.length} characters`);
  }
});
