import { connect } from 'node:net';
import type { InjectOptions } from 'fastify';
import { httpLimits } from '../../src/http/limits.ts';
import { buildHttp, type HttpOptions, startHttp } from '../../src/http/server.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { freshPorts } from '../support/ports.ts';
import { type Test, t } from '../support/tap.ts';
import { FakeDaemon, keptLog } from './fake-daemon.ts';

const token = 'correct-horse-battery';
const local = { host: '127.0.0.1', port: 0 };
const everywhere = { host: '0.0.0.0', port: 0 };

async function options(t: Test, change: Partial<HttpOptions> = {}): Promise<HttpOptions> {
  return { listen: local, ports: await freshPorts(t), account: 'default', ...change };
}

async function open(t: Test, daemon: FakeDaemon, change: Partial<HttpOptions> = {}) {
  const app = await buildHttp(daemon, await options(t, change));
  t.teardown(() => app.close());
  return app;
}

/** Sends bytes as they are and gives back all that came until the other side closed. */
function raw(address: string, text: string): Promise<string> {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) as unknown as [string, string, string];
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), host, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });
}

t.test('a source is waited for until its first complete pass, and never again', async (t) => {
  const daemon = new FakeDaemon('one', 'two');
  const app = await open(t, daemon);
  const ready = async () => {
    const { statusCode, body } = await app.inject('/readyz');
    const { status, waiting } = JSON.parse(body);
    return [statusCode, status, waiting.map((it: { source: string }) => it.source)];
  };
  t.same(await ready(), [503, 'waiting', ['one', 'two']], 'at the start');
  daemon.end('one', 'converged');
  t.same(await ready(), [503, 'waiting', ['two']], 'after one');
  daemon.end('two', 'retrying');
  t.same(await ready(), [503, 'waiting', ['two']], 'after a failure');
  t.match((await app.inject('/readyz')).json().waiting[0], {
    outcome: 'retrying',
    message: 'the run ended retrying',
  });
  daemon.end('two', 'converged');
  t.same(await ready(), [200, 'ready', []], 'after both');
  daemon.end('one', 'retrying');
  t.same(await ready(), [200, 'ready', []], 'a later failure takes nothing back');
  t.same((await app.inject('/healthz')).json(), { status: 'ok' });
});

t.test('status tells every source and the version', async (t) => {
  const daemon = new FakeDaemon('one');
  const answer = await (await open(t, daemon)).inject('/api/v1/status');
  t.equal(answer.statusCode, 200);
  t.same(answer.json(), {
    apiVersion: 'plumbline.dev/v1',
    kind: 'Status',
    version: '0.0.0',
    sources: daemon.status(),
  });
});

t.test('a sync request reaches the daemon and gives back its id', async (t) => {
  const daemon = new FakeDaemon('one', 'two');
  const app = await open(t, daemon);
  const one = await app.inject({ method: 'POST', url: '/api/v1/sources/two/sync' });
  t.same([one.statusCode, one.json()], [202, { request: 'request-1' }]);
  const all = await app.inject({ method: 'POST', url: '/api/v1/sync', payload: { ignored: true } });
  t.same([all.statusCode, all.json()], [202, { request: 'request-2' }]);
  t.same(daemon.requests, ['two', undefined]);
});

