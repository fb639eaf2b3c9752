import type { FastifyRequest } from 'fastify';
import { valueAt } from '../lib/json.ts';
import type { Resource } from '../reconcile/resource.ts';
import { givenToken, tokenNeeded } from './access.ts';
import type { HttpParts } from './parts.ts';

/**
 * Lets the token of the listener speak to a client, and the secret of the very API key that the client
 * names, as long as that is good; no key opens anything else. Throws REQUEST_UNAUTHENTICATED, also
 * where there is no such client.
 */
export async function admitCaller(
  { access, keys }: HttpParts,
  request: FastifyRequest,
  resource: Resource,
): Promise<void> {
  if (access.trusted(request)) return;
  const given = givenToken(request);
  const bearer = given === undefined ? undefined : await keys.verify(given);
  if (bearer === undefined) throw tokenNeeded();
  const record = await resource.record();
  const isItsKey =
    record?.key.account === bearer.key.account &&
    valueAt(record.manifest, 'spec.apiKey') === bearer.key.name;
  if (!isItsKey) throw tokenNeeded();
}
