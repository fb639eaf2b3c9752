import { randomUUID } from 'node:crypto';
import { deployedBeyond } from '../broker/record-list.ts';
import { keyId } from '../manifest/manifest.ts';
import { stageEffect } from '../store/effects.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';

/**
 * Notes that an endpoint that was configured anew owes the publishing of everything that is deployed.
 * What it took the place of is not told anything: nobody knows any more how to reach it.
 */
export async function oweToNewEndpoint({
  database,
  brokers,
  clock,
  endpoint,
}: Ports): Promise<void> {
  const { identity } = endpoint;
  if (identity === undefined) return;
  const kinds = brokers.kinds.all.filter((it) => it.deployment !== undefined);
  const missing = await database.read(async (query) => {
    const found = [];
    for (const kind of kinds)
      for (const key of await deployedBeyond(query, kind, identity))
        found.push({ kind: kind.name, key });
    return found;
  });
  if (missing.length === 0) return;
  const now = clock.now().toISOString();
  const occasion = randomUUID();
  await database.write(async (query) => {
    const unit = new UnitOfWork();
    for (const { kind, key } of missing)
      stageEffect(unit, {
        ...key,
        kind,
        verb: 'deploy',
        idempotencyKey: `${occasion}:${keyId(key)}:deploy`,
        since: now,
        attempts: 0,
        nextTryAt: now,
        lastError: null,
      });
    await unit.flush(query);
  });
}
