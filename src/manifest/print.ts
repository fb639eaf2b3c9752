import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { remembered } from '../lib/remembered.ts';
import type { Field, Kind } from './kind.ts';
import type { Manifest } from './manifest.ts';
import { printNumber, printString, printText } from './scalar.ts';

/** What stands between the documents of a stream. */
const separator = '---\n';

/** Readers need not accept a key longer than this unless it is marked as one. */
const longestPlainKey = 1000;

/** A manifest in normal form as canonical YAML; it ends in a line feed. */
export function printManifest(manifest: Manifest, kind: Kind): string {
  return printValue(canonicalForm(manifest, kind));
}

/** The documents of one stream, one text each, so that nobody need hold them all. */
export async function* printStream(
  entries:
    | Iterable<{ readonly manifest: Manifest; readonly kind: Kind }>
    | AsyncIterable<{ readonly manifest: Manifest; readonly kind: Kind }>,
): AsyncGenerator<string> {
  let before = '';
  for await (const { manifest, kind } of entries) {
    yield before + printManifest(manifest, kind);
    before = separator;
  }
}

/** Several documents as the text of one file. */
export function joinDocuments(documents: readonly string[]): string {
  return documents.join(separator);
}

/**
 * What is printed of a manifest, in the order in which it is printed: the envelope, then the fields
 * in the order of the kind's table, then whatever the table does not know. What equals its default
 * is left out. A map of the table is there even when nothing is left in it, because the shape of a
 * kind insists on its maps, except for those that have a table of their own.
 */
export function canonicalForm(manifest: Manifest, kind: Kind): JsonObject {
  return ordered(manifest as unknown as JsonObject, outlineOf(kind));
}

/** True when a manifest says nothing by this value: the field's default, or nothing where it has none. */
export function isDefault(value: JsonValue | undefined, field: Leaf): boolean {
  if (value === undefined || value === null || value === field.default) return true;
  if (typeof value !== 'object' || typeof field.default !== 'object') return false;
  if (Array.isArray(value) && Array.isArray(field.default) && value.length !== field.default.length)
    return false;
  return canonicalJson(value) === canonicalJson(field.default);
}

type Leaf = Pick<Field, 'path' | 'default' | 'always'>;

/** The fields of a kind as the tree that their paths make. */
interface Outline {
  readonly field?: Leaf;
  readonly optional?: boolean;
  readonly keys: Map<string, Outline>;
}

const outlines = new WeakMap<Kind, Outline>();

function outlineOf(kind: Kind): Outline {
  let known = outlines.get(kind);
  if (known === undefined) {
    known = outline(kind);
    outlines.set(kind, known);
  }
  return known;
}

const envelope: readonly Leaf[] = [
  { path: 'apiVersion' },
  { path: 'kind' },
  { path: 'metadata.name' },
];

function outline(kind: Kind): Outline {
  const root: Outline = { keys: new Map() };
  const optional = new Set(kind.tables.ones.map((one) => one.path));
  for (const field of [...envelope, ...kind.fields]) {
    const steps = field.path.split('.');
    let at = root;
    for (const [depth, step] of steps.entries()) {
      let next = at.keys.get(step);
      if (next === undefined) {
        const path = steps.slice(0, depth + 1).join('.');
        next =
          depth === steps.length - 1
            ? { field, keys: new Map() }
            : { optional: optional.has(path), keys: new Map() };
        at.keys.set(step, next);
      }
      at = next;
    }
  }
  return root;
}

function ordered(map: JsonObject, outline: Outline): JsonObject {
  const out: Record<string, JsonValue> = {};
  for (const [key, inner] of outline.keys) {
    const { field, optional } = inner;
    const value = map[key];
    if (field !== undefined) {
      if (field.always === true) out[key] = value ?? field.default ?? null;
      else if (!isDefault(value, field)) out[key] = value as JsonValue;
    } else if (isObject(value)) {
      out[key] = ordered(value as JsonObject, inner);
    } else if (value !== undefined) {
      out[key] = value;
    } else if (optional !== true) {
      out[key] = ordered({}, inner);
    }
  }
  for (const key of Object.keys(map)) if (!outline.keys.has(key)) out[key] = map[key] as JsonValue;
  return out;
}

/** A value as YAML in block style, keys in their own order; it ends in a line feed. */
export function printValue(value: JsonValue, pad = ''): string {
  if (isObject(value) && Object.keys(value).length > 0) return printMap(value as JsonObject, pad);
  if (Array.isArray(value) && value.length > 0) return printList(value, pad);
  return `${printLeaf(value, pad)}\n`;
}

/** What follows a key's colon, the line feed at the end included. */
export function printAfterColon(value: JsonValue, pad: string): string {
  return isLeaf(value) ? ` ${printLeaf(value, pad)}\n` : `\n${printValue(value, `${pad}  `)}`;
}

/** What follows the dash of a list item, the line feed at the end included. */
export function printAfterDash(value: JsonValue, pad: string): string {
  if (isLeaf(value)) return ` ${printLeaf(value, pad)}\n`;
  return ` ${printValue(value, `${pad}  `).slice(pad.length + 2)}`;
}

function printMap(map: JsonObject, pad: string): string {
  let out = '';
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value !== undefined) out += `${pad}${printKey(key, pad)}:${printAfterColon(value, pad)}`;
  }
  return out;
}

function printList(list: readonly JsonValue[], pad: string): string {
  let out = '';
  for (const item of list) out += `${pad}-${printAfterDash(item, pad)}`;
  return out;
}

const keyText = remembered(printText);

/** A key, up to where its colon comes. */
export function printKey(key: string, pad: string): string {
  const text = keyText(key);
  return text.length > longestPlainKey ? `? ${text}\n${pad}` : text;
}

/** A value that is printed on the line of its key: a scalar, or a collection with nothing in it. */
export function isLeaf(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

function printLeaf(value: JsonValue, pad: string): string {
  if (typeof value === 'string') return printString(value, pad);
  if (typeof value === 'number') return printNumber(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[]' : '{}';
  return String(value);
}
