import { recordNotFound } from '../broker/not-found.ts';
import { type Issued, issuedOf, issuedRow } from '../kinds/smarter-auth-token/issued.ts';
import { smarterAuthToken as kind } from '../kinds/smarter-auth-token/kind.ts';
import { PlumblineError } from '../lib/errors.ts';
import { type NewToken, newToken } from '../lib/token.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';
import { keepingCounters } from '../store/live-counter.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { type Act, stageAct } from './acts.ts';
import type { Ports } from './ports.ts';

/** Who asks for a change of a key's secret, and of which key. */
export interface TokenRequest {
  readonly key: ResourceKey;
  readonly actor: string;
}

/** Gives a declared key its secret. Throws RECORD_NOT_FOUND, and TOKEN_ISSUED where it has one. */
export function issueToken(ports: Ports, request: TokenRequest): Promise<NewToken> {
  return change(ports, request, 'issue', (record, now) => {
    if (isLive(issuedOf(record)))
      throw new PlumblineError('TOKEN_ISSUED', `${record.key.name} has a secret already`, {
        hint: `make another with 'plumbline token rotate ${record.key.name}'`,
      });
    return fresh(request.actor, now, {});
  });
}

/**
 * Gives a key a new secret. The old one ends now, or stays good for so many milliseconds more. Throws
 * RECORD_NOT_FOUND, and TOKEN_NOT_ISSUED where there is no old one.
 */
export function rotateToken(
  ports: Ports,
  request: TokenRequest,
  keepOldFor: number,
): Promise<NewToken> {
  return change(ports, request, 'rotate', (record, now) => {
    const old = issuedOf(record);
    if (!isLive(old)) throw notIssued(record);
    if (keepOldFor <= 0) return fresh(request.actor, now, {});
    const oldUntil = new Date(Date.parse(now) + keepOldFor).toISOString();
    return fresh(request.actor, now, { oldKeyId: old.keyId, oldHash: old.hash, oldUntil });
  });
}

/** Ends every secret of a key. Throws RECORD_NOT_FOUND, and TOKEN_NOT_ISSUED where there is none to end. */
export async function revokeToken(ports: Ports, request: TokenRequest): Promise<void> {
  await change(ports, request, 'revoke', (record, now) => {
    if (!isLive(issuedOf(record))) throw notIssued(record);
    const issued = { ...noOldOne, hash: null, revokedAt: now, revokedBy: request.actor };
    return { issued, token: undefined };
  });
}

/** Whether a key has a secret that callers may present, as long as the key is active. */
export function isLive(issued: Issued): boolean {
  return issued.hash !== null && issued.revokedAt === null;
}

interface Changed<T> {
  readonly issued: Partial<Issued>;
  readonly token: T;
}

const noOldOne = { oldKeyId: null, oldHash: null, oldUntil: null };

function fresh(actor: string, now: string, old: Partial<Issued>): Changed<NewToken> {
  const token = newToken();
  return {
    token,
    issued: {
      ...noOldOne,
      ...old,
      keyId: token.id,
      hash: token.hash,
      issuedAt: now,
      issuedBy: actor,
      revokedAt: null,
      revokedBy: null,
    },
  };
}

/** One change of a key's secret with its entry in the journal, which has the id and never the secret. */
async function change<T>(
  ports: Ports,
  { key, actor }: TokenRequest,
  verb: Act['verb'],
  decide: (record: LiveRecord, now: string) => Changed<T>,
): Promise<T> {
  const at = ports.clock.now().toISOString();
  let made: T | undefined;
  await ports.database.write((query) =>
    keepingCounters(query, async () => {
      const record = await ports.brokers.of(kind).find(query, key.account, key.name);
      if (record === undefined) throw recordNotFound(kind.name, key.name);
      const { issued, token } = decide(record, at);
      const unit = new UnitOfWork();
      stageIssued(unit, record, issued);
      const id = issued.keyId ?? issuedOf(record).keyId;
      const grace = issued.oldUntil == null ? '' : `, the one before until ${issued.oldUntil}`;
      stageAct(unit, { verb, actor, at, key, kind: kind.name, message: `key ${id}${grace}` });
      await unit.flush(query);
      made = token;
    }),
  );
  return made as T;
}

function stageIssued(unit: UnitOfWork, record: LiveRecord, issued: Partial<Issued>): void {
  unit.update(kind.tables.main, { id: record.id, ...issuedRow(issued) });
}

/** Every declared key of an account with what is known of its secret, by name. */
export async function listTokens(
  ports: Ports,
  query: Query,
  account: string,
): Promise<readonly { readonly record: LiveRecord; readonly issued: Issued }[]> {
  const found: { readonly record: LiveRecord; readonly issued: Issued }[] = [];
  for await (const page of ports.brokers.of(kind).pages(query, account))
    found.push(...page.map((record) => ({ record, issued: issuedOf(record) })));
  return found;
}

function notIssued({ key }: LiveRecord): PlumblineError {
  return new PlumblineError('TOKEN_NOT_ISSUED', `${key.name} has no secret`, {
    hint: `give it one with 'plumbline token issue ${key.name}'`,
  });
}
