import { shortRevision } from '../plan/wording.ts';
import type { Query } from '../store/database.ts';
import { entriesAfter, history, type JournalRow } from '../store/journal.ts';
import type { RecordKey } from '../store/record-key.ts';

/** One thing that happened to a record, as its log tells it. */
export interface LogEntry {
  /** Of the journal's entry; a later one is higher. */
  readonly id: number;
  readonly line: string;
}

/** How many lines a log shows unless asked otherwise, and at most. */
export const tailLimit = { usual: 100, most: 1000 };

/** The last lines of a record's log, oldest first. It outlives the record. */
export async function lastLines(query: Query, key: RecordKey, tail: number): Promise<LogEntry[]> {
  const rows = await history(query, { ...named(key), limit: Math.min(tail, tailLimit.most) });
  return rows.reverse().map(entry);
}

/** The lines that came after one, oldest first. */
export async function linesAfter(query: Query, key: RecordKey, id: number): Promise<LogEntry[]> {
  return (await entriesAfter(query, { ...named(key), limit: tailLimit.most }, id)).map(entry);
}

function named({ account, space, name }: RecordKey) {
  return { account, space, name };
}

/** `2026-11-26T08:00:00.000Z update applied by source:support at main@sha1:4f2c9e0b7a11: spec.apiKey`. */
function entry(row: JournalRow): LogEntry {
  const { id, at, verb, outcome, actor, revision, message } = row;
  const where = revision === null || revision === '' ? '' : ` at ${shortRevision(revision)}`;
  // Every field of a new record is new; that needs no telling.
  const isTelling = message !== null && (verb !== 'create' || outcome !== 'applied');
  const what = isTelling ? `: ${message}` : '';
  return { id, line: `${at} ${verb} ${outcome} by ${actor}${where}${what}` };
}