t.test('what is refused has one envelope, a code and no stack', async (t) => {
  const cases: readonly (readonly [string, InjectOptions, number, string])[] = [
    ['an unknown address', { url: '/nowhere' }, 404, 'REQUEST_NOT_FOUND'],
    ['an address with escapes', { url: '/%1b[31m' }, 404, 'REQUEST_NOT_FOUND'],
    ['a broken escape', { url: '/%zz' }, 400, 'REQUEST_INVALID'],
    [
      'an unknown source',
      { method: 'POST', url: '/api/v1/sources/nope/sync' },
      404,
      'SOURCE_UNKNOWN',
    ],
    ['GET where POST is meant', { url: '/api/v1/sync' }, 405, 'REQUEST_METHOD'],
    ['POST where GET is meant', { method: 'POST', url: '/healthz' }, 405, 'REQUEST_METHOD'],
    ['a preflight', { method: 'OPTIONS', url: '/api/v1/sync' }, 405, 'REQUEST_METHOD'],
    [
      'a body over the limit',
      { method: 'POST', url: '/api/v1/sync', payload: 'x'.repeat(httpLimits.bodySize + 1) },
      413,
      'REQUEST_TOO_LARGE',
    ],
  ];
  const daemon = new FakeDaemon('one');
  const app = await open(t, daemon);
  for (const [name, request, status, code] of cases) {
    const answer = await app.inject(request);
    t.equal(answer.statusCode, status, `${name}: status`);
    t.match(answer.headers, {
      'content-type': /^application\/json/,
      'x-content-type-options': 'nosniff',
      'content-security-policy': /frame-ancestors 'none'/,
      'cache-control': 'no-store',
    });
    const { error, ...rest } = answer.json();
    t.same(rest, {}, `${name}: nothing beside the error`);
    t.equal(error.code, code, `${name}: code`);
    t.ok(error.message, `${name}: message`);
    t.notMatch(answer.body, /\bat .*\.js:\d|\bnode:/, `${name}: no stack`);
  }
  t.same(daemon.requests, [], 'nothing was asked of the daemon');
  const allow = await app.inject('/api/v1/sync');
  t.equal(allow.headers['allow'], 'POST');
});

t.test('a fault of ours says nothing of its cause, and the log does', async (t) => {
  const daemon = new FakeDaemon('one');
  daemon.status = () => {
    throw new Error('password=hunter2 at /srv/secret');
  };
  const { log, lines } = keptLog();
  const ports = { ...(await freshPorts(t)), log };
  // The metrics look at the daemon as soon as they are made.
  await t.rejects(buildHttp(daemon, await options(t, { ports })), /hunter2/);
  const later = new FakeDaemon('one');
  const app = await open(t, later, { ports });
  later.status = daemon.status;
  const answer = await app.inject('/api/v1/status');
  t.equal(answer.statusCode, 500);
  t.equal(answer.json().error.code, 'INTERNAL');
  t.notMatch(answer.body, /hunter2|secret/);
  t.match(lines.join(''), /a request failed/);
});

t.test('on loopback only local host names and no foreign pages are answered', async (t) => {
  const cases: readonly (readonly [string, Record<string, string>, number])[] = [
    ['localhost', { host: 'localhost:8080' }, 202],
    ['localhost through another port', { host: 'localhost:9999' }, 202],
    ['upper case', { host: 'LOCALHOST' }, 202],
    ['the address', { host: '127.0.0.1:8080' }, 202],
    ['the other loopback', { host: '[::1]:8080' }, 202],
    ['a name that was made to point here', { host: 'evil.example:8080' }, 403],
    ['a name that begins well', { host: 'localhost.evil.example' }, 403],
    ['a name that ends well', { host: 'evil.example#localhost' }, 403],
    ['the same page', { host: 'localhost:8080', origin: 'http://localhost:8080' }, 202],
    ['a foreign page', { host: 'localhost:8080', origin: 'https://evil.example' }, 403],
    ['another port of this machine', { host: 'localhost:8080', origin: 'http://localhost:1' }, 403],
    ['a page without a name', { host: 'localhost:8080', origin: 'null' }, 403],
    ['a form of a foreign page', { host: 'localhost', 'sec-fetch-site': 'cross-site' }, 403],
  ];
  const daemon = new FakeDaemon('one');
  const app = await open(t, daemon);
  for (const [name, headers, status] of cases) {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/sync', headers });
    t.equal(answer.statusCode, status, name);
    if (status === 403) t.equal(answer.json().error.code, 'REQUEST_REFUSED', name);
  }
});

