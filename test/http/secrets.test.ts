import { Secret } from '../../src/lib/secret.ts';
import { listeningApi } from '../support/api.ts';
import { canaries, leaks, type Text } from '../support/canaries.ts';
import { EventReader } from '../support/event-reader.ts';
import { t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml } from '../support/world.ts';

/** Values that must be in no answer, by where they are put; each canary is the value of a Secret as well. */
const [token, environment, wrongField, query, header, broken] = [
  canaries[0],
  canaries[2],
  canaries[5],
  canaries[3],
  canaries[4],
  canaries[19],
] as const;

/** What stands in an address for the parameters of these names; a run's id for the one that is left. */
const places: Readonly<Record<string, string>> = {
  kind: 'secret',
  forge: 'github',
  source: 'team',
};

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

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
    token: new Secret(token),
    environment: { CANARY: environment },
  });
  const reader = new EventReader(t, address, { authorization: `Bearer ${token}` });
  await reader.begun();
  const told: Text[] = [];
  const tell = async (...request: Parameters<typeof ask>) => {
    const answer = await ask(...request);
    const name = `${request[0]} ${request[1].split('?')[0]}`;
    told.push({ name, text: `${answer.text}\n${JSON.stringify([...answer.headers])}` });
    return answer;
  };

  for (const [at, value] of canaries.entries()) {
    const body = secretYaml(`by_hand_${at}`, { value });
    t.equal((await tell('POST', '/api/v1/resources?dryRun=true', body)).status, 200, body);
    t.equal((await tell('POST', '/api/v1/resources', body)).status, 200, body);
    const changed = secretYaml(`by_hand_${at}`, { value: `${value}!` });
    t.equal((await tell('POST', '/api/v1/resources?dryRun=true', changed)).status, 200, body);
  }
  const misplaced = [
    clientYaml('a', { defaultMaxTokens: wrongField }),
    clientYaml('b', { deployed: wrongField, password: wrongField }),
    clientYaml('c', {}, { apiKey: wrongField }),
    secretYaml('d', { value: { nested: wrongField } }),
    `apiVersion: smarter.sh/v1\nkind: Secret\nmetadata: {name: e}\nspec: {config: {value: "${broken}\n`,
  ];
  for (const body of misplaced)
    for (const path of [
      '/api/v1/resources',
      '/api/v1/cli/apply/',
      '/api/v1/cli/apply?dry_run=true',
    ])
      t.equal((await tell('POST', path, body)).status, 422, body.slice(0, 60));
  await tell('GET', `/api/v1/journal?nonsense=${query}`);
  await tell('GET', `/nowhere?token=${query}`);
  await tell('GET', `/api/v1/resources?limit=${query}&cursor=${query}`);
  await tell('GET', '/api/v1/status', undefined, { authorization: `Bearer ${header}` });
  await tell('POST', '/webhooks/github/team', '{}', { 'x-hub-signature-256': header });

  const { paths } = (await ask('GET', '/api/v1/openapi.json')).body as Document;
  const [run] = (await ask('GET', '/api/v1/runs')).body.items as { id: string }[];
  const refused = [...misplaced, JSON.stringify({ prompt: query, plan: query, reason: query })];
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ path, method })),
  );
  const looks = operations.filter((it) => it.method === 'get');
  for (const { path, method } of [...looks, ...operations.filter((it) => !looks.includes(it))]) {
    // The events are read by somebody who waits for them.
    if (path.endsWith('/events')) continue;
    const isSource = path.includes('/sources/');
    for (const name of isSource ? ['team'] : ['from_env', 'by_hand_11']) {
      const here = path.replace(/\{(\w+)\}/g, (_, it: string) =>
        it === 'name' ? name : (places[it] ?? run?.id ?? ''),
      );
      const asked = path.includes('/cli/') ? `${here}?name=${name}` : here;
      // A Secret has no log.
      const wanted = path.endsWith('/logs') ? 501 : 200;
      if (method === 'get') t.equal((await tell('GET', asked)).status, wanted, asked);
      else
        for (const body of method === 'post' ? [undefined, ...refused] : [undefined])
          await tell(method.toUpperCase(), asked, body, { 'x-reason': header });
    }
  }
  for (const path of ['/api/v1/resources?limit=1000', '/api/v1/journal?limit=1000'])
    t.equal((await tell('GET', path)).status, 200, path);
  t.equal((await tell('DELETE', '/api/v1/resources/secret/by_hand_0')).status, 200);
  await until(() => reader.events.some((it) => it.data['verb'] === 'delete'));
  told.push({ name: 'the events', text: JSON.stringify(reader.events) });

  t.ok(
    ['from_env', 'by_hand_11'].every((name) => told.some(({ text }) => text.includes(name))),
    'the Secrets themselves are told of',
  );
  for (const value of canaries) {
    const sent = { name: 'what was sent', text: secretYaml('s', { value }) };
    t.not(leaks([value], [sent]).length, 0, 'where one stands, it is found');
  }
  t.same(leaks(canaries, told), []);
});
