import type { Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { JsonValue } from '../lib/json.ts';
import { isCollection, isScalar } from '../lib/yaml-library.ts';
import { afterMark, CannotEdit, endOf, lastOffset, startOf } from './edit-place.ts';
import { printFlow, quotedLike, restyle } from './edit-scalar.ts';
import { isLeaf, printAfterColon, printAfterDash, printKey } from './print.ts';
import type { Splices } from './splice.ts';

/** Where a value stands: after the colon of a key, or after the dash of an item. */
export interface Slot {
  readonly value: unknown;
  /** Offset just behind the colon or dash; undefined inside `[]` and `{}`. */
  readonly after: number | undefined;
  /** Indentation of the key or dash. */
  readonly pad: string;
  readonly printAfter: (value: JsonValue, pad: string) => string;
}

/** Puts entries of maps and lists in, takes them out and gives them other values, as splices of the text. */
export class EntryEdit {
  readonly #splices: Splices;
  /** Set for a JSON text: by how much it indents, 0 for one line. */
  readonly #json: number | undefined;

  constructor(splices: Splices, json: number | undefined) {
    this.#splices = splices;
    this.#json = json;
  }

  /** Where the value of a key or the item of that index stands. */
  slotOf(holder: YAMLMap | YAMLSeq, at: Pair | number): Slot {
    const value = typeof at === 'number' ? holder.items[at] : at.value;
    const after = holder.flow === true ? undefined : afterMark(holder, at);
    const printAfter = typeof at === 'number' ? printAfterDash : printAfterColon;
    return { value, after, pad: this.#padOf(holder), printAfter };
  }

  /** Indentation of the entries of a collection. */
  #padOf(holder: YAMLMap | YAMLSeq): string {
    return this.#splices.padTo(startOf(holder, 0));
  }

  replace({ value, after, pad, printAfter }: Slot, print: JsonValue): void {
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
  addPair(
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

  /** Behind the item of index `after`, or the last one before it that is not removed; -1 for the start. */
  addItem(list: YAMLSeq, removed: ReadonlySet<number>, after: number, value: JsonValue): void {
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

  /** Takes out entries with the comments on their lines. */
  remove(holder: YAMLMap | YAMLSeq, goes: (index: number) => boolean): void {
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

function withoutFeed(text: string): string {
  return text.slice(0, -1);
}
