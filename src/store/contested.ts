import type { Query } from './database.ts';
import { declarationsOf } from './file-index.ts';
import { inParts } from './parts.ts';
import { amongKeys, keyColumns, keyOf, type RecordKey } from './record-key.ts';

/*
 * Which resources more than one source declares. Sources are read each for itself, so the table is what
 * tells the owner of a record that somebody else declares it too, without a look at all it declares.
 */

/** Another source that declares a resource. */
export interface Rival extends RecordKey {
  readonly source: string;
}

/** The other sources that declare these resources, rightly or wrongly, as far as they have been read. */
export async function rivalsOf(
  query: Query,
  source: string,
  keys: readonly RecordKey[],
): Promise<Rival[]> {
  if (keys.length === 0) return [];
  const others = await query.rows<{ name: string }>('SELECT name FROM source WHERE name <> ?', [
    source,
  ]);
  const rivals: Rival[] = [];
  for (const other of others)
    for (const { account, space, name } of await declarationsOf(query, other.name, keys))
      rivals.push({ account, space, name, source: other.name });
  return rivals;
}

/** What a source declares that others declare too. */
export function contestedKeys(query: Query, source: string): Promise<RecordKey[]> {
  return query.rows(
    `SELECT account, space, name FROM contested AS wanted WHERE EXISTS (
       SELECT 1 FROM declaration AS declared INDEXED BY declaration_key
       WHERE declared.source = ? AND declared.account = wanted.account
         AND declared.space = wanted.space AND declared.name = wanted.name)`,
    [source],
  );
}

/** Every resource that is contested, whoever declares it. */
export function allContested(query: Query): Promise<RecordKey[]> {
  return query.rows('SELECT account, space, name FROM contested');
}

/**
 * Notes which of these resources, whose declarations by a source may have changed, are contested now.
 * The others that declare one look again where that has changed: the one may take over what it waited
 * for, another learns that its record is claimed.
 */
export async function noteContests(
  query: Query,
  source: string,
  touched: readonly RecordKey[],
): Promise<void> {
  const before = new Set((await among(query, touched)).map(idOf));
  const rivals = await rivalsOf(query, source, touched);
  if (before.size === 0 && rivals.length === 0) return;
  const mine = new Set((await declarationsOf(query, source, rivals)).map(idOf));
  const now = new Set(rivals.map(idOf).filter((id) => mine.has(id)));
  const many = countsOf(rivals);
  for (const key of touched) {
    const id = idOf(key);
    const contested = now.has(id) || (many.get(id) ?? 0) > 1;
    if (contested === before.has(id)) continue;
    if (contested) await query('contested').insert(keyOf(key)).onConflict().ignore();
    else await query('contested').where(keyOf(key)).delete();
    const told = rivals.filter((it) => idOf(it) === id).map((it) => it.source);
    await query('source').whereIn('name', told).update({ live_counter: -1 });
  }
}

/** Which of these are noted as contested. */
function among(query: Query, keys: readonly RecordKey[]): Promise<RecordKey[]> {
  return inParts(keys, (part) => {
    const [condition, values] = amongKeys(part);
    return query.rows(`SELECT ${keyColumns.join()} FROM contested WHERE ${condition}`, values);
  });
}

function countsOf(rivals: readonly Rival[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const rival of rivals) counts.set(idOf(rival), (counts.get(idOf(rival)) ?? 0) + 1);
  return counts;
}

function idOf({ account, space, name }: RecordKey): string {
  return `${account}/${space}/${name}`;
}
