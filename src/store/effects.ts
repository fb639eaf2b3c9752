import type { Query } from './database.ts';
import type { RecordKey } from './inventory.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/**
 * An endpoint that has yet to follow its record: noted in the transaction that switches the record,
 * crossed out when the endpoint has followed. What is still here after a crash is done by the next run.
 */
export type OwedEffect = RecordKey & {
  readonly verb: 'deploy' | 'undeploy';
  /** The same over all tries, so that the endpoint can make the effect happen once. */
  readonly idempotencyKey: string;
};

const keyColumns = ['account', 'space', 'name'];

/** Every effect that is owed; there are none while all endpoints follow. */
export async function owedEffects(query: Query): Promise<OwedEffect[]> {
  return query('effect').select<OwedEffect[]>({
    account: 'account',
    space: 'space',
    name: 'name',
    verb: 'verb',
    idempotencyKey: 'idempotency_key',
  });
}

/** Whether one is owed for a record of this source. */
export async function owesEffect(query: Query, source: string): Promise<boolean> {
  const rows = await query.rows(
    `SELECT 1 FROM effect JOIN inventory USING (${keyColumns.join()}) WHERE source = ? LIMIT 1`,
    [source],
  );
  return rows.length > 0;
}

/** Stages that an effect is owed; it takes the place of an earlier one for the same record. */
export function stageEffect(unit: UnitOfWork, effect: OwedEffect): void {
  const { idempotencyKey, verb, account, space, name } = effect;
  const row = { account, space, name, verb, idempotency_key: idempotencyKey };
  unit.upsert('effect', row, keyColumns);
}

/** Stages that an effect has happened. One that took its place meanwhile stays owed. */
export function stageEffectDone(unit: UnitOfWork, effect: OwedEffect): void {
  const { account, space, name, idempotencyKey } = effect;
  unit.removeMatching('effect', { account, space, name, idempotency_key: idempotencyKey });
}
