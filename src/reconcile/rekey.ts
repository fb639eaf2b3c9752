import { rekey } from '../broker/sealed.ts';
import type { SealingKey } from '../lib/seal.ts';
import { keepingCounters } from '../store/live-counter.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageAct } from './acts.ts';
import { plural } from './outcome.ts';
import type { Ports } from './ports.ts';

/**
 * Seals every stored secret with another key, all or none, with an entry in the journal that names
 * both keys. Nothing shows as changed afterwards. Throws SECRET_KEY where the old key is not the one.
 */
export async function rekeySecrets(
  { database, brokers, clock }: Ports,
  oldKey: SealingKey,
  newKey: SealingKey,
  actor: string,
): Promise<number> {
  let count = 0;
  await database.write((query) =>
    keepingCounters(query, async () => {
      count = await rekey(query, brokers.kinds, oldKey, newKey);
      const unit = new UnitOfWork();
      const message = `${plural(count, 'secret')} from key ${oldKey.id} to ${newKey.id}`;
      stageAct(unit, { verb: 'rekey', actor, at: clock.now().toISOString(), message });
      await unit.flush(query);
    }),
  );
  return count;
}
