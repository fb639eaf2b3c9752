import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { PlumblineError } from '../lib/errors.ts';
import type { Daemon } from '../reconcile/status.ts';
import type { Access } from './access.ts';
import type { Metrics } from './metrics.ts';

export interface RouteParts {
  readonly daemon: Daemon;
  readonly metrics: Metrics;
  readonly access: Access;
  /** Of Plumbline. */
  readonly version: string;
}

type Answer = (request: FastifyRequest, reply: FastifyReply) => unknown;

const methods: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/** Every address of the listener. Answers are small and never wait for a run. */
export function routes(
  app: FastifyInstance,
  { daemon, metrics, access, version }: RouteParts,
): void {
  get(app, '/healthz', () => ({ status: 'ok' }));

  get(app, '/readyz', (request, reply) => {
    const sources = daemon.status();
    const ready = sources.every((source) => source.ready);
    const status = ready ? 'ready' : 'waiting';
    reply.status(ready ? 200 : 503);
    if (!access.trusted(request)) return { status };
    const waiting = sources.filter((source) => !source.ready);
    return {
      status,
      waiting: waiting.map(({ name, outcome, message }) => ({ source: name, outcome, message })),
    };
  });

  get(app, '/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.text();
  });

  get(app, '/api/v1/status', () => ({
    apiVersion: 'plumbline.dev/v1',
    kind: 'Status',
    version,
    sources: daemon.status(),
  }));

  post(app, '/api/v1/sync', (_request, reply) => {
    reply.status(202);
    return { request: daemon.request() };
  });

  post(app, '/api/v1/sources/:name/sync', (request, reply) => {
    const { name } = request.params as { name: string };
    reply.status(202);
    return { request: daemon.request(name) };
  });
}

function get(app: FastifyInstance, url: string, answer: Answer): void {
  app.get(url, async (request, reply) => answer(request, reply));
  refuse(app, url, ['GET', 'HEAD']);
}

function post(app: FastifyInstance, url: string, answer: Answer): void {
  app.post(url, async (request, reply) => answer(request, reply));
  refuse(app, url, ['POST']);
}

/** Any other method at a known address is told which one to use. */
function refuse(app: FastifyInstance, url: string, allowed: readonly HTTPMethods[]): void {
  app.route({
    method: methods.filter((method) => !allowed.includes(method)),
    url,
    handler: async (request, reply) => {
      reply.header('allow', allowed.join(', '));
      throw new PlumblineError('REQUEST_METHOD', `${request.method} is not possible here`, {
        hint: `use ${allowed[0]}`,
      });
    },
  });
}
