import { createHash, hash } from 'node:crypto';
import { remembered } from './remembered.ts';

/** Members of a map, by key, that do not count, whose order does not count, or in which there are such. */
export type Treatment = ReadonlyMap<string, 'left out' | 'set' | Treatment>;

/**
 * JSON with the keys of every map in code-unit order and no blanks, so that equal values have equal
 * text. Undefined members are left out, as JSON.stringify does; numbers print as JavaScript prints them.
 */
export function canonicalJson(value: unknown, treated?: Treatment): string {
  if (typeof value === 'string') return textJson(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  let out = '';
  if (Array.isArray(value)) {
    for (const item of value) out += `${out === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${out}]`;
  }
  const map = value as Record<string, unknown>;
  for (const key of inOrder(Object.keys(map))) {
    const member = map[key];
    const how = treated?.get(key);
    if (member === undefined || how === 'left out') continue;
    out += `${out === '' ? '' : ','}${nameJson(key)}${memberJson(member, how)}`;
  }
  return `{${out}}`;
}

function memberJson(member: unknown, how: 'set' | Treatment | undefined): string {
  if (how !== 'set') return canonicalJson(member, how);
  return canonicalJson(Array.isArray(member) ? [...member].sort() : member);
}

/** More sets of keys than the manifests of all kinds have; what goes beyond is not remembered. */
const mostOrders = 500;
const orders = new Map<string, { readonly keys: readonly string[]; readonly sorted: string[] }>();

/**
 * Keys in code-unit order. Record after record has the same few sets of them, and looking costs less than
 * sorting.
 */
function inOrder(keys: readonly string[]): readonly string[] {
  const [first] = keys;
  if (first === undefined) return keys;
  const known = orders.get(first);
  if (known?.keys.length === keys.length && keys.every((it, at) => it === known.keys[at]))
    return known.sorted;
  const sorted = [...keys].sort();
  if (known !== undefined || orders.size < mostOrders) orders.set(first, { keys, sorted });
  return sorted;
}

/** A text that JSON.stringify would only put between quotes, and looking costs less. */
const unescaped = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

const nameJson = remembered((name) => `${textJson(name)}:`);

function textJson(text: string): string {
  return unescaped.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** `sha256:` and 64 hex digits. */
export function sha256(content: string | Uint8Array): string {
  // Joined, because V8 keeps what is put together in pieces, and a run keeps one for every file and record.
  return ['sha256:', hash('sha256', content, 'hex')].join('');
}

/** Characters that are hashed at once: enough to make it worth its cost, few enough to hold. */
const hashedAtOnce = 65_536;

/** The same of a text that comes in pieces. */
export function digestOfPieces(pieces: Iterable<string>): string {
  const hashed = createHash('sha256');
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < hashedAtOnce) continue;
    hashed.update(text);
    text = '';
  }
  return `sha256:${hashed.update(text).digest('hex')}`;
}

/** The digest of a value by its canonical JSON. */
export function digestOf(value: unknown, treated?: Treatment): string {
  return sha256(canonicalJson(value, treated));
}
