import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Command, eventually, RunningDaemon } from '../support/daemon.ts';
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
  const state = { behave: well, seen: [] as Seen[], unsigned: 0, atOnce: 0, mostAtOnce: 0 };
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
    state.atOnce += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce);
    response.on('close', () => {
      state.atOnce -= 1;
    });
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
    // Where a proxy of the environment would be used, nothing would arrive.
    HTTP_PROXY: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    ALL_PROXY: 'http://127.0.0.1:9',
  });
  world.write('key.yaml', tokenYaml('key'));
  return { state, world };
}

const closed = { apiKey: 'key' };
const deployed = (name: string, config: object = {}) =>
  clientYaml(name, { deployed: true, ...config }, closed);

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
  t.match(state.seen[0]?.idempotencyKey, /^[0-9a-f]{64}$/);

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
    ['knows us not', (response) => response.writeHead(401).end(), /ENDPOINT_REFUSED.*401/],
    ['is not there', (response) => response.writeHead(404).end(), /ENDPOINT_REFUSED.*404/],
    ['is gone', (response) => response.writeHead(410).end(), /ENDPOINT_REFUSED.*410/],
    [
      'has too much to do',
      (response) => response.writeHead(429, { 'retry-after': '1' }).end(),
      /ENDPOINT_REFUSED.*429/,
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
    t.match((await world.run('get', 'clients')).out, /bot +pending .*\n.*calm +yes /, name);
    state.behave = well;
    t.equal((await world.run('sync')).exit, 0, `${name}: back`);
    const keys = new Set(
      state.seen.filter((it) => it.name === 'bot').map((it) => it.idempotencyKey),
    );
    t.equal(keys.size, 1, `${name}: every try has the same key`);
    t.equal((await world.run('plan')).exit, 0);
  }
});

t.test('one of fifty that never answers holds up no other', async (t) => {
  const { state, world } = await endpoint(t);
  const names = Array.from({ length: 49 }, (_, at) => `bot_${at}`);
  for (const name of ['slow', ...names]) world.write(`${name}.yaml`, deployed(name));
  state.behave = (response, seen) => (seen.name === 'slow' ? undefined : well(response, seen));
  const { exit, changes } = await world.report('sync');
  t.equal(exit, 1);
  const deploys = changes.filter((it) => it.action === 'deploy');
  t.same(
    deploys.filter((it) => it.outcome !== 'applied').map((it) => `${it.name} ${it.outcome}`),
    ['slow failed'],
  );
  t.equal(deploys.length, 50);
  t.ok(state.mostAtOnce <= 8, `${state.mostAtOnce} at once`);
  t.match((await world.run('describe', 'client', 'slow', '-o', 'json')).out, /ENDPOINT_TIMEOUT/);
  state.behave = well;
  t.equal((await world.run('sync')).exit, 0);
  const keys = new Set(state.seen.map((it) => it.idempotencyKey));
  t.equal(keys.size, 50, 'one effect for each');
  t.equal(state.seen.length, 51, 'only the slow one was asked again');
});

t.test('an answer without a body will do, and only an address of the web is one', async (t) => {
  const { state, world } = await endpoint(t);
  const answers: Readonly<Record<string, Behaviour>> = {
    silent: (response) => response.writeHead(204).end(),
    scripted: (response) => response.end('{"url":"javascript:alert(1)","message":"a\\u001b[2Jb"}'),
    local: (response) => response.end('{"url":"file:///etc/passwd","state":"published"}'),
    odd: (response) => response.end('{"url":["https://x.example.com"],"message":{"a":1}}'),
  };
  for (const name of Object.keys(answers)) world.write(`${name}.yaml`, deployed(name));
  state.behave = (response, seen) => answers[seen.name]?.(response, seen);
  t.equal((await world.run('sync')).exit, 0);
  for (const name of Object.keys(answers)) {
    const { out } = await world.run('describe', 'client', name, '-o', 'json');
    t.match(JSON.parse(out), { status: { deployed: true } }, name);
    t.notMatch(out, /javascript:|file:|x\.example/, name);
    t.notOk(out.includes('\u001b'), name);
  }
});

