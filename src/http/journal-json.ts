import type { JournalRow } from '../store/journal.ts';

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

/** The end of a run as an event tells it, from its entry. */
export function finishedJson(row: JournalRow): Record<string, unknown> {
  const { run, source, trigger, revision, outcome, message, durationMs: milliseconds } = row;
  return { source, run, outcome, message, revision, trigger, milliseconds };
}

/** What was done, without the manifests before and after, which the journal has. */
export function changeJson({ before: _, after: __, ...rest }: JournalRow): Record<string, unknown> {
  return rest;
}
