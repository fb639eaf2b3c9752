import { type Columns, toRow } from './columns.ts';
import type { Query } from './database.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** One operation: what was done to a record, or how a run over a source ended (then there is no key). */
export type JournalEntry = {
  readonly run: string;
  /** ISO 8601. */
  readonly at: string;
  readonly actor: string;
  readonly trigger: string;
  readonly source: string | null;
  readonly revision: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly account: string | null;
  readonly space: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly verb: string;
  readonly outcome: string;
  /** The record before and after, as JSON. */
  readonly before: string | null;
  readonly after: string | null;
  readonly beforeDigest: string | null;
  readonly afterDigest: string | null;
  readonly message: string | null;
  readonly durationMs: number;
};

/** An entry as it was written; a higher id was written later. */
export type JournalRow = JournalEntry & { readonly id: number };

const columns: Columns<JournalEntry> = {
  run: 'run',
  at: 'at',
  actor: 'actor',
  trigger: 'trigger',
  source: 'source',
  revision: 'revision',
  file: 'file',
  line: 'line',
  account: 'account',
  space: 'space',
  kind: 'kind',
  name: 'name',
  verb: 'verb',
  outcome: 'outcome',
  before: 'before',
  after: 'after',
  beforeDigest: 'before_digest',
  afterDigest: 'after_digest',
  message: 'message',
  durationMs: 'duration_ms',
};

/** Which entries are wanted; what is undefined does not narrow. */
export interface HistoryFilter {
  readonly run?: string | undefined;
  readonly account?: string | undefined;
  readonly space?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly source?: string | undefined;
  readonly verb?: string | undefined;
  readonly outcome?: string | undefined;
  readonly actor?: string | undefined;
  /** The revision, or how it or its content id begins: `main@sha1:4f2c…`, `4f2c`. */
  readonly revision?: string | undefined;
  /** From this moment on, and up to but not including that one; ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Only entries older than the one with this id: the next page. */
  readonly beforeId?: number | undefined;
  /** At most so many; 100 when absent. */
  readonly limit?: number | undefined;
}

/** Stages an entry, to be written together with what it tells of. */
export function stageEntry(unit: UnitOfWork, entry: JournalEntry): void {
  unit.insert('journal', toRow(columns, entry));
}

/** The entries that match, newest first. */
export async function history(query: Query, filter: HistoryFilter): Promise<JournalRow[]> {
  const { beforeId, limit = 100 } = filter;
  const rows = matching(query, filter).orderBy('id', 'desc').limit(limit);
  if (beforeId !== undefined) rows.where('id', '<', beforeId);
  return rows;
}

/**
 * The entries that match and were written after the one with this id, oldest first, at most as many as
 * the filter's limit: what a follower asks again and again, with the last id it has seen.
 */
export async function entriesAfter(
  query: Query,
  filter: Omit<HistoryFilter, 'beforeId'>,
  id: number,
): Promise<JournalRow[]> {
  return matching(query, filter)
    .where('id', '>', id)
    .orderBy('id')
    .limit(filter.limit ?? 100);
}

/** One entry with its manifests as values, not as text in text. */
export function entryJson(row: JournalRow): Record<string, unknown> {
  const value = (text: string | null) => (text === null ? null : JSON.parse(text));
  return { ...row, before: value(row.before), after: value(row.after) };
}

/** The id of the newest entry; 0 while there is none. */
export async function newestEntryId(query: Query): Promise<number> {
  const row = await query('journal').max<{ id: number | null }>({ id: 'id' }).first();
  return row?.id ?? 0;
}

/** The index by time, which has the ids in it. SQLite would take the table of the entries, many times as large. */
const byTime = 'journal INDEXED BY journal_at';

function matching(query: Query, filter: HistoryFilter) {
  const { since, until, beforeId: _, limit: __, revision, ...equal } = filter;
  const rows = query('journal').select<JournalRow[]>({ id: 'id', ...columns });
  for (const [column, value] of Object.entries(equal))
    if (value !== undefined) rows.where(column, value);
  // Entries are read by id. Without the bound a search for the newest would go on to the oldest entry;
  // the time itself still decides, because a clock may have been set back between two entries.
  if (since !== undefined)
    rows
      .where('at', '>=', since)
      .whereRaw(`id >= (SELECT min(id) FROM ${byTime} WHERE at >= ?)`, [since]);
  if (until !== undefined)
    rows
      .where('at', '<', until)
      .whereRaw(`id <= (SELECT max(id) FROM ${byTime} WHERE at < ?)`, [until]);
  if (revision !== undefined)
    rows.whereRaw("(instr(revision, ?) = 1 OR instr(revision, ':' || ?) > 0)", [
      revision,
      revision,
    ]);
  return rows;
}

/** An entry by its place in the order of time. */
export type EntryTime = Pick<JournalRow, 'at' | 'id'>;

/** A page of old entries: those of it that may go, and its last one. */
export interface OldEntries {
  readonly dispensable: readonly number[];
  readonly upTo: EntryTime;
}

const oldEntriesAtOnce = 1000;

/**
 * The next entries in the order of time, after this one if there is one, that were written before a moment
 * (ISO 8601); undefined where there are none. The newest entry that tells what a record holds may not go as
 * long as the record is there, however old it is: `why` has nothing else to tell of a record that a person
 * made.
 */
export async function oldEntries(
  query: Query,
  before: string,
  after: EntryTime = { at: '', id: 0 },
): Promise<OldEntries | undefined> {
  const rows = await query.rows<EntryTime & { dispensable: number }>(
    `SELECT at, id, after IS NULL OR EXISTS (
       SELECT 1 FROM journal AS later
       WHERE later.name = journal.name AND later.space = journal.space
         AND later.account = journal.account AND later.id > journal.id
         AND later.outcome = 'applied' AND coalesce(later.before, later.after) IS NOT NULL
     ) AS dispensable
     FROM ${byTime} WHERE at < ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?`,
    [before, after.at, after.id, oldEntriesAtOnce],
  );
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  return {
    dispensable: rows.filter((it) => it.dispensable === 1).map((it) => it.id),
    upTo: { at: last.at, id: last.id },
  };
}

export async function removeEntries(query: Query, ids: readonly number[]): Promise<void> {
  await query.rows('DELETE FROM journal WHERE id IN (SELECT value FROM json_each(?))', [
    JSON.stringify(ids),
  ]);
}
