import { PlumblineError } from '../lib/errors.ts';
import { type JsonObject, valueAt } from '../lib/json.ts';
import { keyIdOf, type SealingKey } from '../lib/seal.ts';
import type { Kind, KindSet, SecretStorage } from '../manifest/kind.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest, keyId, type Manifest } from '../manifest/manifest.ts';
import { withSecret } from '../manifest/secret-value.ts';
import type { Query } from '../store/database.ts';

/** A kind that keeps secret values, with the columns of its main table that they are kept in. */
interface Keeping {
  readonly kind: Kind;
  readonly secret: SecretStorage;
  readonly table: string;
  readonly hash: string;
}

function* keeping(kinds: KindSet): Generator<Keeping> {
  for (const kind of kinds.all) {
    if (kind.secret === undefined) continue;
    const { secret, fields, tables } = kind;
    const storage = fields.find((it) => it.path === secret.value)?.storage;
    if (storage === undefined || 'list' in storage || storage.table !== undefined)
      throw new Error(`${kind.name}: the secret has no column of the main table`);
    yield { kind, secret, table: tables.main, hash: storage.column };
  }
}

/** The id of the key that what is stored was sealed with; undefined where nothing is. */
export async function storedKeyId(query: Query, kinds: KindSet): Promise<string | undefined> {
  for (const { table, hash } of keeping(kinds)) {
    const sql = `SELECT "${hash}" AS hash FROM "${table}" WHERE "${hash}" IS NOT NULL LIMIT 1`;
    const [row] = await query.rows<{ hash: string }>(sql);
    const id = keyIdOf(row?.hash ?? '');
    if (id !== undefined) return id;
  }
  return undefined;
}

/**
 * For secrets about to be written: throws SECRET_KEY where they were sealed with another key than what
 * is stored. A command may have read its key before somebody changed it, and what it writes could
 * then be opened by nobody.
 */
export async function refuseOtherKey(
  query: Query,
  kinds: KindSet,
  written: readonly { readonly kind: Kind; readonly manifest: Manifest }[],
): Promise<void> {
  const hashes = written.flatMap(({ kind, manifest }) =>
    kind.secret === undefined ? [] : [valueAt(manifest, kind.secret.value)],
  );
  if (hashes.length === 0) return;
  const stored = await storedKeyId(query, kinds);
  const isOther = (id: string | undefined) => id !== undefined && id !== stored;
  if (stored === undefined || !hashes.some((it) => isOther(keyIdOf(String(it))))) return;
  throw new PlumblineError('SECRET_KEY', 'the key of the stored secrets was changed meanwhile', {
    hint: 'nothing was written; run it again, with the new key where it is in the environment',
  });
}

interface SealedRow {
  readonly id: number;
  readonly account: string;
  readonly name: string;
  readonly sealed: string;
}

/**
 * Seals every stored secret with another key and returns how many there are; for one transaction. What the
 * inventory remembers follows, so that nothing shows as changed afterwards. Every record counts as
 * written, so that a plan made with the old key is refused. Throws SECRET_KEY where the old key is
 * not the right one.
 */
export async function rekey(
  query: Query,
  kinds: KindSet,
  oldKey: SealingKey,
  newKey: SealingKey,
): Promise<number> {
  let count = 0;
  for (const of of keeping(kinds)) {
    const rows = await query(of.table)
      .whereNotNull(of.secret.column)
      .select<SealedRow[]>('id', 'account', 'name', { sealed: of.secret.column });
    for (const row of rows) {
      const { account, name } = row;
      const context = keyId({ account, space: of.kind.space, name });
      const value = oldKey.open(row.sealed, context);
      const hash = newKey.hash(value, context);
      await query(of.table)
        .where({ id: row.id })
        .update({ [of.hash]: hash, [of.secret.column]: newKey.seal(value, context) })
        .increment('generation', 1);
      await rekeyInventory(query, of, row, hash, oldKey.hash(value, context));
    }
    count += rows.length + (await rekeyTrash(query, of, oldKey, newKey));
  }
  return count;
}

/** What is deleted and can be restored follows too, or it would come back as something that nobody can open. */
async function rekeyTrash(
  query: Query,
  { kind, secret }: Keeping,
  oldKey: SealingKey,
  newKey: SealingKey,
): Promise<number> {
  const rows = await query('trash')
    .where({ kind: kind.name })
    .select<{ id: number; account: string; name: string; record: string }[]>(
      'id',
      'account',
      'name',
      'record',
    );
  let count = 0;
  for (const { id, account, name, record } of rows) {
    const whole = JSON.parse(record) as JsonObject;
    const columns = whole['columns'] as JsonObject;
    const sealed = columns[secret.column];
    if (typeof sealed !== 'string') continue;
    const context = keyId({ account, space: kind.space, name });
    const value = oldKey.open(sealed, context);
    const resealed = { ...columns, [secret.column]: newKey.seal(value, context) };
    const manifest = withSecret(whole['manifest'], secret.value, newKey.hash(value, context));
    await query('trash')
      .where({ id })
      .update({ record: JSON.stringify({ ...whole, manifest, columns: resealed }) });
    count += 1;
  }
  return count;
}

/** What was applied with another value than the live one keeps its old hash, and so still differs. */
async function rekeyInventory(
  query: Query,
  { kind, secret }: Keeping,
  { account, name }: SealedRow,
  newHash: string,
  oldHash: string,
): Promise<void> {
  const key = { account, space: kind.space, name };
  const row = await query('inventory').where(key).first<{ applied: string } | undefined>('applied');
  if (row === undefined) return;
  const applied = JSON.parse(row.applied) as JsonObject;
  if (valueAt(applied, secret.value) !== oldHash) return;
  const manifest = withSecret(applied, secret.value, newHash) as unknown as Manifest;
  const digest = contentDigest(manifest, comparableOf(kind));
  await query('inventory')
    .where(key)
    .update({ applied: JSON.stringify(manifest), digest });
}
