import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { Webhook } from '../../src/http/routes/webhook.ts';
import { buildHttp } from '../../src/http/server.ts';
import { Secret } from '../../src/lib/secret.ts';
import { freshPorts } from '../support/ports.ts';
import { type Test, t } from '../support/tap.ts';
import { FakeDaemon, keptLog } from './fake-daemon.ts';

const secret = 'correct-horse-battery';
const webhooks = new Map<string, Webhook>([
  ['main', { secret: new Secret(secret), ref: 'refs/heads/main' }],
  ['folder', { secret: new Secret(secret) }],
]);
const push = JSON.stringify({ ref: 'refs/heads/main', after: 'f00' });
const hmac = (body: string | Buffer, key = secret) =>
  createHmac('sha256', key).update(body).digest('hex');

const proofs = {
  github: { header: 'X-Hub-Signature-256', of: (body: string) => `sha256=${hmac(body)}` },
  gitlab: { header: 'X-Gitlab-Token', of: () => secret },
  gitea: { header: 'X-Gitea-Signature', of: (body: string) => hmac(body) },
  generic: { header: 'X-Signature', of: (body: string) => `sha256=${hmac(body)}` },
} as const;
type Forge = keyof typeof proofs;
const forges = Object.keys(proofs) as Forge[];

/** A listener that anybody can reach, whose token no forge knows. */
async function open(t: Test) {
  const daemon = new FakeDaemon('main', 'folder', 'closed');
  const kept = keptLog();
  const app = await buildHttp(daemon, {
    listen: { host: '0.0.0.0', port: 0 },
    token: new Secret('only-for-people'),
    ports: { ...(await freshPorts(t)), log: kept.log },
    account: 'default',
    webhooks,
  });
  t.teardown(() => app.close());
  const send = async (url: string, headers: Record<string, string>, payload: string | Buffer) => {
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    return { status: answer.statusCode, body: answer.body };
  };
  return { daemon, kept, send };
}

for (const forge of forges) {
  const { header, of } = proofs[forge];
  const url = `/webhooks/${forge}/main`;

  t.test(`a webhook of ${forge} is taken from who knows the secret alone`, async (t) => {
    const { daemon, send } = await open(t);
    const wrong = {
      ...(forge === 'gitlab' ? { [header]: 'guess' } : { [header]: of(`${push} `) }),
    };
    const refused = [
      { name: 'no signature', url, headers: {} },
      { name: 'the signature of another body, or another secret', url, headers: wrong },
      { name: 'an empty signature', url, headers: { [header]: '' } },
      { name: 'a cut signature', url, headers: { [header]: of(push).slice(0, -1) } },
      {
        name: 'a source that takes none',
        url: `/webhooks/${forge}/closed`,
        headers: { [header]: of(push) },
      },
      {
        name: 'a source that is not there',
        url: `/webhooks/${forge}/nowhere`,
        headers: { [header]: of(push) },
      },
    ];
    const said = new Set<string>();
    for (const it of refused) {
      const { status, body } = await send(it.url, it.headers, push);
      t.equal(status, 401, it.name);
      said.add(body);
    }
    t.equal(said.size, 1, 'and is told the same in every case');
    t.same(daemon.hints, []);
    t.same(await send(url, { [header]: of(push) }, push), {
      status: 202,
      body: '{"accepted":true}',
    });
    t.same(daemon.hints, ['main']);
  });
}

t.test('a push to another ref is no news, and whatever is not understood is a hint', async (t) => {
  const { daemon, send } = await open(t);
  const cases = [
    { name: 'another branch', source: 'main', body: '{"ref":"refs/heads/next"}', hinted: false },
    { name: 'a tag', source: 'main', body: '{"ref":"refs/tags/main"}', hinted: false },
    { name: 'the branch', source: 'main', body: push, hinted: true },
    {
      name: 'a source without a ref',
      source: 'folder',
      body: '{"ref":"refs/heads/next"}',
      hinted: true,
    },
    { name: 'a ping', source: 'main', body: '{"zen":"Speak like a human."}', hinted: true },
    { name: 'no JSON', source: 'main', body: 'payload=%7B%7D', hinted: true },
    { name: 'a list', source: 'main', body: '["refs/heads/next"]', hinted: true },
    { name: 'a ref that is a number', source: 'main', body: '{"ref":7}', hinted: true },
    { name: 'nothing', source: 'main', body: '', hinted: true },
  ];
  for (const { name, source, body, hinted } of cases) {
    daemon.hints.length = 0;
    const headers = { [proofs.github.header]: proofs.github.of(body) };
    const { status } = await send(`/webhooks/github/${source}`, headers, body);
    t.equal(status, 202, name);
    t.same(daemon.hints, hinted ? [source] : [], name);
  }
});

t.test('a body is bounded before anything of it is looked at', async (t) => {
  const { daemon, send } = await open(t);
  const sized = (bytes: number) => 'x'.repeat(bytes);
  const headers = (body: string) => ({ [proofs.generic.header]: proofs.generic.of(body) });
  const url = '/webhooks/generic/main';
  const fits = sized(256 * 1024);
  t.equal((await send(url, headers(fits), fits)).status, 202);
  const larger = sized(256 * 1024 + 1);
  t.equal((await send(url, headers(larger), larger)).status, 413);
  t.equal((await send(url, {}, larger)).status, 413);
  t.same(daemon.hints, ['main']);
});

t.test('the secret of a webhook opens nothing else, and the token no webhook', async (t) => {
  const { daemon, send } = await open(t);
  for (const authorization of [`Bearer ${secret}`, 'Bearer only-for-people']) {
    t.equal((await send('/webhooks/github/main', { authorization }, push)).status, 401);
  }
  const signed = { [proofs.github.header]: proofs.github.of('') };
  t.equal((await send('/api/v1/sync', signed, '')).status, 401);
  t.equal((await send('/webhooks/../api/v1/sync', signed, '')).status, 401);
  t.equal((await send('/webhooks/bitbucket/main', {}, push)).status, 404);
  t.same(daemon.hints, []);
});

t.test('no body, however wrong, is an error of ours or reaches the log', async (t) => {
  const { kept, send } = await open(t);
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it)),
    fc.json().map((it) => Buffer.from(it)),
    fc.json().map((it) => Buffer.from(`{"ref":${it},"__proto__":${it}}`)),
  );
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(...forges), fc.boolean(), async (it, forge, knows) => {
      const proof =
        forge === 'gitlab' ? secret : `${forge === 'gitea' ? '' : 'sha256='}${hmac(it)}`;
      const headers = { [proofs[forge].header]: knows ? proof : 'guess' };
      const { status } = await send(`/webhooks/${forge}/main`, headers, it);
      return status === (knows ? 202 : 401);
    }),
    { numRuns: 2000 },
  );
  t.same(
    kept.lines.filter((it) => /"level":(?:50|60)/.test(it)),
    [],
  );
});
