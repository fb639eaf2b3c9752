import type { Broker } from '../broker/broker.ts';
import type { Brokers } from '../broker/brokers.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Query } from '../store/database.ts';

/** What the file index and the inventory say of one record, as one row. */
interface Expected {
  readonly name: string;
  readonly kind: string | null;
  readonly digest: string | null;
  readonly deployed: number | null;
  /** 1 where the inventory remembers just what the file says. */
  readonly same: number | null;
  /** 1 where the source owns the record. */
  readonly mine: number | null;
}

/**
 * Every resource of a source that is not as its file index says, a page at a time: records are read in
 * the order of their names and compared by digest, so that memory stays bounded, and what is equal is
 * not looked at twice. What the index says of changed files does not count; they are in scope anyway.
 */
export async function* differing(
  query: Query,
  brokers: Brokers,
  source: string,
  account: string,
): AsyncGenerator<readonly ResourceKey[]> {
  for (const broker of brokers.all) {
    for await (const page of broker.pages(query, account)) {
      const expected = await expectedOf(query, broker, source, page);
      yield page.filter((it) => !isAsExpected(it, expected.get(it.key.name))).map((it) => it.key);
    }
  }
  for (const space of new Set(brokers.all.map((it) => it.kind.space)))
    for (const table of ['declaration', 'inventory'])
      yield await withoutRecord(query, table, { source, account, space }, brokers.tableOf(space));
}

function isAsExpected(live: LiveRecord, expected: Expected | undefined): boolean {
  if (expected === undefined) return true;
  const { digest, deployed, kind, same, mine } = expected;
  if (digest === null) return mine !== 1;
  return (
    same === 1 &&
    kind === live.kind &&
    digest === live.digest &&
    (deployed === null || (deployed === 1) === live.deployed)
  );
}

/**
 * By name; a record that is neither declared nor owned by the source has none, nor has one whose
 * declarations are all wrong, because it stays as it is.
 */
async function expectedOf(
  query: Query,
  broker: Broker,
  source: string,
  page: readonly LiveRecord[],
): Promise<Map<string, Expected>> {
  const { space, deployment } = broker.kind;
  const names = JSON.stringify(page.map(({ key }) => key.name));
  const account = page[0]?.key.account ?? '';
  const applied = deployment === undefined ? '$.none' : `$.${deployment}`;
  const rows = await query.raw<Expected[]>(
    `SELECT names.value AS name, declared.kind, declared.digest, declared.deployed,
       inventory.source = :source AS mine,
       inventory.source = :source AND NOT inventory.orphaned AND inventory.kind = declared.kind
         AND inventory.file = declared.path AND inventory.document = declared.document
         AND inventory.line = declared.start AND inventory.blob = file.blob
         AND inventory.digest = declared.digest
         AND (inventory.applied ->> :applied) IS declared.deployed AS same
     FROM json_each(:names) AS names
     LEFT JOIN inventory ON inventory.account = :account AND inventory.space = :space
       AND inventory.name = names.value
     LEFT JOIN declaration AS declared ON declared.source = :source AND declared.account = :account
       AND declared.space = :space AND declared.name = names.value
     LEFT JOIN file ON file.source = declared.source AND file.path = declared.path
     WHERE (declared.name IS NOT NULL AND declared.digest IS NOT NULL AND NOT declared.spoiled)
       OR (declared.name IS NULL AND inventory.source = :source)`,
    { names, account, space, source, applied },
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** What a source declares or owns in a name space and has no record of any kind. */
async function withoutRecord(
  query: Query,
  table: string,
  { source, account, space }: { source: string; account: string; space: string },
  records: string,
): Promise<ResourceKey[]> {
  return query(table)
    .select<ResourceKey[]>(`${table}.account`, `${table}.space`, `${table}.name`)
    .where({ source, [`${table}.account`]: account, space })
    .whereNotExists(
      query(records)
        .whereRaw('??.account = ??.account', [records, table])
        .whereRaw('??.name = ??.name', [records, table]),
    );
}
