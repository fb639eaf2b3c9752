import { failpoint } from '../lib/failpoint.ts';
import { forgetCommits } from '../store/commits.ts';
import { type EntryTime, oldEntries, removeEntries } from '../store/journal.ts';
import type { Ports } from './ports.ts';

/** How often a daemon looks for entries that are over their time, in milliseconds. */
const lookEvery = 3_600_000;

/**
 * Deletes the entries of the journal that are over the time they are kept, a batch at a time, so that
 * no writer waits long. A journal that cannot be trimmed now is only logged: it is trimmed later.
 */
export async function trimJournal(ports: Ports, signal: AbortSignal): Promise<void> {
  const { database, log } = ports;
  const before = keptFrom(ports);
  if (before === undefined) return;
  let removed = 0;
  let seen: EntryTime | undefined;
  try {
    while (!signal.aborted) {
      const after = seen;
      const page = await database.read((query) => oldEntries(query, before, after));
      if (page === undefined) break;
      seen = page.upTo;
      if (page.dispensable.length === 0) continue;
      await database.write((query) => removeEntries(query, page.dispensable));
      removed += page.dispensable.length;
      failpoint('journal.trimmed');
    }
    if (removed > 0) await database.write(forgetCommits);
  } catch (error) {
    log.warn({ err: error }, 'the journal could not be trimmed');
  }
}

/** Whether no entry of the journal is over its time. */
export async function isJournalTrimmed(ports: Ports): Promise<boolean> {
  const before = keptFrom(ports);
  if (before === undefined) return true;
  return (await ports.database.read((query) => oldEntries(query, before, undefined))) === undefined;
}

/** Entries from before then are over their time; undefined where they are kept for ever. ISO 8601. */
function keptFrom({ clock, journalKept }: Ports): string | undefined {
  if (journalKept === 0) return undefined;
  return new Date(clock.now().getTime() - journalKept).toISOString();
}

/** Trims the journal from time to time, until the signal fires. */
export async function keepTrimming(ports: Ports, signal: AbortSignal): Promise<void> {
  if (ports.journalKept === 0) return;
  while (!signal.aborted) {
    await trimJournal(ports, signal);
    await ports.clock.sleep(lookEvery, signal);
  }
}
