import type { LiveRecord } from '../manifest/record.ts';

/** What an endpoint says of one published resource. */
export interface EndpointAnswer {
  readonly state: 'published' | 'withdrawn';
  /** Where callers reach it, if there is such a place. */
  readonly url?: string;
}

/**
 * The endpoint port: what "deployed" means outside the records. Every call carries a key that stays
 * the same over retries, so that a driver can make the effect happen once. A driver throws a
 * PlumblineError when the effect did not happen; it then stays owed, and the next run tries again.
 */
export interface Endpoint {
  publish(record: LiveRecord, idempotencyKey: string): Promise<EndpointAnswer>;
  withdraw(record: LiveRecord, idempotencyKey: string): Promise<EndpointAnswer>;
}

/** The driver for applications that read the `deployed` column themselves: the record is the endpoint. */
export const recordEndpoint: Endpoint = {
  publish: async () => ({ state: 'published' }),
  withdraw: async () => ({ state: 'withdrawn' }),
};
