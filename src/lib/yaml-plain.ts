import type { JsonObject, JsonValue } from './json.ts';
import type { YamlLimits } from './yaml-limits.ts';

/*
 * A reader for the plain subset of YAML that most manifests are written in: block maps and lists, words
 * without quotes, quoted texts of one line, literal and folded blocks, lists of words in brackets, and
 * comments. It knows no errors: whatever it does not plainly understand it leaves to the library, which
 * stays the judge of all YAML. What it does accept means what the library takes it to mean; a test
 * holds the two against each other.
 */

/** One document that is plain from its start to its end. */
export interface PlainDocument {
  readonly value: JsonObject;
  /** Position in the file, from 0; documents without content count as well. */
  readonly index: number;
  /** Offsets of all values, each before those inside of it; where nothing is written, of the key. */
  readonly starts: readonly number[];
}

const feed = 0x0a;
const blank = 0x20;
const hash = 0x23;
const dash = 0x2d;
const colon = 0x3a;

/** The end of a value's line: nothing but blanks, or a comment. */
const lineEnd = ' *(?: #[^\\n]*)?(?=\\n|$)';
const keyAndColon = /([A-Za-z_][\w./-]{0,99}(?: [\w./-]{1,99}){0,4}):(?=[ \n]|$)/y;
const inSingle = new RegExp(`'([^'\\n]*(?:''[^'\\n]*)*)'${lineEnd}`, 'y');
const inDouble = new RegExp(`"([^"\\\\\\n]*(?:\\\\["\\\\/nt][^"\\\\\\n]*)*)"${lineEnd}`, 'y');
const word = '[A-Za-z_][\\w./-]*';
const inBrackets = new RegExp(`\\[ *((?:${word}(?: *, *${word})*)?) *\\]${lineEnd}`, 'y');
const emptyMap = new RegExp(`\\{ *\\}${lineEnd}`, 'y');
const blockHead = /([|>])(-?)(?:\n|$)/y;

/** Signs that no text without quotes starts with, or that mean more than a text. */
const signs = '?:,[]{}#&*!|>\'"%@`';
/** Tabs, carriage returns and line ends of Unicode, each with rules of its own. */
const awkward = /[\t\r\u2028\u2029]/;

const words: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ...(['null', 'Null', 'NULL', '~'] as const).map((it) => [it, null] as const),
  ...(['true', 'True', 'TRUE'] as const).map((it) => [it, true] as const),
  ...(['false', 'False', 'FALSE'] as const).map((it) => [it, false] as const),
]);
const longestWord = 5;
const dangerousKeys = new Set(['__proto__', 'constructor', 'prototype']);

const wholeNumber = /^[-+]?(?:0|[1-9][0-9]*)$/;
const brokenNumber = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)$/;
const otherNumber = /^(?:0[ox][\da-f]+|[-+]?\.(?:inf|nan)|[-+]?(?:\.\d+|\d+(?:\.\d*)?)e[-+]?\d+)$/i;

/** Thrown where the library must look; it never leaves this file. */
const notPlain = new Error('not plain');

