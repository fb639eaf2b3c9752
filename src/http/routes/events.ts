import * as z from 'zod';
import { EventStream } from '../event-stream.ts';
import type { Events } from '../events.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answersAs } from '../shapes.ts';

/** What happens, as it happens: runs, conditions and changes as server-sent events. */
export function eventRoutes(app: Api, { limits }: HttpParts, events: Events): void {
  app.get(
    '/api/v1/events',
    {
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        operationId: 'events',
        summary: 'Runs, conditions and changes as they happen, as server-sent events',
        description:
          'Events are run-started, run-finished, condition and change; a change has the id of its entry in the ' +
          'journal. A reader that comes back with Last-Event-ID is told what it missed, up to 500 entries; ' +
          'of more it gets one event, missed.',
        headers: z.object({ 'last-event-id': z.string().optional() }),
        response: answersAs('text/event-stream', 'A stream that does not end by itself'),
      },
    },
    (request, reply) => {
      events.admit();
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      reply.hijack();
      const stream = new EventStream(reply.raw, headers, limits.streamBacklog);
      reply.raw.on('close', () => events.leave(stream));
      events.join(stream, entryId(request.headers['last-event-id']));
    },
  );
}

/** The id of an entry; whatever else a client sends is no place to go on from. */
function entryId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