t.test('an address that speaks no TLS is told as such, and stays owed', async (t) => {
  const { world } = await endpoint(t);
  const url = world.environment['PLUMBLINE_ENDPOINT_URL']?.replace('http:', 'https:') ?? '';
  world.write('bot.yaml', deployed('bot'));
  const wrong = new World(t, { ...world.environment, PLUMBLINE_ENDPOINT_URL: url });
  const { exit, out } = await wrong.run('sync');
  t.equal(exit, 1);
  t.match(out, /ENDPOINT_UNREACHABLE/);
  t.equal((await world.run('sync')).exit, 0, 'with the right address it follows');
});

t.test('killed at any step of an effect, the endpoint sees one key and the truth', async (t) => {
  for (const step of [
    'execute.committed',
    'effect.before-request',
    'effect.answered',
    'effect.noted',
  ])
    for (const event of ['deploy', 'redeploy', 'undeploy']) {
      const { state, world } = await endpoint(t);
      const write = (config: Readonly<Record<string, unknown>>) =>
        world.write('bot.yaml', clientYaml('bot', config, closed));
      write({ deployed: event !== 'deploy' });
      t.equal((await world.run('sync')).exit, 0);
      state.seen = [];
      write({ deployed: event !== 'undeploy', defaultModel: 'gpt-4.1' });
      const killed = new Command(t, world, ['sync'], { PLUMBLINE_FAILPOINT: `${step}=kill` });
      t.equal(await killed.ended(), 'SIGKILL', `${event} at ${step}`);
      t.equal((await world.run('sync')).exit, 0);
      t.same(new Set(state.seen.map((it) => it.event)), new Set([event]), step);
      t.equal(new Set(state.seen.map((it) => it.idempotencyKey)).size, 1, `${event} at ${step}`);
      const { out } = await world.run('describe', 'client', 'bot', '-o', 'json');
      t.match(JSON.parse(out), { status: { deployed: event !== 'undeploy' } });
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

t.test('the receiver of the README takes what is signed, once, and nothing else', async (t) => {
  const [, code = ''] =
    /<!-- receiver:begin -->\n```js\n([\s\S]*?)```\n<!-- receiver:end -->/.exec(
      readFileSync('README.md', 'utf8'),
    ) ?? [];
  const { world } = await endpoint(t);
  const port = await freePort();
  writeFileSync(join(world.folder, 'receiver.mjs'), code);
  const receiver = spawn(process.execPath, ['receiver.mjs'], {
    cwd: world.folder,
    env: { ENDPOINT_KEY: key, PORT: String(port) },
  });
  t.teardown(() => receiver.kill());
  let said = '';
  receiver.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  const url = `http://127.0.0.1:${port}/`;
  const post = (body: string, signature: string, time = Math.floor(Date.now() / 1000)) =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'x-plumbline-timestamp': String(time), 'x-plumbline-signature': signature },
    });
  await eventually(async () => (await post('{}', 'sha256=guessed').catch(() => undefined))?.status);
  const there = new World(t, { ...world.environment, PLUMBLINE_ENDPOINT_URL: url });
  world.write('bot.yaml', deployed('bot'));
  t.equal((await there.run('sync')).exit, 0);
  t.equal(said, 'deploy LLMClient bot\n');
  t.match((await there.run('describe', 'client', 'bot')).out, 'https://chat.example.com/bot');

  const signed = (body: string, time: number) =>
    `sha256=${createHmac('sha256', key).update(`${time}.${body}`).digest('hex')}`;
  const now = Math.floor(Date.now() / 1000);
  const event = { event: 'deploy', idempotencyKey: 'a', resource: { kind: 'K', name: 'n' } };
  const body = JSON.stringify(event);
  for (const round of [1, 2])
    t.equal((await post(body, signed(body, now))).status, 200, `${round}`);
  t.equal((await post(`${body} `, signed(body, now))).status, 401, 'another body');
  t.equal((await post(body, signed(body, now), now + 1)).status, 401, 'another time');
  t.equal((await post(body, signed(body, now - 600), now - 600)).status, 401, 'an old one');
  t.equal(said, 'deploy LLMClient bot\ndeploy K n\n', 'each once');
});

/** A port of the loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

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
