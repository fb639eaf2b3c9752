import type { Manifest, ResourceKey } from './manifest.ts';

/** A record as read back into a manifest, with what compare-and-set needs. */
export interface LiveRecord {
  readonly key: ResourceKey;
  readonly kind: string;
  readonly id: number;
  /** Normal form; the deployment field is always present for kinds that have one. */
  readonly manifest: Manifest;
  readonly digest: string;
  readonly deployed: boolean | undefined;
  /** Counts the writes of this record; a write is refused when it has moved since the plan saw it. */
  readonly generation: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Set while the endpoint has not followed the last write, as far as anybody knows. */
  readonly owed?: Owed;
  /** What the endpoint has said last; absent where it never did, or is the record itself. */
  readonly endpoint?: EndpointSaid;
  /** Server-owned columns of the main table, by column name. */
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Whether callers reach a record: it is deployed, and no endpoint has that still to do. */
export function isServed({ deployed, owed }: LiveRecord): boolean {
  return deployed === true && owed?.verb !== 'deploy';
}

/** What an endpoint still has to do for a record, and how the tries stand. */
export interface Owed {
  /** `redeploy`: it serves the record as it was before. */
  readonly verb: 'deploy' | 'redeploy' | 'undeploy';
  /** The same over all tries. */
  readonly idempotencyKey: string;
  /** ISO 8601, like `nextTryAt`. */
  readonly since: string;
  readonly attempts: number;
  readonly nextTryAt: string;
  /** Why the last try failed; null before. */
  readonly lastError: string | null;
}

/** What an endpoint has said of a record. Its texts are not to be trusted. */
export interface EndpointSaid {
  readonly state: 'deployed' | 'undeployed';
  /** Where callers reach it, if it said so. */
  readonly url: string | null;
  readonly message: string | null;
  /** ISO 8601. */
  readonly answeredAt: string;
}
