import type { JsonObject, JsonValue } from '../lib/json.ts';
import { manual } from './manual.ts';
import type { Origin } from './origins.ts';
import type { FieldProvenance, Provenance } from './why.ts';

/** Where the values of a record come from, for machines. */
export function whyJson(provenance: Provenance, fields: readonly FieldProvenance[]): JsonObject {
  const { record, owned, since } = provenance;
  const { account, name } = record.key;
  return {
    apiVersion: 'plumbline.dev/v1',
    kind: 'Why',
    resource: { kind: record.kind, account, name },
    source: owned?.source ?? manual,
    orphaned: owned?.orphaned === true,
    journalSince: since ?? null,
    fields: fields.map((field) => fieldJson(provenance, field)),
  };
}

function fieldJson(provenance: Provenance, field: FieldProvenance): JsonObject {
  const { path, value, isDefault, place, settings } = field;
  const current = settings.at(-1);
  const known = current === undefined ? undefined : originJson(current.origin, provenance);
  return {
    path,
    value,
    file: place?.file ?? null,
    line: place?.line ?? null,
    lineOf: place === undefined ? null : place.ofField ? 'field' : 'document',
    origin: known ?? { by: isDefault ? 'default' : 'unknown' },
    previous: settings
      .slice(0, -1)
      .reverse()
      .map((setting) => ({
        value: setting.value,
        origin: originJson(setting.origin, provenance),
      })),
  };
}

function originJson(origin: Origin, { commits }: Provenance): JsonObject {
  if (origin.by === 'outside') {
    const { by, after, before } = origin;
    return { by, after, before: before ?? null };
  }
  const { at, run, actor, source, revision, file, line } = origin.entry;
  const commit = commits.get(revision ?? '');
  return {
    by: origin.by,
    at,
    run,
    actor,
    source,
    revision: revision || null,
    file: file || null,
    line: file ? line : null,
    commit: (commit ?? null) as JsonValue,
  };
}
