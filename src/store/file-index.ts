import { type Columns, selected, toRow } from './columns.ts';
import type { Query } from './database.ts';
import { inParts, partSize } from './parts.ts';
import type { RecordKey } from './record-key.ts';
import { countRowsOf } from './row-count.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/*
 * What every file of a source was found to say, kept so that no content is read twice: one row a file,
 * one for each resource it declares, one for each value that a resource claims. It says the same as
 * the files at the revision that the source's row names, because both are written together.
 */

/** One file, with what is wrong with it. */
export type FileRow = {
  readonly source: string;
  readonly path: string;
  /** Content id; empty for a file that could not be taken at all. */
  readonly blob: string;
  /** In bytes. */
  readonly size: number;
  /** True where what it says rests on values that are kept elsewhere, so that its content alone does not tell. */
  readonly secret: boolean;
  /** True where its resources could not be learned. */
  readonly unknown: boolean;
  /** As JSON; null where there are none. */
  readonly problems: string | null;
};

/** One resource that a file declares. */
export type DeclarationRow = {
  readonly source: string;
  readonly path: string;
  /** The place among the resources of the file, from 0. */
  readonly position: number;
  readonly account: string;
  readonly space: string;
  readonly name: string;
  readonly kind: string;
  /** The name as it is written, and where. */
  readonly written: string;
  readonly line: number;
  readonly column: number;
  /** Position of the document in its file, and the line it begins at. */
  readonly document: number;
  readonly start: number;
  /** Of its manifest; null where something is wrong with it. */
  readonly digest: string | null;
  /** Null where the manifest leaves it open. */
  readonly deployed: boolean | null;
  /** As JSON. */
  readonly refers: string;
  /** As JSON. */
  readonly claims: string;
  /** True where another resource says what only one may. */
  readonly spoiled: boolean;
};

/** A declaration as read, with the content id of its file. */
export type Declared = DeclarationRow & { readonly blob: string; readonly size: number };

const fileColumns: Columns<FileRow> = {
  source: 'source',
  path: 'path',
  blob: 'blob',
  size: 'size',
  secret: 'secret',
  unknown: 'unknown',
  problems: 'problems',
};

const columns: Columns<DeclarationRow> = {
  source: 'source',
  path: 'path',
  position: 'position',
  account: 'account',
  space: 'space',
  name: 'name',
  kind: 'kind',
  written: 'written',
  line: 'line',
  column: 'column',
  document: 'document',
  start: 'start',
  digest: 'digest',
  deployed: 'deployed',
  refers: 'refers',
  claims: 'claims',
  spoiled: 'spoiled',
};

