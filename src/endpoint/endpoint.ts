import type { LiveRecord } from '../manifest/record.ts';

/** What an endpoint says of one resource. */
export interface EndpointAnswer {
  /** `pending`: it has taken the request and is not done; the same request again asks how it stands. */
  readonly state: 'published' | 'withdrawn' | 'pending';
  /** Where callers reach it, if there is such a place. */
  readonly url?: string;
  /** What people should know of it. */
  readonly message?: string;
}

/** How long Plumbline waits for an endpoint, in milliseconds, and for how many answers at a time. */
export interface EndpointLimits {
  /** For one answer. */
  readonly timeout: number;
  /** For all answers of one run together; what is not asked by then is asked later. */
  readonly patience: number;
  /** How long a record that is to be deleted is kept for an endpoint that does not confirm that it is withdrawn. */
  readonly undeployTimeout: number;
  readonly concurrency: number;
}

/**
 * The endpoint port: what "deployed" means outside the records. Every effect carries a key that stays
 * the same over retries, so that a driver can make it happen once. A driver throws a PlumblineError
 * when the effect did not happen; it then stays owed and is tried again. It gives up when the signal
 * fires; one that does not is left behind.
 */
export interface Endpoint {
  /**
   * Names the endpoint in what is remembered of its answers, so that those of another one do not count.
   * Undefined where the record itself is the endpoint: what is committed is published then, so nothing
   * is owed, asked or remembered.
   */
  readonly identity: string | undefined;
  readonly limits: EndpointLimits;
  /** Publishes a record, also one that is published already and has changed. */
  publish(record: LiveRecord, idempotencyKey: string, signal: AbortSignal): Promise<EndpointAnswer>;
  withdraw(
    record: LiveRecord,
    idempotencyKey: string,
    signal: AbortSignal,
  ): Promise<EndpointAnswer>;
  /**
   * Sends one message to a published resource and gives its answer. Throws VERB_NOT_IMPLEMENTED where there
   * is nothing to ask.
   */
  prompt(record: LiveRecord, text: string, signal: AbortSignal): Promise<string>;
}
