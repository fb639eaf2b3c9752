import type { ColumnType } from '../../manifest/kind.ts';
import type { LiveRecord } from '../../manifest/record.ts';

/**
 * What is known of the secret of an API key. It is no part of the manifest: the columns belong to the
 * server, they go with the record when it is deleted, and nothing of the secret is in them but its
 * hash. A rotated secret may stay good for a while beside the new one.
 */
export type Issued = {
  readonly keyId: string | null;
  readonly hash: string | null;
  /** Times are ISO 8601. */
  readonly issuedAt: string | null;
  readonly issuedBy: string | null;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly oldKeyId: string | null;
  readonly oldHash: string | null;
  readonly oldUntil: string | null;
  readonly lastUsedAt: string | null;
};

/** The column of each, on the record's main table. */
export const issuedColumns = {
  keyId: 'key_id',
  hash: 'key_hash',
  issuedAt: 'key_issued_at',
  issuedBy: 'key_issued_by',
  revokedAt: 'key_revoked_at',
  revokedBy: 'key_revoked_by',
  oldKeyId: 'old_key_id',
  oldHash: 'old_key_hash',
  oldUntil: 'old_key_until',
  lastUsedAt: 'key_last_used_at',
} as const satisfies Record<keyof Issued, string>;

const members = Object.keys(issuedColumns) as (keyof Issued)[];

export const issuedColumnTypes: Readonly<Record<string, ColumnType>> = Object.fromEntries(
  members.map((it) => [
    issuedColumns[it],
    it.endsWith('At') || it === 'oldUntil' ? 'timestamp' : 'text',
  ]),
);

export function issuedOf({ columns }: LiveRecord): Issued {
  return Object.fromEntries(
    members.map((it) => [it, columns[issuedColumns[it]] ?? null]),
  ) as Issued;
}

/** The columns to write, of what is given. */
export function issuedRow(issued: Partial<Issued>): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(issued).map(([member, value]) => [issuedColumns[member as keyof Issued], value]),
  );
}