t.test('with a token everything but the words of the probes needs it', async (t) => {
  const daemon = new FakeDaemon('one');
  const right = { authorization: `Bearer ${token}` };
  const cases: readonly (readonly [string, string, Record<string, string>, number, RegExp])[] = [
    ['health', '/healthz', {}, 200, /^\{"status":"ok"\}$/],
    ['readiness', '/readyz', {}, 503, /^\{"status":"waiting"\}$/],
    ['readiness with details', '/readyz', right, 503, /"source":"one"/],
    ['metrics', '/metrics', {}, 401, /REQUEST_UNAUTHENTICATED/],
    ['status', '/api/v1/status', {}, 401, /REQUEST_UNAUTHENTICATED/],
    ['an unknown address', '/nowhere', {}, 401, /REQUEST_UNAUTHENTICATED/],
    ['a probe with more behind it', '/healthz/x', {}, 401, /REQUEST_UNAUTHENTICATED/],
    ['the token', '/api/v1/status', right, 200, /"kind":"Status"/],
    ['the word Token', '/metrics', { authorization: `Token ${token}` }, 200, /plumbline_/],
    ['in lower case', '/metrics', { authorization: `bearer ${token}` }, 200, /plumbline_/],
    ['a wrong token', '/metrics', { authorization: `Bearer ${token}x` }, 401, /token/],
    ['half a token', '/metrics', { authorization: `Bearer ${token.slice(0, -1)}` }, 401, /token/],
    ['no scheme', '/metrics', { authorization: token }, 401, /token/],
    ['an empty token', '/metrics', { authorization: 'Bearer ' }, 401, /token/],
    ['basic', '/metrics', { authorization: `Basic ${token}` }, 401, /token/],
  ];
  for (const listen of [everywhere, local]) {
    const app = await open(t, daemon, { listen, token: new Secret(token) });
    for (const [name, url, headers, status, body] of cases) {
      const answer = await app.inject({ url, headers });
      t.equal(answer.statusCode, status, `${listen.host}: ${name}`);
      t.match(answer.body, body, `${listen.host}: ${name}`);
      if (status === 401) t.equal(answer.headers['www-authenticate'], 'Bearer');
    }
  }
});

t.test('metrics count runs and show the present outcome', async (t) => {
  const daemon = new FakeDaemon('one');
  const app = await open(t, daemon);
  const own = async () => {
    const { body } = await app.inject('/metrics');
    return body.split('\n').filter((line) => line.startsWith('plumbline_'));
  };
  const before = await own();
  t.ok(before.includes('plumbline_runs_total{source="one",outcome="stalled"} 0'));
  t.ok(before.includes('plumbline_source_outcome{source="one",outcome="pending"} 1'));
  t.ok(before.includes('plumbline_work_total{source="one",of="rows"} 0'));
  daemon.end('one', 'converged', { create: 3, unchanged: 7 });
  daemon.end('one', 'stalled', { update: 1 }, 2);
  const after = await own();
  for (const line of [
    'plumbline_runs_total{source="one",outcome="converged"} 1',
    'plumbline_runs_total{source="one",outcome="stalled"} 1',
    'plumbline_run_seconds_count{source="one"} 2',
    'plumbline_run_seconds_sum{source="one"} 3',
    'plumbline_changes_total{source="one",action="create"} 3',
    'plumbline_changes_total{source="one",action="update"} 1',
    'plumbline_changes_total{source="one",action="delete"} 0',
    'plumbline_work_total{source="one",of="filesRead"} 4',
    'plumbline_work_total{source="one",of="statements"} 120',
    'plumbline_problems{source="one"} 2',
    'plumbline_source_outcome{source="one",outcome="pending"} 0',
    'plumbline_source_outcome{source="one",outcome="stalled"} 1',
    'plumbline_last_success_timestamp_seconds{source="one"} 1767225601.5',
  ]) {
    t.ok(after.includes(line), line);
  }
  t.notOk(after.some((line) => line.includes('unchanged')));
  t.same(await own(), after, 'the same twice');
  t.match((await app.inject('/metrics')).body, /^process_cpu_seconds_total /m);
  t.match((await app.inject('/metrics')).headers['content-type'], /^text\/plain; version=0\.0\.4/);
});

t.test('port 0 gives the real address, and closing frees it and the daemon', async (t) => {
  const daemon = new FakeDaemon('one');
  const http = await startHttp(daemon, await options(t));
  t.match(http.address, /^127\.0\.0\.1:[1-9]\d*$/);
  t.same(await (await fetch(`http://${http.address}/healthz`)).json(), { status: 'ok' });
  const { listening } = daemon;
  t.ok(listening > 0);

  const port = Number(http.address.split(':')[1]);
  const taken = startHttp(daemon, await options(t, { listen: { host: '127.0.0.1', port } }));
  await t.rejects(taken, {
    code: 'LISTEN_FAILED',
    message: /another program/,
    hint: /http\.listen/,
  });
  t.equal(daemon.listening, listening, 'a failed start leaves nothing behind');

  await http.close();
  t.equal(daemon.listening, 0);
  await t.rejects(fetch(`http://${http.address}/healthz`));
});

