import { issuedColumns, issuedOf } from '../kinds/smarter-auth-token/issued.ts';
import { smarterAuthToken as kind } from '../kinds/smarter-auth-token/kind.ts';
import { valueAt } from '../lib/json.ts';
import { isSameSecret } from '../lib/secret.ts';
import { readToken } from '../lib/token.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { keepingCounters } from '../store/live-counter.ts';
import type { Ports } from './ports.ts';

/** Whom a token that was accepted stands for. */
export interface Bearer {
  readonly key: ResourceKey;
  readonly keyId: string;
  readonly username: string;
}

/** Uses of a key within so many milliseconds are noted once. */
const noteEvery = 60_000;

/**
 * Says whether a token that a caller presents is good: issued, neither revoked nor rotated away, and
 * of a key that is active. Each question reads the record, so a revocation counts at once; the use is
 * noted at most once a minute, so that callers do not make the database write.
 */
export class TokenVerifier {
  readonly #ports: Ports;
  /** When the last use was noted, in monotonic milliseconds, by id of the record. */
  readonly #noted = new Map<number, number>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Undefined for a token that is not good, whatever the reason. */
  async verify(text: string): Promise<Bearer | undefined> {
    const presented = readToken(text);
    if (presented === undefined) return undefined;
    const now = this.#ports.clock.now().toISOString();
    const record = await this.#ports.database.read((query) => this.#find(query, presented.id));
    if (record === undefined) return undefined;
    const { keyId, hash, oldHash, oldUntil } = issuedOf(record);
    const wanted = presented.id === keyId ? hash : (oldUntil ?? '') > now ? oldHash : null;
    if (!isSameSecret(wanted ?? '', presented.hash)) return undefined;
    if (valueAt(record.manifest, 'spec.config.isActive') !== true) return undefined;
    await this.#note(record.id, now);
    const username = String(valueAt(record.manifest, 'spec.config.username') ?? '');
    return { key: record.key, keyId: presented.id, username };
  }

  async #find(query: Query, id: string): Promise<LiveRecord | undefined> {
    const [row] = await query.rows<{ account: string; name: string }>(
      `SELECT account, name FROM ${kind.tables.main} WHERE ${issuedColumns.keyId} = ? OR ${issuedColumns.oldKeyId} = ?`,
      [id, id],
    );
    if (row === undefined) return undefined;
    return this.#ports.brokers.of(kind).find(query, row.account, row.name);
  }

  /** That a use could not be noted is no reason to turn the caller away. */
  async #note(id: number, now: string): Promise<void> {
    const at = this.#ports.clock.monotonic();
    const last = this.#noted.get(id);
    if (last !== undefined && at - last < noteEvery) return;
    this.#noted.set(id, at);
    const sql = `UPDATE ${kind.tables.main} SET ${issuedColumns.lastUsedAt} = ? WHERE id = ?`;
    try {
      await this.#ports.database.write((query) =>
        keepingCounters(query, () => query.rows(sql, [now, id])),
      );
    } catch (error) {
      this.#noted.delete(id);
      this.#ports.log.warn({ err: error }, 'the use of a key could not be noted');
    }
  }
}
