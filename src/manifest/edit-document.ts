import { diffArrays } from 'diff';
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { printFlow, quotedLike, restyle } from './edit-scalar.ts';
import type { Field } from './kind.ts';
import { isLeaf, printAfterColon, printAfterDash, printKey } from './print.ts';
import type { Splices } from './splice.ts';

/** Lists that differ in more items are printed anew; the search for what they share would take too long. */
const maxEditLength = 1000;

/** The text has a shape that cannot be edited in place; nothing is wrong with it otherwise. */
export class CannotEdit extends Error {}

/** Three views of one value: what the text means, what it shall mean, and how that is printed. */
export interface Views {
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
  /** Undefined where the print leaves it out. */
  readonly print: JsonValue | undefined;
}

/** Where a value stands: after the colon of a key, or after the dash of an item. */
interface Slot {
  readonly value: unknown;
  /** Offset just behind the colon or dash; undefined inside `[]` and `{}`. */
  readonly after: number | undefined;
  /** Indentation of the key or dash. */
  readonly pad: string;
  readonly printAfter: (value: JsonValue, pad: string) => string;
}

/**
 * Collects the splices that make a document mean something else and touch nothing but what differs.
 * It trusts nobody to have thought of every shape of YAML: whoever calls it reads the outcome again.
 */
export class DocumentEdit {
  readonly #splices: Splices;
  readonly #fields: ReadonlyMap<string, Field>;
  /** Set for a JSON text: by how much it indents, 0 for one line. */
  readonly #json: number | undefined;

  constructor(splices: Splices, fields: readonly Field[], json: number | undefined) {
    this.#splices = splices;
    this.#fields = new Map(fields.map((field) => [field.path, field]));
    this.#json = json;
  }

  /** Throws CannotEdit; the splices collected so far are then of no use. */
  map(map: YAMLMap, views: Views, path = ''): void {
    refuseShared(map);
    const from = views.from as JsonObject;
    const to = views.to as JsonObject;
    const print = views.print as JsonObject;
    const removed = new Set<Pair>();
    const added: [string, JsonValue][] = [];
    for (const key of new Set([...Object.keys(print), ...Object.keys(from)])) {
      const inner: Views = { from: from[key], to: to[key], print: print[key] };
      const at = path === '' ? key : `${path}.${key}`;
      const pair = map.items.find((it) => isScalar(it.key) && it.key.value === key);
      if (this.#same(inner.from, inner.to, at)) continue;
      if (pair !== undefined) {
        if (inner.print === undefined) removed.add(pair);
        else this.#value(this.#slotOf(map, pair), inner, at);
      } else if (inner.print !== undefined) added.push([key, inner.print]);
    }
    const order = Object.keys(print);
    for (const [key, value] of added) this.#addPair(map, removed, order, key, value);
    this.#remove(map, (index) => removed.has(map.items[index] as Pair));
  }

  #same(a: JsonValue | undefined, b: JsonValue | undefined, path: string): boolean {
    const text = (value: JsonValue | undefined) =>
      value === undefined ? '' : canonicalJson(this.#isSet(path) ? sorted(value) : value);
    return text(a) === text(b);
  }

  #isSet(path: string): boolean {
    return this.#fields.get(path)?.compare === 'set';
  }

