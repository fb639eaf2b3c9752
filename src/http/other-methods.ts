import type { HTTPMethods } from 'fastify';
import { PlumblineError } from '../lib/errors.ts';
import type { Api } from './parts.ts';

const methods: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/**
 * Tells a caller who comes to a known address with another method which ones to use. Gives the
 * function to call once all routes are there.
 */
export function refuseOtherMethods(app: Api): () => void {
  const known = new Map<string, Set<HTTPMethods>>();
  app.addHook('onRoute', ({ url, method }) => {
    const taken = known.get(url) ?? new Set();
    for (const it of [method].flat()) taken.add(it as HTTPMethods);
    known.set(url, taken);
  });
  return () => {
    for (const [url, taken] of [...known]) {
      const allowed = methods.filter((it) => taken.has(it));
      app.route({
        method: methods.filter((it) => !taken.has(it)),
        url,
        schema: { hide: true },
        handler: async (request, reply) => {
          reply.header('allow', allowed.join(', '));
          throw new PlumblineError('REQUEST_METHOD', `${request.method} is not possible here`, {
            hint: `use ${allowed.filter((it) => it !== 'HEAD').join(' or ')}`,
          });
        },
      });
    }
  };
}
