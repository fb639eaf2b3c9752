import type { Broker } from '../broker/broker.ts';
import type { Brokers } from '../broker/brokers.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';

/** Whose records, and of which name space. */
interface Of {
  readonly source: string;
  readonly account: string;
  readonly space: string;
}

/** What one record is expected to be, in one row. */
interface Expected {
  readonly name: string;
  readonly kind: string;
  /** Null where the record is expected to be gone. */
  readonly digest: string | null;
  /** Null where nothing is expected of its deployment. */
  readonly deployed: number | null;
}

/** What is expected of these names; what has no row is nobody's business. */
type Expecting = (
  query: Query,
  of: Of & { readonly names: string; readonly applied: string },
) => Promise<readonly Expected[]>;

/**
 * Every resource of a source that is not as its file index says, a page at a time: records are read in
 * the order of their names and compared by digest, so that memory stays bounded, and what is equal is
 * not looked at twice. What the index says of changed files does not count; they are in scope anyway.
 */
export async function* differing(
  query: Query,
  brokers: Brokers,
  of: Omit<Of, 'space'>,
): AsyncGenerator<readonly ResourceKey[]> {
  yield* unexpected(query, brokers, of, declared);
  yield* withoutRecord(query, brokers, of, 'declaration');
  yield* withoutRecord(query, brokers, of, 'inventory');
}

/** Every record of a source that is not as it was last applied, a page at a time, in the same manner. */
export async function* drifted(
  query: Query,
  brokers: Brokers,
  of: Omit<Of, 'space'>,
): AsyncGenerator<readonly ResourceKey[]> {
  yield* unexpected(query, brokers, of, lastApplied);
  yield* withoutRecord(query, brokers, of, 'inventory');
}

async function* unexpected(
  query: Query,
  brokers: Brokers,
  of: Omit<Of, 'space'>,
  expecting: Expecting,
): AsyncGenerator<readonly ResourceKey[]> {
  for (const broker of brokers.all) {
    let before: Compared = { page: [], expected: [] };
    for await (const page of broker.pages(query, of.account)) {
      const asked = expecting(query, { ...of, ...askedOf(broker, page) });
      // One page is compared while the database answers for the next.
      const keys = unlike(before);
      before = { page, expected: await asked };
      yield keys;
    }
    yield unlike(before);
  }
}

interface Compared {
  readonly page: readonly LiveRecord[];
  readonly expected: readonly Expected[];
}

function unlike({ page, expected }: Compared): readonly ResourceKey[] {
  const byName = new Map(expected.map((row) => [row.name, row]));
  return page.filter((it) => !isAsExpected(it, byName.get(it.key.name))).map((it) => it.key);
}

function askedOf({ kind: { space, deployment } }: Broker, page: readonly LiveRecord[]) {
  const names = JSON.stringify(page.map(({ key }) => key.name));
  return { space, names, applied: deployment === undefined ? '$.none' : `$.${deployment}` };
}

function isAsExpected(live: LiveRecord, expected: Expected | undefined): boolean {
  if (expected === undefined) return true;
  const { digest, deployed, kind } = expected;
  return (
    kind === live.kind &&
    digest === live.digest &&
    (deployed === null || (deployed === 1) === live.deployed)
  );
}

/**
 * What the file index says, where the inventory remembers the same; nothing to be there where it
 * remembers something else, or where a record of the source is declared no more. A record whose
 * declarations are all wrong stays as it is. SQLite by itself would look through all declarations of
 * the source for each name.
 */
const declared: Expecting = (query, { names, account, space, source, applied }) =>
  query.rows(
    `SELECT names.value AS name, coalesce(declared.kind, '') AS kind, declared.deployed,
       CASE WHEN inventory.source = declared.source AND NOT inventory.orphaned
         AND inventory.kind = declared.kind AND inventory.file = declared.path
         AND inventory.document = declared.document AND inventory.line = declared.start
         AND inventory.blob = file.blob AND inventory.digest = declared.digest
         AND (inventory.applied ->> ?) IS declared.deployed THEN declared.digest END AS digest
     FROM json_each(?) AS names
     LEFT JOIN inventory ON inventory.account = ? AND inventory.space = ?
       AND inventory.name = names.value
     LEFT JOIN declaration AS declared INDEXED BY declaration_key ON declared.source = ? AND declared.account = ?
       AND declared.space = ? AND declared.name = names.value
     LEFT JOIN file ON file.source = declared.source AND file.path = declared.path
     WHERE (declared.digest IS NOT NULL AND NOT declared.spoiled)
       OR (declared.name IS NULL AND inventory.source = ?)`,
    [applied, names, account, space, source, account, space, source],
  );

/** What the inventory remembers; of what is orphaned nothing is expected any more. */
const lastApplied: Expecting = (query, { names, account, space, source, applied }) =>
  query.rows(
    `SELECT name, kind, digest, applied ->> ? AS deployed FROM inventory
     WHERE account = ? AND space = ? AND name IN (SELECT value FROM json_each(?))
       AND source = ? AND NOT orphaned`,
    [applied, account, space, names, source],
  );

/** What a source declares or owns and has no record of any kind. */
async function* withoutRecord(
  query: Query,
  brokers: Brokers,
  { source, account }: Omit<Of, 'space'>,
  table: 'declaration' | 'inventory',
): AsyncGenerator<readonly ResourceKey[]> {
  for (const space of new Set(brokers.all.map((it) => it.kind.space)))
    yield await query.rows<ResourceKey>(
      `SELECT account, space, name FROM "${table}" AS wanted
       WHERE source = ? AND account = ? AND space = ? AND NOT EXISTS (
         SELECT 1 FROM "${brokers.tableOf(space)}" AS record
         WHERE record.account = wanted.account AND record.name = wanted.name)`,
      [source, account, space],
    );
}