  #value(slot: Slot, views: Views, path: string): void {
    const { value } = slot;
    const { from, print } = views;
    refuseShared(value);
    if (isMap(value) && isObject(from) && isObject(views.to) && isObject(print)) {
      const stays = (key: string) => Object.hasOwn(print, key) || !Object.hasOwn(from, key);
      if (value.items.some((it) => isScalar(it.key) && stays(String(it.key.value))))
        return this.map(value, views, path);
    }
    if (isSeq(value) && Array.isArray(from) && Array.isArray(print)) {
      const usable = from.length === value.items.length && from.length > 0 && print.length > 0;
      if (usable) return this.#list(value, from, print, path);
    }
    this.#replace(slot, print as JsonValue);
  }

  #list(
    list: YAMLSeq,
    from: readonly JsonValue[],
    print: readonly JsonValue[],
    path: string,
  ): void {
    const goal = this.#isSet(path) ? inOrderOf(from, print) : print;
    const removed = new Set<number>();
    const added: { readonly after: number; readonly value: JsonValue }[] = [];
    let last = -1;
    let at = 0;
    let next = 0;
    let replaced: number[] = [];
    const parts = diffArrays(from.map(canonicalJson), goal.map(canonicalJson), { maxEditLength });
    if (parts === undefined) throw new CannotEdit();
    for (const part of parts) {
      if (part.removed) {
        replaced = Array.from(part.value, (_, offset) => at + offset);
        for (const index of replaced) removed.add(index);
        at += part.value.length;
        continue;
      }
      for (const _ of part.value) {
        const value = goal[next++] as JsonValue;
        if (!part.added) last = at++;
        else if (replaced.length > 0) {
          last = replaced.shift() as number;
          removed.delete(last);
          const views = { from: from[last], to: value, print: value };
          this.#value(this.#slotOf(list, last), views, `${path}.${last}`);
        } else added.push({ after: last, value });
      }
      replaced = [];
    }
    for (const { after, value } of added) this.#addItem(list, removed, after, value);
    this.#remove(list, (index) => removed.has(index));
  }

  #slotOf(holder: YAMLMap | YAMLSeq, at: Pair | number): Slot {
    const value = typeof at === 'number' ? holder.items[at] : at.value;
    const after = holder.flow === true ? undefined : afterMark(holder, at);
    const printAfter = typeof at === 'number' ? printAfterDash : printAfterColon;
    return { value, after, pad: this.#padOf(holder), printAfter };
  }

  /** Indentation of the entries of a collection. */
  #padOf(holder: YAMLMap | YAMLSeq): string {
    return this.#splices.padTo(startOf(holder, 0));
  }

  #replace({ value, after, pad, printAfter }: Slot, print: JsonValue): void {
    const { text } = this.#splices;
    const source = isScalar(value) || isCollection(value) ? value.range : undefined;
    if (source === undefined || source === null) throw new CannotEdit();
    const [start, end] = source;
    if (after === undefined) {
      if (start === end) throw new CannotEdit();
      const styled = isScalar(value) ? quotedLike(value as Scalar, print) : undefined;
      this.#splices.replace(start, end, styled ?? this.#flow(print, start));
    } else if (isScalar(value) && start < end && isLeaf(print)) {
      restyle(this.#splices, value as Scalar, print, pad);
    } else if (start === end) {
      const at = isLeaf(print) ? after : this.#splices.lineEnd(after);
      this.#splices.insert(at, withoutFeed(printAfter(print, pad)));
    } else {
      const last = lastOffset(text, value, end);
      this.#splices.replace(after, last, withoutFeed(printAfter(print, pad)));
    }
  }

  #flow(value: JsonValue, at: number): string {
    if (this.#json === undefined || isLeaf(value))
      return printFlow(value, this.#json !== undefined);
    const lineStart = this.#splices.lineStart(at);
    const pad = /^[ \t]*/.exec(this.#splices.text.slice(lineStart, at))?.[0] ?? '';
    return JSON.stringify(value, null, this.#json).replaceAll('\n', `\n${pad}`);
  }

  /** Behind the key that comes before it in the order of the kind, or behind the last one. */
  #addPair(
    map: YAMLMap,
    removed: ReadonlySet<Pair>,
    order: readonly string[],
    key: string,
    value: JsonValue,
  ): void {
    const before = order.slice(0, order.indexOf(key));
    const kept = map.items
      .map((pair, index) => ({ pair, index }))
      .filter((it) => !removed.has(it.pair));
    const rank = (pair: Pair) => before.indexOf(isScalar(pair.key) ? String(pair.key.value) : '');
    const anchor =
      kept.reduce<(typeof kept)[number] | undefined>(
        (best, it) => (rank(it.pair) > (best === undefined ? -1 : rank(best.pair)) ? it : best),
        undefined,
      ) ?? kept.at(-1);
    if (anchor === undefined) throw new CannotEdit();
    const pad = this.#padOf(map);
    if (map.flow !== true) {
      const print = `${printKey(key, pad)}:${printAfterColon(value, pad)}`;
      this.#insertLines(map, anchor.index, `${pad}${withoutFeed(print)}`);
    } else {
      const start = startOf(map, anchor.index);
      const colon = this.#json === 0 ? ':' : ': ';
      this.#insertFlow(
        map,
        anchor.index,
        `${printFlow(key, this.#json !== undefined)}${colon}${this.#flow(value, start)}`,
      );
    }
  }

  #addItem(list: YAMLSeq, removed: ReadonlySet<number>, after: number, value: JsonValue): void {
    let anchor = after;
    while (removed.has(anchor)) anchor--;
    const first = list.items.findIndex((_, index) => !removed.has(index));
    const pad = this.#padOf(list);
    const print =
      list.flow === true
        ? this.#flow(value, startOf(list, 0))
        : `-${withoutFeed(printAfterDash(value, pad))}`;
    if (anchor >= 0) {
      if (list.flow === true) this.#insertFlow(list, anchor, print);
      else this.#insertLines(list, anchor, pad + print);
    } else if (first >= 0) {
      const start = startOf(list, first);
      const between = list.flow === true ? this.#comma(start) : `\n${pad}`;
      this.#splices.insert(start, print + between);
    } else throw new CannotEdit();
  }

  #insertLines(holder: YAMLMap | YAMLSeq, anchor: number, lines: string): void {
    const at = this.#splices.lineEnd(endOf(this.#splices.text, holder, anchor));
    this.#splices.insert(at, `\n${lines}`);
  }

  #insertFlow(holder: YAMLMap | YAMLSeq, anchor: number, print: string): void {
    const end = endOf(this.#splices.text, holder, anchor);
    this.#splices.insert(end, this.#comma(startOf(holder, anchor)) + print);
  }

  /** A comma, and then a line of its own if the neighbour has one. */
  #comma(neighbour: number): string {
    if (!this.#splices.isFirstOnLine(neighbour)) return this.#json === 0 ? ',' : ', ';
    return `,\n${this.#splices.padTo(neighbour)}`;
  }

  #remove(holder: YAMLMap | YAMLSeq, goes: (index: number) => boolean): void {
    const { text } = this.#splices;
    const count = holder.items.length;
    for (let index = 0; index < count; index++) {
      if (!goes(index)) continue;
      const start = startOf(holder, index);
      const end = endOf(text, holder, index);
      if (holder.flow !== true && this.#splices.isFirstOnLine(start)) {
        this.#splices.cutLines(start, end);
        continue;
      }
      // It shares its line with the dash of an item or with its neighbours, so the next entry moves up.
      let next = index + 1;
      while (next < count && goes(next)) next++;
      if (next < count) this.#splices.replace(start, startOf(holder, next), '');
      else if (holder.flow === true && index > 0)
        this.#splices.replace(endOf(text, holder, index - 1), endOf(text, holder, count - 1), '');
      else throw new CannotEdit();
      index = next - 1;
    }
  }
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

