import type { JournalRow } from '../store/journal.ts';

/** One entry with its manifests as values, not as text in text. */
export function entryJson(row: JournalRow): Record<string, unknown> {
  const value = (text: string | null) => (text === null ? null : JSON.parse(text));
  return { ...row, before: value(row.before), after: value(row.after) };
}

/** A run over a source, from the entry that says how it ended. */
export function runJson(row: JournalRow): Record<string, unknown> {
  const { run, at, source, trigger, actor, revision, outcome, message, durationMs } = row;
  return {
    id: run,
    at,
    source,
    trigger,
    actor,
    revision,
    outcome,
    message,
    milliseconds: durationMs,
  };
}
