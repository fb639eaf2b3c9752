import { isObject, type JsonObject, type JsonValue, putAt, valueAt } from '../lib/json.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Field, Kind } from './kind.ts';
import { apiVersion, type Manifest } from './manifest.ts';

/** Characters of the longest name. */
export const longestName = 50;

const canonical = /^[a-z0-9]+(?:_[a-z0-9]+)*$/;

/** The canonical name, or why there is none and, where one can be guessed, which was meant. */
export type NameVerdict =
  | { readonly name: string }
  | { readonly problem: string; readonly suggestion: string | undefined };

/**
 * The name that a text stands for: words of `a` to `z` and digits joined by underscores, at most 50
 * characters; a hyphen is read as an underscore. Nothing else is ever rewritten, only suggested.
 */
export function canonicalName(text: string): NameVerdict {
  if (text.length > longestName) {
    const problem = `has ${text.length} characters, and at most ${longestName} are allowed`;
    return { problem, suggestion: suggestedName(text.slice(0, 200)) };
  }
  const folded = foldName(text);
  if (canonical.test(folded)) return { name: folded };
  if (text.trim() === '') return { problem: 'is empty', suggestion: undefined };
  const stranger = /[^a-z0-9_-]/u.exec(text)?.[0];
  const problem =
    stranger === undefined
      ? 'must be words joined by single underscores'
      : `holds ${characterName(stranger)}, and only a to z, digits and underscores are allowed`;
  return { problem, suggestion: suggestedName(text) };
}

/** Hyphens as underscores: the one way in which names and references are rewritten. */
export function foldName(text: string): string {
  return text.replaceAll('-', '_');
}

function characterName(character: string): string {
  if (character === ' ') return 'a blank';
  const point = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return /[!-~]/.test(character) ? escapeUntrusted(character) : `the character U+${point}`;
}

/** Undefined for letters that have no plain form: a guess there would be another name. */
function suggestedName(text: string): string | undefined {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '');
  if (/\P{ASCII}/u.test(plain.replace(/\p{Cf}/gu, ''))) return undefined;
  const words = plain
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
  const name = words
    .slice(0, longestName + 1)
    .replace(/^_/, '')
    .slice(0, longestName)
    .replace(/_$/, '');
  return name === '' ? undefined : name;
}

/**
 * A manifest whose shape is right, in normal form: the name and all references folded, defaults
 * filled in, and left out what is null, an empty list, a legacy key, the status, or said twice in a
 * set. Other values stay as they are. The normal form of a normal form is the same.
 */
export function normalise(raw: JsonObject, kind: Kind): Manifest {
  const out: Record<string, unknown> = {
    apiVersion,
    kind: kind.name,
    metadata: { name: foldName(String(valueAt(raw, 'metadata.name') ?? '')) },
    spec: {},
  };
  const absent = kind.tables.ones.flatMap(({ path }) =>
    path !== undefined && (valueAt(raw, path) ?? null) === null ? [`${path}.`] : [],
  );
  for (const field of kind.fields) {
    const value = meaning(valueAt(raw, field.path), field);
    if (value === undefined || absent.some((it) => field.path.startsWith(it))) continue;
    putAt(out, field.path, value);
  }
  return out as unknown as Manifest;
}

/** What a field means: its default where nothing is written; undefined for nothing. */
function meaning(written: JsonValue | undefined, field: Field): JsonValue | undefined {
  const value = isNothing(written) ? field.default : written;
  if (value === undefined || isNothing(value)) return undefined;
  const folded = field.references === undefined ? value : foldReferences(value);
  if (field.sparse === true) return withoutNulls(folded);
  return field.compare === 'set' && Array.isArray(folded) ? [...new Set(folded)] : folded;
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value as JsonObject).filter(([, it]) => it !== null);
  return Object.fromEntries(members.map(([key, it]) => [key, withoutNulls(it)]));
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function foldReferences(value: JsonValue): JsonValue {
  if (typeof value === 'string') return foldName(value);
  return Array.isArray(value) ? value.map(foldReferences) : value;
}
