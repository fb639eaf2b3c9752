import type { Query } from './database.ts';

/*
 * One number that every change of any record moves, whoever makes it, with plain SQL too. As long as
 * it stands still, no record has to be read to know that none has drifted.
 */

/** Makes every insert, update and delete of a table's row count. */
export async function watchTable(query: Query, table: string): Promise<void> {
  for (const verb of ['insert', 'update', 'delete']) {
    await query.raw(
      `CREATE TRIGGER ?? AFTER ${verb} ON ?? BEGIN UPDATE live_counter SET value = value + 1; END`,
      [`${table}_${verb}_counts`, table],
    );
  }
}

export async function readLiveCounter(query: Query): Promise<number> {
  const [row] = await query.rows<{ value: number }>('SELECT value FROM live_counter');
  return (row as { value: number }).value;
}

/** What a work made of the live counter; both the same where it changed no record. */
export interface Moved {
  readonly before: number;
  readonly after: number;
}

/**
 * Runs a work that changes records within the plan of one source, and moves the counter that every
 * other source remembers along with it: what we write ourselves is no reason for them to look again.
 * A source that was behind before stays behind, one that waits for something may be waiting for just
 * this write, and `except`, the source whose own run it is, follows by itself, see `follow`.
 */
export async function keepingCounters(
  query: Query,
  work: () => Promise<unknown>,
  except?: string,
): Promise<Moved> {
  const before = await readLiveCounter(query);
  await work();
  const after = await readLiveCounter(query);
  if (after !== before) {
    await query.rows(
      `UPDATE source SET live_counter = ? WHERE live_counter = ? AND name <> ? AND outcome = 'converged'`,
      [after, before, except ?? ''],
    );
  }
  return { before, after };
}

/**
 * What a run may say it has seen of the live counter after a write of its own that is committed: all of
 * it, unless somebody else wrote before. Then it stays behind, so that the next run looks at everything.
 */
export function follow(counter: number, { before, after }: Moved): number {
  return counter === before ? after : counter;
}
