import { type HttpLimits, httpLimits } from '../../src/http/limits.ts';
import type { Webhook } from '../../src/http/routes/webhook.ts';
import { startHttp } from '../../src/http/server.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Log } from '../../src/lib/log.ts';
import type { Secret } from '../../src/lib/secret.ts';
import type { Policy } from '../../src/plan/change.ts';
import { DaemonLoops } from '../../src/reconcile/daemon.ts';
import { FakeSource, freshPorts, targetOf } from './ports.ts';
import type { Test } from './tap.ts';
import { until } from './until.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** As JSON where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by what it looks at what it expects
  readonly body: any;
  readonly text: string;
}

export interface ApiOptions {
  /** Files of the one source, `team`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly token?: Secret;
  readonly limits?: Partial<HttpLimits>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of the source, where they are other than usual. */
  readonly policyLimits?: Partial<Policy['limits']>;
  readonly webhooks?: ReadonlyMap<string, Webhook>;
  readonly log?: Log;
}

/** A real listener over a real database and a daemon, whose one source has been synced once. */
export async function listeningApi(
  t: Test,
  { files = {}, token, limits, environment, policyLimits, webhooks, log }: ApiOptions = {},
) {
  const fresh = await freshPorts(t, kinds, environment);
  const ports = { ...fresh, log: log ?? fresh.log };
  const source = new FakeSource(files);
  const { policy, ...rest } = targetOf(source);
  const target = {
    ...rest,
    policy: { ...policy, limits: { ...policy.limits, ...policyLimits } },
    rhythm: { interval: 3_600_000 },
    location: '/srv/team',
  };
  const daemon = new DaemonLoops(ports, [target]);
  const http = await startHttp(daemon, {
    ports,
    account: 'default',
    listen: { host: '127.0.0.1', port: 0 },
    ...(token === undefined ? {} : { token }),
    ...(webhooks === undefined ? {} : { webhooks }),
    limits: { ...httpLimits, requests: 1_000_000, ...limits },
  });
  const stop = new AbortController();
  const ended = daemon.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await ended;
    await http.close();
  });
  await until(() => daemon.status()[0]?.ready === true, 30_000);

  const ask = async (
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const given = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
    const answer = await fetch(`http://${http.address}${path}`, {
      method,
      headers: { ...given, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: answer.status,
      headers: answer.headers,
      body: json ? JSON.parse(text) : text,
      text,
    };
  };
  return { ports, source, daemon, address: http.address, ask };
}
