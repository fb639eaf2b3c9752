import type { Query } from './database.ts';

/** What a database says of itself. */
export interface Self {
  readonly tables: ReadonlySet<string>;
  /** Its birth certificate; undefined for one that is new, or has lost it. */
  readonly birth: string | undefined;
  /** The migrations that it has had. */
  readonly migrations: ReadonlySet<string>;
}

/** All that an opening has to know, in one transaction: each that it begins takes as long as the rows of it. */
export async function readSelf(query: Query): Promise<Self> {
  const tables = await namesIn(query, "SELECT name FROM sqlite_schema WHERE type = 'table'");
  const births = tables.has('meta')
    ? await namesIn(query, "SELECT value AS name FROM meta WHERE key = 'birth'")
    : new Set<string>();
  const migrations = tables.has('migration')
    ? await namesIn(query, 'SELECT id AS name FROM migration')
    : new Set<string>();
  return { tables, birth: [...births][0], migrations };
}

async function namesIn(query: Query, sql: string): Promise<Set<string>> {
  return new Set((await query.rows<{ name: string }>(sql)).map((it) => it.name));
}