/** The documents of a text that is plain throughout; undefined where the library must read it. */
export function readPlain(text: string, limits: YamlLimits): PlainDocument[] | undefined {
  // The lexer of the library counts less than two words and signs for each character.
  if (text.length * 2 > limits.tokens || awkward.test(text)) return undefined;
  try {
    return new PlainReader(text, limits).documents();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

class PlainReader {
  readonly #text: string;
  readonly #limits: YamlLimits;
  /** The line to read next: where its content starts, and how far it is indented; -1 at a document's end. */
  #at = 0;
  #indent = 0;
  #depth = 0;
  #starts: number[] = [];

  constructor(text: string, limits: YamlLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  documents(): PlainDocument[] {
    const found: PlainDocument[] = [];
    this.#toContent(0);
    let index = 0;
    if (this.#indent < 0 && this.#at < this.#text.length) this.#passMark();
    for (; ; index += 1) {
      if (index >= this.#limits.documents || this.#indent > 0) throw notPlain;
      if (this.#indent === 0) {
        this.#starts = [this.#at];
        found.push({ value: this.#map(0), index, starts: this.#starts });
      }
      if (this.#at >= this.#text.length) return found;
      this.#passMark();
    }
  }

  /** Over a line `---`, which must have nothing else on it. */
  #passMark(): void {
    const end = this.#at + 3;
    if (end < this.#text.length && this.#text.charCodeAt(end) !== feed) throw notPlain;
    this.#toContent(end + 1);
  }

  /** To the next line that is neither empty nor a comment, from the start of a line on. */
  #toContent(from: number): void {
    const text = this.#text;
    for (let start = from; start < text.length; ) {
      let at = start;
      while (text.charCodeAt(at) === blank) at += 1;
      const first = text.charCodeAt(at);
      if (at < text.length && first !== feed && first !== hash) {
        this.#at = at;
        this.#indent =
          first === dash && at === start && text.startsWith('---', at) ? -1 : at - start;
        return;
      }
      start = this.#endOfLine(at) + 1;
    }
    this.#at = text.length;
    this.#indent = -1;
  }

  #endOfLine(at: number): number {
    const end = this.#text.indexOf('\n', at);
    return end === -1 ? this.#text.length : end;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) throw notPlain;
  }

  /** The map whose keys stand in this column; the first of them comes next. */
  #map(indent: number): JsonObject {
    this.#enter();
    const map: Record<string, JsonValue> = {};
    let count = 0;
    do {
      const start = this.#at;
      const key = this.#take(keyAndColon)[1] as string;
      count += 1;
      if (count > this.#limits.keys || Object.hasOwn(map, key)) throw notPlain;
      if (dangerousKeys.has(key) || words.has(key)) throw notPlain;
      map[key] = this.#afterMark(indent, start);
    } while (this.#indent === indent);
    if (this.#indent > indent) throw notPlain;
    this.#depth -= 1;
    return map;
  }

  /** The list whose dashes stand in this column; the first of them comes next. */
  #list(indent: number): JsonValue[] {
    this.#enter();
    const list: JsonValue[] = [];
    do {
      const start = this.#at;
      this.#at += 1;
      list.push(this.#item(indent, start));
    } while (this.#indent === indent && this.#isItem());
    if (this.#indent > indent) throw notPlain;
    this.#depth -= 1;
    return list;
  }

  #isItem(): boolean {
    return (
      this.#text.charCodeAt(this.#at) === dash && this.#text.charCodeAt(this.#at + 1) === blank
    );
  }

  #item(indent: number, dashAt: number): JsonValue {
    while (this.#text.charCodeAt(this.#at) === blank) this.#at += 1;
    keyAndColon.lastIndex = this.#at;
    if (!keyAndColon.test(this.#text)) return this.#afterMark(indent, undefined);
    this.#starts.push(this.#at);
    return this.#map(indent + this.#at - dashAt);
  }

  /** The value behind a key's colon or an item's dash; `key` is where the key stands. */
  #afterMark(indent: number, key: number | undefined): JsonValue {
    const text = this.#text;
    while (text.charCodeAt(this.#at) === blank) this.#at += 1;
    const at = this.#at;
    const first = text.charCodeAt(at);
    if (at >= text.length || first === feed || first === hash) {
      if (key === undefined) throw notPlain;
      return this.#below(indent, key);
    }
    this.#starts.push(at);
    switch (text[at]) {
      case '"':
        return unescaped(this.#line(inDouble));
      case "'":
        return this.#line(inSingle).replaceAll("''", "'");
      case '|':
      case '>':
        return this.#block(indent);
      case '[':
        return this.#words();
      case '{':
        this.#enter();
        this.#depth -= 1;
        this.#line(emptyMap);
        return {};
      default:
        return this.#plain();
    }
  }

  /** What stands on the lines below a key: a map, a list, which need not be indented, or nothing. */
  #below(indent: number, key: number): JsonValue {
    this.#toContent(this.#endOfLine(this.#at) + 1);
    const isList = this.#isItem();
    if (this.#indent < indent || (this.#indent === indent && !isList)) {
      this.#starts.push(key);
      return null;
    }
    this.#starts.push(this.#at);
    return isList ? this.#list(this.#indent) : this.#map(this.#indent);
  }

  /** A scalar without quotes, up to the end of its line or a comment. */
  #plain(): JsonValue {
    const text = this.#text;
    const start = this.#at;
    const next = text.charCodeAt(start + 1);
    if (signs.includes(text[start] as string)) throw notPlain;
    if (text.charCodeAt(start) === dash && !(next > blank)) throw notPlain;
    const lineEnds = this.#endOfLine(start);
    let end = start;
    let before = 0;
    for (let at = start; at < lineEnds; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === hash && before === blank) break;
      if (unit === colon && !(at + 1 < lineEnds && text.charCodeAt(at + 1) !== blank))
        throw notPlain;
      if (unit !== blank) end = at + 1;
      before = unit;
    }
    this.#toContent(lineEnds + 1);
    return meaning(text.slice(start, end));
  }

  /** A literal or folded block, without signs of indentation and without lines of mere blanks. */
  #block(indent: number): string {
    const [, style, strip] = this.#take(blockHead);
    const text = this.#text;
    let value = '';
    let breaks = 0;
    let margin = -1;
    let start = this.#at;
    for (; start < text.length; start = this.#endOfLine(start) + 1) {
      let at = start;
      while (text.charCodeAt(at) === blank) at += 1;
      if (at >= text.length || text.charCodeAt(at) === feed) {
        if (at > start) throw notPlain;
        breaks += 1;
        continue;
      }
      if (margin === -1) margin = at - start;
      if (at - start < margin || margin <= indent) break;
      if (style === '>' && at - start > margin) throw notPlain;
      const gap = value === '' || style === '|' ? breaks : breaks - 1;
      value += gap === 0 && value !== '' && style === '>' ? ' ' : '\n'.repeat(Math.max(gap, 0));
      value += text.slice(start + margin, this.#endOfLine(at));
      breaks = 1;
    }
    if (value === '') throw notPlain;
    this.#toContent(start);
    return strip === '-' ? value : `${value}\n`;
  }

  /** A list of words in brackets. */
  #words(): JsonValue {
    this.#enter();
    this.#depth -= 1;
    const start = this.#at;
    const inside = this.#line(inBrackets);
    const list: JsonValue[] = [];
    let at = this.#text.indexOf(inside, start + 1);
    for (const part of inside === '' ? [] : inside.split(',')) {
      const written = part.trim();
      this.#starts.push(at + part.indexOf(written));
      list.push(meaning(written));
      at += part.length + 1;
    }
    return list;
  }

  /** What a pattern finds from here to the end of the line; the next line with content comes next. */
  #line(pattern: RegExp): string {
    const found = this.#take(pattern)[1] ?? '';
    this.#toContent(this.#endOfLine(this.#at) + 1);
    return found;
  }

  #take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw notPlain;
    this.#at = pattern.lastIndex;
    return found;
  }
}

function unescaped(inside: string): string {
  return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
}

/** What a scalar without quotes means; numbers in a rare form are left to the library. */
function meaning(written: string): JsonValue {
  if (written.length <= longestWord) {
    const known = words.get(written);
    if (known !== undefined) return known;
  }
  if (!/^[-+.\d]/.test(written)) return written;
  if (otherNumber.test(written)) throw notPlain;
  const isWhole = wholeNumber.test(written);
  if (!isWhole && !brokenNumber.test(written)) return written;
  const value = Number(written);
  if (!(isWhole ? Number.isSafeInteger(value) : Number.isFinite(value))) throw notPlain;
  // Minus nought is nought: JSON does not know the one from the other.
  return value + 0;
}
