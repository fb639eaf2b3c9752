import { isObject, type JsonValue } from './json.ts';
import type { Position, YamlText } from './yaml-text.ts';

/** Steps to a value inside of a document: keys of maps and indexes of lists. */
export type Path = readonly (string | number)[];

/** Offsets from and to. */
export type Range = readonly [from: number, to: number];

/** Where a value, its key and all that is inside of it stand. A plain value, so that threads can pass it on. */
export interface Place {
  readonly key?: Range;
  readonly value: Range;
  readonly isScalar: boolean;
  /** By key or in order; what an alias stands for is inside of the alias too. */
  readonly inside?: ReadonlyMap<string, Place> | readonly Place[];
}

/** What a document says, however it was read. */
export interface Content {
  readonly value: JsonValue;
  /** Position in the file, from 0; documents without content count as well. */
  readonly index: number;
  /** Offsets of all values, each before those inside of it, where nothing else was learned of their places. */
  readonly starts?: readonly number[];
}

/** One document of a file: what it means, and where in the file each part of it stands. */
export class YamlDocument {
  readonly value: JsonValue;
  readonly index: number;
  readonly #page: YamlText;
  readonly #starts: readonly number[] | undefined;
  readonly #read: () => Place;
  #known: Place | undefined;

  /** The places are asked for when one is wanted that the starts do not tell. */
  constructor(page: YamlText, { value, index, starts }: Content, root: () => Place) {
    this.#page = page;
    this.value = value;
    this.index = index;
    this.#starts = starts;
    this.#read = root;
  }

  /** The places of all there is. */
  get root(): Place {
    this.#known ??= this.#read();
    return this.#known;
  }

  get file(): string {
    return this.#page.file;
  }

  /** Line of the first node, from 1. */
  get line(): number {
    return this.#page.position(this.#starts?.[0] ?? this.root.value[0]).line;
  }

  /** The same as `place` tells of a value, at little cost; for what is right, and wanted of every document. */
  valuePlace(path: Path): Position {
    const start = this.#starts?.[orderOf(path, this.value) ?? -1];
    return start === undefined ? this.place(path, 'value') : this.#page.position(start);
  }

  /**
   * Where the key or the value at a path stands. A list item has no key, so its value stands for it;
   * a value that is not written has the place of its key. Where the path does not exist, the nearest
   * key that does stands for it, or the start of the document.
   */
  place(path: Path, which: 'key' | 'value'): Position {
    return this.#page.position(this.#range(path, which)[0]);
  }

  /** The line of the key at a path; undefined where the document does not write it. */
  keyLine(path: Path): number | undefined {
    return this.#find(path) === undefined ? undefined : this.place(path, 'key').line;
  }

  /** The text of the scalar at a path as it is written, quotes included; undefined for anything else. */
  source(path: Path): string | undefined {
    const found = this.#find(path);
    if (found?.isScalar !== true) return undefined;
    const [start, end] = found.value;
    return this.#page.text.slice(start, end);
  }

  /** The excerpt with a caret under a line and column; nothing in it can be a secret. */
  frame(line: number, column: number, length?: number): string {
    return this.#page.frame(line, column, length);
  }

  /** The excerpt with the key or value at a path underlined. */
  frameAt(path: Path, which: 'key' | 'value'): string {
    const [start, end] = this.#range(path, which);
    const { line, column } = this.#page.position(start);
    return this.#page.frame(line, column, end - start);
  }

  #range(path: Path, which: 'key' | 'value'): Range {
    const found = this.#find(path);
    if (found === undefined)
      return path.length > 0 ? this.#range(path.slice(0, -1), 'key') : [0, 0];
    const { key = found.value, value } = found;
    return which === 'value' && value[1] > value[0] ? value : key;
  }

  #find(path: Path): Place | undefined {
    let found: Place | undefined = this.root;
    for (const step of path) {
      const inside: Place['inside'] = found?.inside;
      if (inside === undefined) return undefined;
      found = 'get' in inside ? inside.get(String(step)) : inside[Number(step)];
    }
    return found;
  }
}

/** How many values come before the one at a path, those that hold it included; undefined where there is none. */
function orderOf(path: Path, root: JsonValue): number | undefined {
  let at = root;
  let order = 0;
  for (const step of path) {
    order += 1;
    let inner: JsonValue | undefined;
    if (Array.isArray(at)) {
      inner = at[Number(step)];
      for (let before = 0; before < Number(step); before += 1) order += countOf(at[before]);
    } else if (isObject(at))
      for (const key of Object.keys(at)) {
        if (key === String(step)) {
          inner = at[key];
          break;
        }
        order += countOf(at[key]);
      }
    if (inner === undefined) return undefined;
    at = inner;
  }
  return order;
}

/** A value and all inside of it. */
function countOf(value: JsonValue | undefined): number {
  if (value === null || typeof value !== 'object') return 1;
  let count = 1;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) count += countOf(inner);
  return count;
}
