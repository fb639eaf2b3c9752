import { randomUUID } from 'node:crypto';
import { keyId } from '../manifest/manifest.ts';
import type { Query } from '../store/database.ts';
import { effectsBut, type OwedEffect, stageTries } from '../store/effects.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { readOrders, suspendedRecords, suspensionOfSource } from './control.ts';
import { tryingAtOnce } from './effects.ts';
import { follow } from './follow.ts';
import type { RunResult } from './outcome.ts';
import type { Ports } from './ports.ts';

/**
 * Tries what a run did not: effects that are owed to records of the source whose manifest is broken,
 * gone or has to wait, and to records that no source of the process looks after: `others` are those that
 * do. Once they are due, or at once where the run tried its own at once. Suspended records are left alone.
 */
export async function followOverdue(
  ports: Ports,
  { source, trigger, outcomes }: Pick<RunResult, 'source' | 'trigger' | 'outcomes'>,
  others: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { database, clock, endpoint } = ports;
  const now = clock.now();
  const tried = new Set(
    outcomes
      .filter(({ outcome }) => outcome === 'applied' || outcome === 'failed')
      .map(({ change }) => keyId(change.key)),
  );
  const due = async (query: Query) => {
    const effects = await effectsLookedAfter(query, source, others, now.toISOString());
    return effects.filter(
      (it) =>
        !tried.has(keyId(it)) &&
        (tryingAtOnce.includes(trigger) || it.nextTryAt <= now.toISOString()),
    );
  };
  if ((await database.read(due)).length === 0) return;
  const { patience, timeout } = endpoint.limits;
  const claimed = await database.write(async (query) => {
    // Another source may have taken those of nobody since.
    const effects = await due(query);
    const unit = new UnitOfWork();
    const nextTryAt = new Date(now.getTime() + patience + timeout).toISOString();
    for (const effect of effects) stageTries(unit, { ...effect, nextTryAt });
    await unit.flush(query);
    return effects;
  });
  const run = {
    id: randomUUID(),
    trigger: 'endpoint',
    actor: 'plumbline',
    source: undefined,
    revision: '',
    counter: -1,
  };
  const efforts = claimed.map((effect) => ({ effect, run, tellSuccess: true }));
  await follow(ports, efforts, clock.monotonic() + patience, signal);
}

async function effectsLookedAfter(
  query: Query,
  source: string,
  others: readonly string[],
  now: string,
): Promise<OwedEffect[]> {
  const effects = await effectsBut(query, others);
  if (effects.length === 0) return effects;
  const orders = await readOrders(query, source, now);
  if (suspensionOfSource(orders, source) !== undefined) return [];
  const suspended = suspendedRecords(orders);
  return effects.filter((it) => !suspended.has(keyId(it)));
}
