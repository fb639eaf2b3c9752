import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, RunningDaemon } from '../support/daemon.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, tokenYaml, World } from '../support/world.ts';

const key = 'known-to-both-sides';

interface Seen {
  readonly event: string;
  readonly name: string;
  readonly idempotencyKey: string;
}

type Behaviour = (response: ServerResponse, seen: Seen) => void;

const well: Behaviour = (response, { event, name }) =>
  response.end(JSON.stringify({ url: `https://${name}.example.com/`, message: `${event} done` }));

/** An endpoint of somebody else's, which does what its present behaviour says and counts what it did. */
async function endpoint(t: Test) {
  const state = { behave: well, seen: [] as Seen[], unsigned: 0 };
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { headers } = request;
    const timestamp = String(headers['x-plumbline-timestamp']);
    const hmac = createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex');
    if (headers['x-plumbline-signature'] !== `sha256=${hmac}`) state.unsigned += 1;
    const { event, resource } = JSON.parse(body) as { event: string; resource: { name: string } };
    const idempotencyKey = String(headers['idempotency-key']);
    const seen = { event, name: resource.name, idempotencyKey };
    state.seen.push(seen);
    state.behave(response, seen);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deployments`;
  const world = new World(t, {
    PLUMBLINE_ENDPOINT_DRIVER: 'webhook',
    PLUMBLINE_ENDPOINT_URL: url,
    PLUMBLINE_ENDPOINT_KEY: key,
    PLUMBLINE_ENDPOINT_TIMEOUT: '500ms',
  });
  world.write('key.yaml', tokenYaml('key'));
  return { state, world };
}

const deployed = (name: string, config: object = {}) =>
  clientYaml(name, { deployed: true, ...config }, { apiKey: 'key' });

t.test('what is deployed is what the endpoint says, signed and told once', async (t) => {
  const { state, world } = await endpoint(t);
  world.write('bot.yaml', deployed('bot'));
  t.equal((await world.run('sync')).exit, 0);
  t.same(
    state.seen.map((it) => `${it.event} ${it.name}`),
    ['deploy bot'],
  );
  const described = await world.run('describe', 'client', 'bot');
  t.match(described.out, /url: https:\/\/bot\.example\.com\//);
  t.match(described.out, /message: deploy done/);
  t.equal((await world.run('sync')).exit, 0);
  t.equal(state.seen.length, 1, 'a second sync tells nothing');

  world.write('bot.yaml', deployed('bot', { defaultModel: 'gpt-4.1' }));
  t.equal((await world.run('sync')).exit, 0);
  world.remove('bot.yaml');
  world.write('other.yaml', clientYaml('other'));
  t.equal((await world.run('sync')).exit, 0);
  t.same(
    state.seen.map((it) => it.event),
    ['deploy', 'redeploy', 'undeploy'],
    'a change is told, and a delete is undeployed first',
  );
  t.equal(state.unsigned, 0);
});

t.test('an endpoint that fails stays owed, and does the thing once when it is back', async (t) => {
  const ways: readonly (readonly [name: string, behave: Behaviour, says: RegExp])[] = [
    [
      'answers 500',
      (response) => response.writeHead(500).end('{"message":"no\\u001b[31mroom"}'),
      /ENDPOINT_REFUSED.*500: no\\\\x1b\[31mroom/,
    ],
    ['resets after accepting', (response) => response.destroy(), /ENDPOINT_UNREACHABLE/],
    ['never answers', () => undefined, /ENDPOINT_TIMEOUT/],
    ['is not done yet', (response) => response.writeHead(202).end(), /ENDPOINT_PENDING/],
    [
      'sends us elsewhere',
      (response) => response.writeHead(302, { location: '/x' }).end(),
      /ENDPOINT_REFUSED.*302/,
    ],
    ['talks nonsense', (response) => response.end('<html>'), /ENDPOINT_ANSWER/],
    ['says the opposite', (response) => response.end('{"state":"withdrawn"}'), /ENDPOINT_ANSWER/],
    ['talks without end', (response) => response.end('x'.repeat(100_000)), /ENDPOINT_ANSWER/],
  ];
  for (const [name, behave, says] of ways) {
    const { state, world } = await endpoint(t);
    world.write('bot.yaml', deployed('bot'));
    world.write('calm.yaml', deployed('calm'));
    state.behave = (response, seen) => (seen.name === 'bot' ? behave : well)(response, seen);
    const { exit, changes } = await world.report('sync');
    t.equal(exit, 1, name);
    const outcomes = changes
      .filter((it) => it.action === 'deploy')
      .map((it) => `${it.name} ${it.outcome}`);
    t.same(outcomes, ['bot failed', 'calm applied'], `${name}: the other does not wait for it`);
    t.match((await world.run('describe', 'client', 'bot', '-o', 'json')).out, says, name);
    state.behave = well;
    t.equal((await world.run('sync')).exit, 0, `${name}: back`);
    const keys = new Set(
      state.seen.filter((it) => it.name === 'bot').map((it) => it.idempotencyKey),
    );
    t.equal(keys.size, 1, `${name}: every try has the same key`);
    t.equal((await world.run('plan')).exit, 0);
  }
});

t.test('a daemon asks again by itself, also one that was killed meanwhile', async (t) => {
  const { state, world } = await endpoint(t);
  state.behave = (response) => response.writeHead(503).end();
  world.write('bot.yaml', deployed('bot'));
  const environment = { PLUMBLINE_SOURCE_INTERVAL: '1h' };
  const killed = new RunningDaemon(t, world, environment);
  await eventually(() => state.seen.length > 0);
  killed.process.kill('SIGKILL');
  await killed.ended();
  const daemon = new RunningDaemon(t, world, environment);
  const before = state.seen.length;
  await eventually(() => state.seen.length > before + 1, 20_000);
  state.behave = well;
  await eventually(async () => (await daemon.source()).outcome === 'converged', 20_000);
  t.equal(new Set(state.seen.map((it) => it.idempotencyKey)).size, 1);
});

t.test('a record is not deleted before its endpoint confirms, or has had its time', async (t) => {
  const { state, world } = await endpoint(t);
  world.write('bot.yaml', deployed('bot'));
  world.write('calm.yaml', clientYaml('calm'));
  t.equal((await world.run('sync')).exit, 0);
  state.behave = (response) => response.writeHead(500).end();
  world.remove('bot.yaml');
  t.equal((await world.run('sync')).exit, 1);
  t.match((await world.run('get', 'clients', '-o', 'name')).out, /bot/);
  const given = new World(t, { ...world.environment, PLUMBLINE_ENDPOINT_UNDEPLOY_TIMEOUT: '0s' });
  await given.run('sync');
  t.notMatch((await world.run('get', 'clients', '-o', 'name')).out, /bot/);
});

t.test(
  'a prompt goes to the endpoint of a deployed client, and its answer is printed',
  async (t) => {
    const { state, world } = await endpoint(t);
    state.behave = (response, { event }) =>
      response.end(event === 'prompt' ? JSON.stringify({ answer: 'In \u001b[31mLarkhill' }) : '');
    world.write('bot.yaml', deployed('bot'));
    world.write('calm.yaml', clientYaml('calm'));
    await world.run('sync');
    const { exit, out } = await world.run('prompt', 'bot', 'Where are you?');
    t.equal(exit, 0);
    t.equal(out, 'In \\x1b[31mLarkhill\n');
    const other = await world.run('prompt', 'calm', 'Hello');
    t.equal(other.exit, 1);
    t.match(other.err, /RECORD_NOT_DEPLOYED/);
  },
);

t.test('an endpoint that cannot be meant is refused with the configuration', async (t) => {
  const cases = [
    [{ PLUMBLINE_ENDPOINT_URL: '' }, /needs an address/],
    [{ PLUMBLINE_ENDPOINT_KEY: '' }, /needs a key/],
    [{ PLUMBLINE_ENDPOINT_URL: 'http://deploy.example.com/' }, /must begin with https/],
    [{ PLUMBLINE_ENDPOINT_URL: 'https://me:pw@deploy.example.com/' }, /must not hold credentials/],
    [{ PLUMBLINE_ENDPOINT_URL: 'file:///etc/passwd' }, /must begin with https/],
  ] as const;
  const { world } = await endpoint(t);
  for (const [change, says] of cases) {
    const { exit, err } = await new World(t, { ...world.environment, ...change }).run('plan');
    t.equal(exit, 1);
    t.match(err, says);
  }
});
