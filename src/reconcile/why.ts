import { type JsonValue, valueAt } from '../lib/json.ts';
import { mask } from '../lib/secret.ts';
import { parseYaml, type YamlDocument } from '../lib/yaml.ts';
import type { Field, Kind } from '../manifest/kind.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import { meaning } from '../plan/diff.ts';
import type { Source } from '../source/source.ts';
import { type CommitFacts, commitsOf } from '../store/commits.ts';
import type { Query } from '../store/database.ts';
import { type InventoryRow, inventoryRow } from '../store/inventory.ts';
import { history, type JournalRow } from '../store/journal.ts';
import { fieldOrigins, type Setting } from './origins.ts';

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
export async function provenanceOf(
  query: Query,
  kind: Kind,
  record: LiveRecord,
): Promise<Provenance> {
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
export function fieldProvenances(
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
 * The document that a record was last applied from, read from what the source still has on this
 * machine; undefined where the file is another by now, or gone.
 */
export async function appliedDocument(
  source: Source,
  { file, blob, document }: InventoryRow,
): Promise<YamlDocument | undefined> {
  const bytes = await source.recall({ path: file, blob });
  if (bytes === undefined) return undefined;
  return parseYaml(bytes, file).documents.find((it) => it.index === document);
}
