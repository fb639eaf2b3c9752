import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** How the last run over a source ended, and what it was that the run saw. */
export type SourceState = {
  readonly name: string;
  readonly revision: string;
  /** Of everything besides the files and the records that the outcome depends on. */
  readonly policyDigest: string;
  /** The live counter when the records were last read. */
  readonly liveCounter: number;
  readonly outcome: string;
  readonly message: string;
  /** Since when the outcome is what it is; ISO 8601, like `updatedAt`. */
  readonly since: string;
  /** How many records the source owns. */
  readonly records: number;
  /** How many of them its last run found as declared. */
  readonly unchanged: number;
  /** Of what the file index rests on besides the files; empty where there is no index. */
  readonly loader: string;
  readonly updatedAt: string;
  /** When something that waits may come due by time alone; null where nothing does. */
  readonly lookAgainAt: string | null;
  /** What waits and why, as JSON; null where nothing does. */
  readonly held: string | null;
};

const columns: Columns<SourceState> = {
  name: 'name',
  revision: 'revision',
  policyDigest: 'policy_digest',
  liveCounter: 'live_counter',
  outcome: 'outcome',
  message: 'message',
  since: 'since',
  records: 'records',
  unchanged: 'unchanged',
  loader: 'loader',
  updatedAt: 'updated_at',
  lookAgainAt: 'look_again_at',
  held: 'held',
};

/** Of all sources that ever ran, by name. */
export async function readSourceStates(query: Query): Promise<SourceState[]> {
  return query.rows(`SELECT ${selected(columns)} FROM source ORDER BY name`);
}

/** Undefined for a source that never ran to its end. */
export async function readSourceState(
  query: Query,
  name: string,
): Promise<SourceState | undefined> {
  const sql = `SELECT ${selected(columns)} FROM source WHERE name = ?`;
  return (await query.rows<SourceState>(sql, [name]))[0];
}

/** Writes the state of a source at once. `since` moves only where the outcome changes. */
export async function writeSourceState(
  query: Query,
  state: Omit<SourceState, 'since'>,
): Promise<void> {
  const last = await readSourceState(query, state.name);
  const since = last?.outcome === state.outcome ? last.since : state.updatedAt;
  const unit = new UnitOfWork();
  unit.upsert('source', toRow(columns, { ...state, since }), ['name']);
  await unit.flush(query);
}

/** Forgets a source: its next run, if there is one, is like a first. */
export async function removeSourceState(query: Query, name: string): Promise<void> {
  await query('source').where({ name }).delete();
}

/** Has every source looked at as a whole at its next run, as if what it may do had changed. */
export async function unsettle(query: Query): Promise<void> {
  await query('source').update({ policy_digest: '' });
}
