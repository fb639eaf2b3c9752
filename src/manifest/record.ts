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
  /** Set while the endpoint has not followed the last switch of deployment, as far as anybody knows. */
  readonly owed?: { readonly verb: 'deploy' | 'undeploy'; readonly idempotencyKey: string };
  /** Server-owned columns of the main table, by column name. */
  readonly columns: Readonly<Record<string, unknown>>;
}
