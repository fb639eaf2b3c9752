import { PlumblineError } from '../lib/errors.ts';
import type { Endpoint } from './endpoint.ts';

/** The driver for applications that read the `deployed` column themselves: the record is the endpoint. */
export const recordEndpoint: Endpoint = {
  identity: undefined,
  limits: { timeout: 10_000, patience: 60_000, undeployTimeout: 900_000, concurrency: 8 },
  publish: async () => ({ state: 'published' }),
  withdraw: async () => ({ state: 'withdrawn' }),
  prompt: async () => {
    throw new PlumblineError(
      'VERB_NOT_IMPLEMENTED',
      'there is nothing to ask: the records are read by an application that Plumbline does not know',
      { hint: 'ask that application, or configure an endpoint (endpoint.driver: webhook)' },
    );
  },
};
