import type { Plan } from '../plan/change.ts';
import { buildDrift } from '../plan/drift.ts';
import { readSourceState } from '../store/source-state.ts';
import { readLive } from './live.ts';
import type { Ports } from './ports.ts';

/**
 * How the records differ from what a source last applied. It asks no source: pending changes never
 * show, and a source that cannot be reached keeps nothing from being told.
 */
export async function driftOf(ports: Ports, account: string, source: string): Promise<Plan> {
  const { live, owned } = await readLive(ports.database, ports.brokers, account, source);
  const last = await ports.database.read((query) => readSourceState(query, source));
  return buildDrift({
    source,
    revision: last?.revision ?? '',
    live,
    owned,
    kinds: ports.brokers.kinds,
  });
}
