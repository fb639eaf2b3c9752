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

/** A file that is passed over, as the last run found it; since when in ISO 8601. */
export interface QuarantinedFile {
  readonly source: string;
  readonly path: string;
  readonly since: string;
}

/** The files of all sources that are not looked at any more, until they change. */
export function quarantinedFiles(query: Query, version: string): Promise<QuarantinedFile[]> {
  return query.rows(
    `SELECT file.source, file.path, crash.at AS since FROM crash JOIN file USING (source, blob)
     WHERE version = ? AND count >= ? ORDER BY file.source, file.path`,
    [version, enough],
  );
}
