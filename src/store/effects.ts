import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import { keyColumns, keyOf, type RecordKey } from './record-key.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** `redeploy`: a published record has changed, and its endpoint has to take it up. */
export type EffectVerb = 'deploy' | 'redeploy' | 'undeploy';

/**
 * An endpoint that has yet to follow its record: noted in the transaction that writes the record,
 * crossed out when the endpoint has followed. What is still here after a crash is tried again.
 */
export type OwedEffect = RecordKey & {
  readonly kind: string;
  readonly verb: EffectVerb;
  /** The same over all tries, so that the endpoint can make the effect happen once. */
  readonly idempotencyKey: string;
  /** Since when it is owed; ISO 8601, like `nextTryAt`. */
  readonly since: string;
  /** Tries that have begun. */
  readonly attempts: number;
  /** Nobody tries it before, unless a person asks; while a try is under way, when that is given up. */
  readonly nextTryAt: string;
  /** Code and message of the last try that failed; null before. */
  readonly lastError: string | null;
};

/** What an endpoint has said of a record last. */
export type EndpointState = {
  readonly state: 'deployed' | 'undeployed';
  readonly url: string | null;
  readonly message: string | null;
  /** ISO 8601. */
  readonly answeredAt: string;
  /** Of the record that it took up. */
  readonly generation: number;
};

const effectColumns: Columns<OwedEffect> = {
  account: 'account',
  space: 'space',
  name: 'name',
  kind: 'kind',
  verb: 'verb',
  idempotencyKey: 'idempotency_key',
  since: 'since',
  attempts: 'attempts',
  nextTryAt: 'next_try_at',
  lastError: 'last_error',
};

const endpointStateColumns: Columns<EndpointState> = {
  state: 'state',
  url: 'url',
  message: 'message',
  answeredAt: 'answered_at',
  generation: 'generation',
};

/** Every effect that is owed; there are none while all endpoints follow. */
export function owedEffects(query: Query): Promise<OwedEffect[]> {
  return query.rows<OwedEffect>(`SELECT ${selected(effectColumns)} FROM effect`, []);
}

/** For a SELECT: what is owed to the record in a row of the kind's main table, as JSON, or NULL. */
export function owedSql(row: string, space: string): string {
  return knownSql('effect', effectColumns, row, space);
}

/** For a SELECT: what the endpoint of the record in a row has said, as JSON, or NULL. */
export function endpointSql(row: string, space: string): string {
  return knownSql('endpoint_state', endpointStateColumns, row, space);
}

function knownSql<T>(table: string, columns: Columns<T>, row: string, space: string): string {
  const members = Object.entries<string>(columns).map(([name, column]) => `'${name}', ${column}`);
  return `(SELECT json_object(${members.join()}) FROM ${table} AS known
    WHERE known.account = ${row}.account AND known.space = '${space}' AND known.name = ${row}.name)`;
}

/** Effects for all records but those of these sources, which is a JSON list. */
const looked = `effect LEFT JOIN inventory USING (${keyColumns.join()})
  WHERE (source IS NULL OR source NOT IN (SELECT value FROM json_each(?1)))`;

/**
 * When the next effect after a moment (ISO 8601) is due that these sources do not look after; undefined
 * where there is none.
 */
export async function nextTry(
  query: Query,
  others: readonly string[],
  after: string,
): Promise<string | undefined> {
  const [row] = await query.rows<{ due: string | null }>(
    `SELECT min(next_try_at) AS due FROM ${looked} AND next_try_at > ?2`,
    [JSON.stringify(others), after],
  );
  return row?.due ?? undefined;
}

/** The effects that these sources do not look after. */
export function effectsBut(query: Query, others: readonly string[]): Promise<OwedEffect[]> {
  const columns = Object.entries(effectColumns).map(
    ([name, column]) => `effect.${column} AS ${name}`,
  );
  return query.rows<OwedEffect>(`SELECT ${columns.join()} FROM ${looked} ORDER BY next_try_at`, [
    JSON.stringify(others),
  ]);
}

/** How many effects are owed to records of this source. */
export async function countOwed(query: Query, source: string): Promise<number> {
  const [row] = await query.rows<{ count: number }>(
    // Crossed, so that it costs what is owed, which is little: otherwise all that the source owns is gone through.
    `SELECT count(*) AS count FROM effect CROSS JOIN inventory USING (${keyColumns.join()}) WHERE source = ?`,
    [source],
  );
  return row?.count ?? 0;
}

/**
 * Stages that an effect is owed, or what has become of it; it takes the place of an earlier one for the same
 * record.
 */
export function stageEffect(unit: UnitOfWork, effect: OwedEffect): void {
  unit.upsert('effect', toRow(effectColumns, effect), keyColumns);
}

/** Stages how the tries of an effect stand. One that took its place meanwhile is left alone. */
export function stageTries(
  unit: UnitOfWork,
  effect: Pick<
    OwedEffect,
    keyof RecordKey | 'idempotencyKey' | 'attempts' | 'nextTryAt' | 'lastError'
  >,
): void {
  const { idempotencyKey, attempts, nextTryAt, lastError } = effect;
  const row = {
    ...keyOf(effect),
    idempotency_key: idempotencyKey,
    attempts,
    next_try_at: nextTryAt,
    last_error: lastError,
  };
  unit.update('effect', row, [...keyColumns, 'idempotency_key']);
}

/** Stages that an effect is owed no longer. One that took its place meanwhile stays owed. */
export function stageEffectDone(
  unit: UnitOfWork,
  effect: RecordKey & Pick<OwedEffect, 'idempotencyKey'>,
): void {
  const { idempotencyKey } = effect;
  unit.removeMatching('effect', { ...keyOf(effect), idempotency_key: idempotencyKey });
}

/** Stages what an endpoint has said. `endpoint` names the one that said it. */
export function stageEndpointState(
  unit: UnitOfWork,
  key: RecordKey,
  endpoint: string,
  said: EndpointState,
): void {
  const row = { ...keyOf(key), endpoint, ...toRow(endpointStateColumns, said) };
  unit.upsert('endpoint_state', row, keyColumns);
}

/** Stages that a record is gone, and with it all that is known of its endpoint. */
export function stageEndpointGone(unit: UnitOfWork, key: RecordKey): void {
  unit.removeMatching('effect', keyOf(key));
  unit.removeMatching('endpoint_state', keyOf(key));
}
