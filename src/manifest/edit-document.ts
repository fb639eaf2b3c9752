import type { Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { onDemand } from '../lib/on-demand.ts';
import { isAlias, isMap, isScalar, isSeq } from '../lib/yaml-library.ts';
import type { EntryEdit, Slot } from './edit-entries.ts';
import { CannotEdit } from './edit-place.ts';
import type { Field } from './kind.ts';

const differences = onDemand<typeof import('diff')>('diff');

/** Lists that differ in more items are printed anew; the search for what they share would take too long. */
const maxEditLength = 1000;

/** Three views of one value: what the text means, what it shall mean, and how that is printed. */
export interface Views {
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
  /** Undefined where the print leaves it out. */
  readonly print: JsonValue | undefined;
}

/**
 * Collects the splices that make a document mean something else and touch nothing but what differs.
 * It trusts nobody to have thought of every shape of YAML: whoever calls it reads the outcome again.
 */
export class DocumentEdit {
  readonly #entries: EntryEdit;
  readonly #sets: ReadonlySet<string>;

  constructor(entries: EntryEdit, fields: readonly Field[]) {
    this.#entries = entries;
    this.#sets = new Set(fields.filter((it) => it.compare === 'set').map((it) => it.path));
  }

  /** Throws CannotEdit; the splices collected so far are then of no use. */
  map(map: YAMLMap, views: Views, path = ''): void {
    refuseShared(map);
    const print = views.print as JsonObject;
    const removed = new Set<Pair>();
    const added: [string, JsonValue][] = [];
    for (const key of new Set([...Object.keys(print), ...Object.keys(views.from as JsonObject)])) {
      const inner: Views = {
        from: own(views.from, key),
        to: own(views.to, key),
        print: own(print, key),
      };
      const at = path === '' ? key : `${path}.${key}`;
      if (this.#same(inner.from, inner.to, at)) continue;
      const pair = map.items.find((it) => isScalar(it.key) && it.key.value === key);
      if (pair !== undefined) {
        if (inner.print === undefined) removed.add(pair);
        else this.#value(this.#entries.slotOf(map, pair), inner, at);
      } else if (inner.print !== undefined) added.push([key, inner.print]);
    }
    const order = Object.keys(print);
    for (const [key, value] of added) this.#entries.addPair(map, removed, order, key, value);
    this.#entries.remove(map, (index) => removed.has(map.items[index] as Pair));
  }

  #same(a: JsonValue | undefined, b: JsonValue | undefined, path: string): boolean {
    if (a === undefined || b === undefined) return a === b;
    const form = this.#sets.has(path) ? sorted : (value: JsonValue) => value;
    return canonicalJson(form(a)) === canonicalJson(form(b));
  }

  #value(slot: Slot, views: Views, path: string): void {
    const { value } = slot;
    const { from, print } = views;
    refuseShared(value);
    // A map of the kind that says nothing is missing from the normal form, but may hold legacy keys.
    const was = from ?? {};
    const to = views.to ?? {};
    if (isMap(value) && isObject(was) && isObject(to) && isObject(print)) {
      const stays = (key: string) => Object.hasOwn(print, key) || !Object.hasOwn(was, key);
      if (value.items.some((it) => isScalar(it.key) && stays(String(it.key.value)))) {
        this.map(value, { from: was, to, print }, path);
        return;
      }
    }
    if (isSeq(value) && Array.isArray(from) && Array.isArray(print) && print.length > 0) {
      if (from.length > 0 && from.length === value.items.length) {
        this.#list(value, from, print, path);
        return;
      }
    }
    this.#entries.replace(slot, print as JsonValue);
  }

  #list(
    list: YAMLSeq,
    from: readonly JsonValue[],
    print: readonly JsonValue[],
    path: string,
  ): void {
    const goal = this.#sets.has(path) ? inOrderOf(from, print) : print;
    const { changed, removed, added } = listChanges(from, goal);
    for (const [index, value] of changed) {
      const views = { from: from[index], to: value, print: value };
      this.#value(this.#entries.slotOf(list, index), views, `${path}.${index}`);
    }
    for (const [after, value] of added) this.#entries.addItem(list, removed, after, value);
    this.#entries.remove(list, (index) => removed.has(index));
  }
}

interface ListChanges {
  readonly changed: ReadonlyMap<number, JsonValue>;
  readonly removed: ReadonlySet<number>;
  /** With the index of the old item that each comes after, -1 for none. */
  readonly added: readonly (readonly [number, JsonValue])[];
}

/** The least that makes one list the other; where items went and others came, they are changed in place. */
function listChanges(from: readonly JsonValue[], goal: readonly JsonValue[]): ListChanges {
  const parts = differences().diffArrays(
    from.map((it) => canonicalJson(it)),
    goal.map((it) => canonicalJson(it)),
    {
      maxEditLength,
    },
  );
  if (parts === undefined) throw new CannotEdit();
  const changed = new Map<number, JsonValue>();
  const removed = new Set<number>();
  const added: [number, JsonValue][] = [];
  let old = 0;
  let next = 0;
  let free: number[] = [];
  for (const { value: items, ...part } of parts) {
    if (part.removed) {
      free = items.map((_, offset) => old + offset);
      for (const index of free) removed.add(index);
      old += items.length;
    } else if (part.added) {
      for (const value of goal.slice(next, next + items.length)) {
        const place = free.shift();
        if (place === undefined) added.push([old - 1, value]);
        else {
          removed.delete(place);
          changed.set(place, value);
        }
      }
      next += items.length;
    } else {
      free = [];
      old += items.length;
      next += items.length;
    }
  }
  return { changed, removed, added };
}

function own(map: JsonValue | undefined, key: string): JsonValue | undefined {
  return isObject(map) && Object.hasOwn(map, key) ? (map[key] as JsonValue) : undefined;
}

/** A node that is used again elsewhere, or means more than its text, must not be changed in one place. */
function refuseShared(node: unknown): void {
  if (isAlias(node) || node === null || node === undefined) throw new CannotEdit();
  const { anchor, tag } = node as Scalar;
  if (anchor !== undefined || tag !== undefined) throw new CannotEdit();
}

function sorted(value: JsonValue): JsonValue {
  return Array.isArray(value) ? [...value].sort() : value;
}

/** The items of `goal`: first those that `from` has, in its order, then the others. */
function inOrderOf(from: readonly JsonValue[], goal: readonly JsonValue[]): readonly JsonValue[] {
  const wanted = new Set(goal);
  const had = new Set(from);
  return [...from.filter((it) => wanted.has(it)), ...goal.filter((it) => !had.has(it))];
}