function withoutFeed(text: string): string {
  return text.slice(0, -1);
}

interface Tokens {
  readonly start?: readonly { readonly type: string; readonly offset: number }[];
  readonly sep?: readonly { readonly type: string; readonly offset: number }[];
}

/** Offset just behind the colon of a pair or the dash of an item in block style. */
function afterMark(holder: YAMLMap | YAMLSeq, at: Pair | number): number {
  const token =
    typeof at === 'number'
      ? itemTokens(holder, at).start?.find((it) => it.type === 'seq-item-ind')
      : (at.srcToken as Tokens | undefined)?.sep?.find((it) => it.type === 'map-value-ind');
  if (token === undefined) throw new CannotEdit();
  return token.offset + 1;
}

function itemTokens(holder: YAMLMap | YAMLSeq, index: number): Tokens {
  const { srcToken } = holder as { srcToken?: { items?: readonly Tokens[] } };
  return srcToken?.items?.[index] ?? {};
}

/** Offset of the key, or of the dash or value of an item. */
function startOf(holder: YAMLMap | YAMLSeq, index: number): number {
  const item: unknown = holder.items[index];
  if (isSeq(holder) && holder.flow !== true) return afterMark(holder, index) - 1;
  const node = isMap(holder) ? (item as Pair).key : item;
  const range = (node as Scalar | undefined)?.range;
  if (range === undefined || range === null) throw new CannotEdit();
  return range[0];
}

/** Offset behind the last character of an entry, comments not counted. */
function endOf(text: string, holder: YAMLMap | YAMLSeq, index: number): number {
  const item: unknown = holder.items[index];
  if (isSeq(holder)) {
    const start = holder.flow === true ? startOf(holder, index) : afterMark(holder, index);
    return lastOffset(text, item, start);
  }
  const pair = item as Pair;
  const key = (pair.key as Scalar).range;
  if (key === undefined || key === null) throw new CannotEdit();
  const behind = holder.flow === true ? key[1] : afterMark(holder, pair);
  return lastOffset(text, pair.value, behind);
}

/** Offset behind the last character of a value; `otherwise` where there is none. */
function lastOffset(text: string, node: unknown, otherwise: number): number {
  if (isCollection(node) && node.flow !== true && node.items.length > 0)
    return endOf(text, node as YAMLMap | YAMLSeq, node.items.length - 1);
  const range = (node as Scalar | null | undefined)?.range;
  if (range === undefined || range === null || range[0] === range[1]) return otherwise;
  return range[0] + text.slice(range[0], range[1]).trimEnd().length;
}