t.test('an address that cannot be had is refused with a way out', async (t) => {
  const cases = [
    ['everywhere without a token', { host: '0.0.0.0', port: 0 }, /tokenFile/],
    ['everywhere by IPv6 without a token', { host: '::', port: 0 }, /tokenFile/],
    ['an address of another machine', { host: '192.0.2.1', port: 0 }, /tokenFile/],
  ] as const;
  for (const [name, listen, hint] of cases) {
    await t.rejects(
      startHttp(new FakeDaemon(), await options(t, { listen })),
      { code: 'LISTEN_FAILED', hint },
      name,
    );
  }
  const foreign = { listen: { host: '192.0.2.1', port: 0 }, token: new Secret(token) };
  const error = await startHttp(new FakeDaemon(), await options(t, foreign)).catch((it) => it);
  t.ok(error instanceof PlumblineError);
  t.match(error, { code: 'LISTEN_FAILED', message: /no such address/ });
});

t.test('a caller cannot hold the listener up or fill it', async (t) => {
  const limits = { ...httpLimits, headersTime: 300, requestTime: 600 };
  const http = await startHttp(new FakeDaemon('one'), await options(t, { limits }));
  t.teardown(() => http.close());
  const head = 'POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\n';
  const cases = [
    [
      'a header that never ends',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ',
      /^HTTP\/1\.1 408 /,
    ],
    ['a body that never comes', `${head}Content-Length: 10\r\n\r\n`, /^HTTP\/1\.1 408 /],
    [
      'a header over 8 KiB',
      `${head}X: ${'x'.repeat(9000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*REQUEST_TOO_LARGE/,
    ],
    ['no HTTP at all', '\u0016\u0003\u0001hello\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*REQUEST_INVALID/],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a foreign host',
      'GET /healthz HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 403 /,
    ],
    ['a length over the limit', `${head}Content-Length: 99999999\r\n\r\n`, /^HTTP\/1\.1 413 /],
  ] as const;
  await Promise.all(
    cases.map(async ([name, text, answer]) => t.match(await raw(http.address, text), answer, name)),
  );
  t.equal((await fetch(`http://${http.address}/healthz`)).status, 200, 'and it still answers');
});

t.test('a connection over the limit is closed and the others live', async (t) => {
  const limits = { ...httpLimits, connections: 2 };
  const http = await startHttp(new FakeDaemon('one'), await options(t, { limits }));
  t.teardown(() => http.close());
  const port = Number(http.address.split(':')[1]);
  const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  t.teardown(() => {
    for (const socket of held) socket.destroy();
  });
  await Promise.all(
    held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
  );
  t.equal(await raw(http.address, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'), '');
});

t.test(
  'an address that asks too often is told when to come back; probes are not counted',
  async (t) => {
    const limits = { ...httpLimits, requests: 3 };
    const app = await open(t, new FakeDaemon('one'), { limits });
    for (const url of ['/healthz', '/readyz', '/healthz', '/readyz'])
      t.not((await app.inject(url)).statusCode, 429, url);
    for (const url of ['/metrics', '/nowhere', '/api/v1/kinds'])
      t.not((await app.inject(url)).statusCode, 429, url);
    const refused = await app.inject('/api/v1/kinds');
    t.equal(refused.statusCode, 429);
    t.equal(refused.json().error.code, 'REQUEST_TOO_MANY');
    t.match(refused.headers, { 'retry-after': /^\d+$/, 'x-content-type-options': 'nosniff' });
    t.equal((await app.inject('/healthz')).statusCode, 200);
    const other = await app.inject({ url: '/metrics', remoteAddress: '192.0.2.7' });
    t.equal(other.statusCode, 200, 'others are not made to pay for it');
  },
);

t.test('who waits too long for a plan is told so', async (t) => {
  const daemon = new FakeDaemon('one');
  const limits = { ...httpLimits, answerTime: 20 };
  const app = await open(t, daemon, { limits });
  t.equal((await app.inject('/api/v1/sources/one/plan')).statusCode, 200);
  daemon.gate = new Promise(() => undefined);
  for (const what of ['plan', 'drift']) {
    const late = await app.inject(`/api/v1/sources/one/${what}`);
    t.same([late.statusCode, late.json().error.code], [504, 'SOURCE_TIMEOUT'], what);
  }
});