/** Every file of a source by its path, a page at a time: what a full listing is compared with. */
export async function* indexedFiles(
  query: Query,
  source: string,
): AsyncGenerator<readonly Pick<FileRow, 'path' | 'blob' | 'secret' | 'unknown'>[]> {
  const sql = `SELECT path, blob, secret, unknown FROM file
    WHERE source = ? AND path > ? ORDER BY path LIMIT ${10 * partSize}`;
  let after = '';
  for (;;) {
    const rows = await query.rows<FileRow>(sql, [source, after]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.path;
  }
}

/**
 * Every file with a problem. By itself SQLite would look through all of them, as it would for what is
 * declared wrongly.
 */
export function faultyFiles(query: Query, source: string): Promise<FileRow[]> {
  const sql = `SELECT ${selected(fileColumns)} FROM file INDEXED BY file_faulty
    WHERE source = ? AND problems IS NOT NULL`;
  return query.rows(sql, [source]);
}

/** What the files at these paths declare. */
export function declaredAt(
  query: Query,
  source: string,
  paths: readonly string[],
): Promise<Declared[]> {
  const sql = declarations('declared.path IN (SELECT value FROM json_each(?))');
  return inParts(paths, (part) => query.rows(sql, [source, '[]', JSON.stringify(part)]));
}

/**
 * What declares these resources, in other files than `but`. Without its index SQLite would look through
 * all declarations for a few keys.
 */
export function declarationsOf(
  query: Query,
  source: string,
  keys: readonly RecordKey[],
  but: readonly string[] = [],
): Promise<Declared[]> {
  const sql = declarations(
    '(account, space, name) IN (SELECT value->>0, value->>1, value->>2 FROM json_each(?))',
    'INDEXED BY declaration_key',
  );
  const keyJson = ({ account, space, name }: RecordKey) => [account, space, name];
  return inParts(keys, (part) =>
    query.rows(sql, [source, JSON.stringify(but), JSON.stringify(part.map(keyJson))]),
  );
}

/** What claims these values, in other files than `but`. */
export function claimants(
  query: Query,
  source: string,
  claims: readonly string[],
  but: readonly string[] = [],
): Promise<Declared[]> {
  const sql = declarations(
    '(declared.path, position) IN (SELECT path, position FROM claim WHERE source = ? AND claim IN (SELECT value FROM json_each(?)))',
  );
  return inParts(claims, (part) =>
    query.rows(sql, [source, JSON.stringify(but), source, JSON.stringify(part)]),
  );
}

/** What is declared in other files than `but` and does not count, because something is wrong with it. */
export function faultyDeclarations(
  query: Query,
  source: string,
  but: readonly string[] = [],
): Promise<Declared[]> {
  const sql = declarations('(digest IS NULL OR spoiled)', 'INDEXED BY declaration_faulty');
  return query.rows(sql, [source, JSON.stringify(but)]);
}

/** How many resources are declared, right or wrong. */
export function countDeclarations(query: Query, source: string): Promise<number> {
  return countRowsOf(query, 'declaration', source);
}

/** The names of a name space that are declared rightly. */
export async function declaredNames(
  query: Query,
  source: string,
  account: string,
  space: string,
): Promise<string[]> {
  return query('declaration')
    .where({ source, account, space, spoiled: false })
    .whereNotNull('digest')
    .pluck<string[]>('name');
}

/** A declaration with what is claimed by it, as it is looked up. */
export type Claiming = DeclarationRow & { readonly claimIds: readonly string[] };

/** What a declaration lies at. */
const place = ['source', 'path', 'position'];

/**
 * Stages what a file says now. What the index has of it from before, which must be all that it has, stays
 * where it is the same: a changed manifest mostly declares the same resource with the same claims.
 */
export function stageFile(
  unit: UnitOfWork,
  file: FileRow,
  declares: readonly Claiming[],
  before: readonly Claiming[],
): void {
  unit.upsert('file', toRow(fileColumns, file), ['source', 'path']);
  const known = new Map(before.map((it) => [it.position, it]));
  for (const it of declares) {
    const last = known.get(it.position);
    known.delete(it.position);
    stageDeclaration(unit, it, last);
    stageClaims(unit, it, last?.claimIds ?? [], it.claimIds);
  }
  for (const it of known.values()) {
    const { source, path, position } = it;
    unit.removeMatching('declaration', { source, path, position });
    stageClaims(unit, it, it.claimIds, []);
  }
}

/** The key of the resource is written where it is another only, so that the index by key stays as it is. */
function stageDeclaration(
  unit: UnitOfWork,
  declares: DeclarationRow,
  last: DeclarationRow | undefined,
): void {
  const row = toRow(columns, declares);
  if (last === undefined) {
    unit.insert('declaration', row);
    return;
  }
  const { account, space, name, ...others } = row;
  const same = account === last.account && space === last.space && name === last.name;
  unit.update('declaration', same ? others : row, place);
}

function stageClaims(
  unit: UnitOfWork,
  { source, path, position }: DeclarationRow,
  before: readonly string[],
  after: readonly string[],
): void {
  const [had, has] = [new Set(before), new Set(after)];
  for (const claim of had)
    if (!has.has(claim)) unit.removeMatching('claim', { source, claim, path, position });
  for (const claim of has)
    if (!had.has(claim)) unit.insert('claim', { source, claim, path, position });
}

/** Stages that nothing is known of a path any more. */
export function unstageFile(unit: UnitOfWork, source: string, path: string): void {
  for (const table of ['claim', 'declaration', 'file'])
    unit.removeMatching(table, { source, path });
}

/** Stages whether another resource says what only this one may. */
export function markSpoiled(
  unit: UnitOfWork,
  { source, path, position }: Pick<DeclarationRow, 'source' | 'path' | 'position'>,
  spoiled: boolean,
): void {
  unit.update('declaration', { source, path, position, spoiled }, place);
}

/** Forgets everything that is known of the files of a source. */
export async function clearIndex(query: Query, source: string): Promise<void> {
  for (const table of ['claim', 'declaration', 'file'])
    await query(table).where({ source }).delete();
}

/**
 * The SELECT of the declarations of a source, but for the files of a JSON list, with a condition. It is
 * crossed with the files, so that declarations are found first; else SQLite may look through all files for a
 * few of them.
 */
function declarations(condition: string, index = ''): string {
  const named = Object.entries(columns).map(([as, column]) => `declared."${column}" AS "${as}"`);
  return `SELECT ${named.join()}, file.blob, file.size
    FROM declaration AS declared ${index} CROSS JOIN file USING (source, path)
    WHERE declared.source = ? AND declared.path NOT IN (SELECT value FROM json_each(?)) AND ${condition}`;
}
