import { randomUUID } from 'node:crypto';
import { deployedBeyond } from '../broker/record-list.ts';
import { backoff } from '../lib/time.ts';
import { stageEffect } from '../store/effects.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { idempotencyKeyOf } from './effects.ts';
import type { Ports } from './ports.ts';

/**
 * Notes what a new endpoint has to be told, as soon as the store lets it, and calls `noted` where there
 * is something. A store that is full or locked as a daemon starts must neither end it nor make it forget.
 */
export async function keepOwing(
  ports: Ports,
  signal: AbortSignal,
  noted: () => void,
): Promise<void> {
  const { endpoint, clock, log } = ports;
  if (endpoint.identity === undefined) return;
  for (let tries = 1; !signal.aborted; tries += 1)
    try {
      if (await oweToNewEndpoint(ports, endpoint.identity)) noted();
      return;
    } catch (error) {
      log.warn({ err: error }, 'what a new endpoint has to be told could not be noted yet');
      await clock.sleep(backoff(tries), signal);
    }
}

/**
 * Notes that an endpoint that was configured anew owes the publishing of everything that is deployed,
 * and whether there is any. What it took the place of is not told anything: nobody knows any more how
 * to reach it.
 */
async function oweToNewEndpoint(
  { database, brokers, clock }: Ports,
  identity: string,
): Promise<boolean> {
  const kinds = brokers.kinds.all.filter((it) => it.deployment !== undefined);
  const missing = await database.read(async (query) => {
    const found = [];
    for (const kind of kinds)
      for (const key of await deployedBeyond(query, kind, identity))
        found.push({ kind: kind.name, key });
    return found;
  });
  if (missing.length === 0) return false;
  const now = clock.now().toISOString();
  const occasion = randomUUID();
  await database.write(async (query) => {
    const unit = new UnitOfWork();
    for (const { kind, key } of missing)
      stageEffect(unit, {
        ...key,
        kind,
        verb: 'deploy',
        idempotencyKey: idempotencyKeyOf(occasion, key, 'deploy'),
        since: now,
        attempts: 0,
        nextTryAt: now,
        lastError: null,
      });
    await unit.flush(query);
  });
  return true;
}
