import type { Query } from './database.ts';

/** Content that a process was looking at when it ended without a word. */
export interface Crash {
  readonly source: string;
  readonly blob: string;
  readonly path: string;
  /** Of Plumbline; another one may cope. */
  readonly version: string;
}

/** So many ends at the same content are no chance. */
const enough = 2;

/** Counts one more end at this content. */
export async function countCrash(query: Query, crash: Crash, at: string): Promise<void> {
  await query('crash')
    .insert({ ...crash, count: 1, at })
    .onConflict(['source', 'blob', 'version'])
    .merge({ count: query.raw('count + 1'), at, path: crash.path });
}

/** The content that is not to be looked at any more, by its id. */
export async function quarantined(
  query: Query,
  source: string,
  version: string,
): Promise<ReadonlySet<string>> {
  const rows = await query.rows<{ blob: string }>(
    'SELECT blob FROM crash WHERE source = ? AND version = ? AND count >= ?',
    [source, version, enough],
  );
  return new Set(rows.map((it) => it.blob));
}
