import { canonicalJson } from '../lib/digest.ts';
import { type JsonValue, valueAt } from '../lib/json.ts';
import { mask } from '../lib/secret.ts';
import type { Field, Kind } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Cause, FieldChange } from './change.ts';

/**
 * The fields in which two manifests of a kind differ, in the order of the kind's table. Each is
 * compared by its own meaning, and absent means the field's default. `base` is what was last applied:
 * with it a difference is known to come from the source, from the record, or from both. Deployment is
 * left out, because it is switched on its own.
 */
export function diffFields(
  kind: Kind,
  from: Manifest | undefined,
  to: Manifest | undefined,
  base: Manifest | undefined,
): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const field of kind.fields) {
    if (field.path === kind.deployment) continue;
    const live = meaning(field, from);
    const desired = meaning(field, to);
    if (isSame(field, live, desired)) continue;
    changes.push({
      path: field.path,
      from: from === undefined ? null : shown(kind, field, live),
      to: to === undefined ? null : shown(kind, field, desired),
      cause: base === undefined ? 'git' : causeOf(field, live, desired, meaning(field, base)),
      class: field.class,
    });
  }
  return changes;
}

/** Of a secret value only that there is one. */
function shown(kind: Kind, field: Field, value: JsonValue): JsonValue {
  return field.path === kind.secret?.value && value !== null ? mask : value;
}

/** The one field of a switch of deployment. */
export type Switched = readonly [FieldChange];

/** The field of a switch of deployment. A base that leaves deployment alone has no say in the cause. */
export function switchedFields(
  kind: Kind,
  from: boolean,
  to: boolean,
  base: Manifest | undefined,
): Switched {
  const path = kind.deployment as string;
  const applied = base === undefined ? undefined : valueAt(base, path);
  return switched(path, from, to, applied === to ? 'drift' : 'git');
}

const known = new Map<string, Switched>();

/** One value for all switches that say the same, because every new client has one. */
function switched(path: string, from: boolean, to: boolean, cause: Cause): Switched {
  const id = [path, from, to, cause].join();
  const before = known.get(id);
  if (before !== undefined) return before;
  const made: Switched = [{ path, from, to, cause, class: 'exposure' }];
  known.set(id, made);
  return made;
}

/** What a manifest says in a field: the default where it is silent, null for nothing and for an empty list. */
export function meaning(field: Field, manifest: Manifest | undefined): JsonValue {
  const written = manifest === undefined ? undefined : valueAt(manifest, field.path);
  const value = written ?? field.default ?? null;
  return Array.isArray(value) && value.length === 0 ? null : value;
}

function causeOf(field: Field, live: JsonValue, desired: JsonValue, base: JsonValue): Cause {
  if (isSame(field, live, base)) return 'git';
  return isSame(field, desired, base) ? 'drift' : 'both';
}

function isSame(field: Field, a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return comparable(field, a) === comparable(field, b);
}

function comparable(field: Field, value: JsonValue): string {
  if (field.compare !== 'set' || !Array.isArray(value)) return canonicalJson(value);
  return [...new Set(value.map((it) => canonicalJson(it)))].sort().join(',');
}
