import { recordNotFound } from '../broker/not-found.ts';
import { PlumblineError } from '../lib/errors.ts';
import { type JsonValue, valueAt } from '../lib/json.ts';
import { mask } from '../lib/secret.ts';
import { suggest } from '../lib/suggest.ts';
import { parseYaml, type YamlDocument } from '../lib/yaml.ts';
import type { Field, Kind } from '../manifest/kind.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import { meaning } from '../plan/diff.ts';
import { type CommitFacts, commitsOf } from '../store/commits.ts';
import type { Query } from '../store/database.ts';
import { type InventoryRow, inventoryRow } from '../store/inventory.ts';
import { history, type JournalRow } from '../store/journal.ts';
import { fieldOrigins, type Setting } from './origins.ts';
import type { Ports } from './ports.ts';

/** Entries of one record that are looked at, the newest; what is older counts as before the journal. */
const mostEntries = 1000;

/** What is known of how one record came to be as it is. */
export interface Provenance {
  readonly record: LiveRecord;
  /** Absent for a record that no source owns. */
  readonly owned: InventoryRow | undefined;
  /** The oldest entry that is known; absent where the journal knows nothing of the record. */
  readonly since: string | undefined;
  readonly commits: ReadonlyMap<string, CommitFacts>;
  readonly settings: ReadonlyMap<string, readonly Setting[]>;
}

/** One field of a record with its value and how it got it. */
export interface FieldProvenance {
  readonly path: string;
  /** Null for nothing; a mask for what is secret. */
  readonly value: JsonValue;
  /** True where the value is only the field's default, and nobody ever set another. */
  readonly isDefault: boolean;
  /** Oldest first; the last one is the value's own. Empty where it is older than all that is known. */
  readonly settings: readonly Setting[];
  /** Where it stands now in the file of its source; `ofField` is false where only the document's line is known. */
  readonly place?: { readonly file: string; readonly line: number; readonly ofField: boolean };
}

/** Reads what journal, inventory and record say of one record. */
async function provenanceOf(query: Query, kind: Kind, record: LiveRecord): Promise<Provenance> {
  const { account, space, name } = record.key;
  const rows = await history(query, {
    account,
    space,
    name,
    outcome: 'applied',
    limit: mostEntries,
  });
  // An act upon a record, such as a suspension, changes nothing of it and has no manifests.
  const entries = rows.reverse().filter((it) => it.before !== null || it.after !== null);
  const settings = fieldOrigins(kind, entries, {
    manifest: disclosed(record.manifest, kind),
    deployed: record.deployed,
  });
  const owned = await inventoryRow(query, record.key);
  const secret = kind.secret?.value;
  if (secret !== undefined && owned !== undefined && isOtherSecret(secret, owned, record))
    settings.set(secret, [
      ...(settings.get(secret) ?? []),
      { value: mask, origin: { by: 'outside', after: owned.appliedAt } },
    ]);
  return {
    record,
    owned,
    since: entries[0]?.at,
    commits: await commitsOf(query, revisionsOf(entries)),
    settings,
  };
}

/** The journal has no values of secrets; that one was replaced by hand is told by what was applied. */
function isOtherSecret(path: string, owned: InventoryRow, record: LiveRecord): boolean {
  return valueAt(JSON.parse(owned.applied), path) !== valueAt(record.manifest, path);
}

function revisionsOf(entries: readonly JournalRow[]): string[] {
  return [...new Set(entries.flatMap(({ revision }) => revision ?? []))];
}

/** The fields of a record that hold something or once did, in the order of the kind's table. */
function fieldProvenances(
  kind: Kind,
  { record, owned, settings }: Provenance,
  document: YamlDocument | undefined,
): FieldProvenance[] {
  const fields: FieldProvenance[] = [];
  for (const field of kind.fields) {
    const secret = field.path === kind.secret?.value;
    const held = meaning(field, record.manifest);
    const value = secret && held !== null ? mask : held;
    const told = settings.get(field.path) ?? [];
    if (value === null && told.length === 0) continue;
    fields.push({
      path: field.path,
      value,
      isDefault: told.length === 0 && value === defaultOf(kind, field),
      settings: told,
      ...placeOf(field.path, owned, document),
    });
  }
  return fields;
}

/** A record that nobody ever deployed is not. */
function defaultOf(kind: Kind, field: Field): JsonValue {
  return field.default ?? (field.path === kind.deployment ? false : null);
}

function placeOf(
  path: string,
  owned: InventoryRow | undefined,
  document: YamlDocument | undefined,
): Pick<FieldProvenance, 'place'> {
  if (owned === undefined) return {};
  const { file, line } = owned;
  const found = document?.keyLine(path.split('.'));
  return {
    place: { file, line: found ?? line, ofField: found !== undefined },
  };
}

/**
 * Tells of each field of a record, or of those that are wanted, where its value comes from. `recall`
 * gives the file that it was applied from, as long as there is one. Throws RECORD_NOT_FOUND and USAGE.
 */
export async function explain(
  { database, brokers }: Ports,
  kind: Kind,
  { account, name }: ResourceKey,
  wanted: string | undefined,
  recall: (owned: InventoryRow) => Promise<Uint8Array | undefined>,
): Promise<{ readonly provenance: Provenance; readonly fields: readonly FieldProvenance[] }> {
  const paths = fieldsNamed(kind, wanted);
  const provenance = await database.read(async (query) => {
    const record = await brokers.of(kind).find(query, account, name);
    return record === undefined ? undefined : provenanceOf(query, kind, record);
  });
  if (provenance === undefined) throw recordNotFound(kind.name, name);
  const { owned } = provenance;
  const bytes = owned === undefined || owned.orphaned ? undefined : await recall(owned);
  const document = owned && bytes && documentOf(bytes, owned);
  const all = fieldProvenances(kind, provenance, document);
  return {
    provenance,
    fields: withUnset(
      all.filter((it) => paths.includes(it.path)),
      paths,
    ),
  };
}

/** The document that a record was last applied from. */
function documentOf(bytes: Uint8Array, { file, document }: InventoryRow): YamlDocument | undefined {
  return parseYaml(bytes, file).documents.find((it) => it.index === document);
}

/**
 * The fields that a person means: all of them, the one of a path or of its last step, or those below
 * a path. Throws USAGE.
 */
function fieldsNamed(kind: Kind, wanted: string | undefined): readonly string[] {
  const paths = kind.fields.map((it) => it.path);
  if (wanted === undefined) return paths;
  const meant = paths.filter((it) => it === wanted || it.startsWith(`${wanted}.`));
  if (meant.length > 0) return meant;
  const ending = paths.filter((it) => it.endsWith(`.${wanted}`));
  if (ending.length === 1) return ending;
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const like = ending[0] ?? suggest(wanted, paths) ?? suggest(wanted, paths.map(last));
  throw new PlumblineError('USAGE', `${kind.name} has no field ${wanted.slice(0, 100)}`, {
    hint:
      like === undefined
        ? `see them with 'plumbline example ${kind.name.toLowerCase()}'`
        : `did you mean ${like}?`,
  });
}

/** A field that was asked for is answered also where it holds nothing. */
function withUnset(
  fields: readonly FieldProvenance[],
  paths: readonly string[],
): readonly FieldProvenance[] {
  const [path, second] = paths;
  if (path === undefined || second !== undefined || fields.length > 0) return fields;
  return [{ path, value: null, isDefault: true, settings: [] }];
}
