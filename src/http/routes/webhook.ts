import * as z from 'zod';
import { PlumblineError } from '../../lib/errors.ts';
import { isObject } from '../../lib/json.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Daemon } from '../../reconcile/status.ts';
import type { Api } from '../parts.ts';
import { unchecked } from '../request.ts';
import { answers } from '../shapes.ts';
import { type Forge, forges, isSigned } from '../webhook-signature.ts';

/** What is known of the webhooks of one source. */
export interface Webhook {
  readonly secret: Secret;
  /** The full name of the ref that the source follows; a push to another one is no news. */
  readonly ref?: string;
}

/** Bytes of a body. More than any forge sends for a push; the signature is over all of it. */
const bodySize = 256 * 1024;

/**
 * `POST /webhooks/FORGE/SOURCE`: a hint that a source may have moved. Who cannot prove to know its
 * secret is told nothing else, not even whether there is such a source. What a body says is no more
 * than a hint either: a shape nobody knows is one as well.
 */
export function webhookRoutes(
  app: Api,
  daemon: Pick<Daemon, 'hint'>,
  webhooks: ReadonlyMap<string, Webhook>,
): void {
  app.post(
    '/webhooks/:forge/:source',
    {
      bodyLimit: bodySize,
      config: { openTo: 'forges' },
      schema: {
        tags: ['webhooks'],
        operationId: 'webhook',
        summary: 'A signed hint of a forge that a source may have moved',
        security: [],
        params: z.object({
          forge: z
            .string()
            .max(100)
            .describe(`One of ${forges.join(', ')}`),
          source: z.string().max(200),
        }),
        body: unchecked(z.looseObject({}).describe('As the forge sends it')),
        response: answers(z.object({ accepted: z.boolean(), reason: z.string().optional() }), 202),
      },
    },
    async (request, reply) => {
      const { forge, source } = request.params;
      const webhook = webhooks.get(source);
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (!isForge(forge)) throw unknownForge();
      if (webhook === undefined || !isSigned(forge, request.headers, body, webhook.secret))
        throw unsigned();
      reply.status(202);
      const pushed = refOf(body);
      if (webhook.ref !== undefined && pushed !== undefined && pushed !== webhook.ref)
        return { accepted: false, reason: `the source follows ${webhook.ref}` };
      daemon.hint(source);
      return { accepted: true };
    },
  );
}

function isForge(word: string): word is Forge {
  return (forges as readonly string[]).includes(word);
}

/** The ref that a push was to, as GitHub, GitLab and Gitea say it; undefined for every other body. */
function refOf(body: Buffer): string | undefined {
  try {
    const payload: unknown = JSON.parse(body.toString('utf8'));
    const ref = isObject(payload) ? payload['ref'] : undefined;
    return typeof ref === 'string' && ref.startsWith('refs/') ? ref : undefined;
  } catch {
    return undefined;
  }
}

function unknownForge(): PlumblineError {
  return new PlumblineError('REQUEST_NOT_FOUND', 'there is no such kind of webhook', {
    hint: `send it to /webhooks/ and one of ${forges.join(', ')}, then the name of the source`,
  });
}

function unsigned(): PlumblineError {
  return new PlumblineError('REQUEST_UNAUTHENTICATED', 'the webhook is not signed as it must be', {
    hint: 'give the sender the secret of webhook.secretFile, and check the name of the source',
  });
}
