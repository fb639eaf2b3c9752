import * as z from 'zod';
import type { Api, HttpParts } from '../parts.ts';
import { answers, answersAs, statusShape } from '../shapes.ts';
import { sourcesJson } from '../source-json.ts';

const tags = ['health'];

/** Whether the process lives, whether it has looked at everything once, and what it measured. */
export function healthRoutes(app: Api, { daemon, metrics, access, ports }: HttpParts): void {
  app.get(
    '/healthz',
    {
      config: { openTo: 'probes' },
      schema: {
        tags,
        operationId: 'health',
        summary: 'Whether the process answers',
        security: [],
        response: answers(z.object({ status: z.literal('ok') })),
      },
    },
    async () => ({ status: 'ok' }),
  );

  const waiting = z.object({ source: z.string(), outcome: z.string(), message: z.string() });
  const readiness = z.object({
    status: z.enum(['ready', 'waiting']),
    waiting: z.array(waiting).optional().describe('Told to callers with the token alone'),
  });
  app.get(
    '/readyz',
    {
      config: { openTo: 'probes' },
      schema: {
        tags,
        operationId: 'readiness',
        summary: 'Whether every source has been looked at once',
        security: [],
        response: answers(readiness, 200, 503),
      },
    },
    async (request, reply) => {
      const sources = daemon.status();
      const ready = sources.every((source) => source.ready);
      const status = ready ? 'ready' : 'waiting';
      reply.status(ready ? 200 : 503);
      if (!access.trusted(request)) return { status };
      return {
        status,
        waiting: sources
          .filter((source) => !source.ready)
          .map(({ name, outcome, message }) => ({ source: name, outcome, message })),
      };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        operationId: 'metrics',
        summary: 'Metrics for Prometheus',
        response: answersAs('text/plain', 'Metrics in the text format of Prometheus'),
      },
    },
    async (_request, reply) => {
      reply.header('content-type', metrics.contentType);
      return metrics.text();
    },
  );

  app.get(
    '/api/v1/status',
    {
      schema: {
        tags,
        operationId: 'status',
        summary: 'Every source, and the version',
        response: answers(statusShape),
      },
    },
    async () => ({
      apiVersion: 'plumbline.dev/v1',
      kind: 'Status',
      version: ports.version,
      sources: await sourcesJson(daemon.status(), ports),
    }),
  );
}
