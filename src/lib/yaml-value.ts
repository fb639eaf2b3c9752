import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { JsonValue } from './json.ts';
import { escapeUntrusted } from './terminal.ts';
import type { Place, Range } from './yaml-document.ts';
import { template } from './yaml-fault.ts';
import { isAlias, isMap, isScalar, isSeq } from './yaml-library.ts';
import type { YamlLimits } from './yaml-limits.ts';
import type { Fault } from './yaml-text.ts';

const nowhere: Place = { value: [0, 0], isScalar: false };

/** Keys that mean something to JavaScript itself. */
const dangerousKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** What only an escape can put into a text: controls but tab and line ends, and halves of characters. */
const hiddenInText =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/**
 * Turns the nodes of a document into a plain value, and finds on the way everything that is sound
 * YAML and yet refused: duplicate, merged, complex and dangerous keys, aliases without an anchor or
 * without end, numbers that JSON cannot carry. It learns the place of each value along with it.
 */
export class ValueReader {
  /** Where the value that was read last stands. */
  place: Place = nowhere;
  readonly #text: string;
  readonly #limits: YamlLimits;
  readonly #fault: (fault: Fault) => void;
  readonly #anchors = new Map<string, Node>();
  /** What an alias stands for when it is met first, also where its anchor is given to another value later. */
  readonly #targets = new Map<Alias, Node>();
  readonly #open = new Set<Node>();
  #aliases = 0;

  constructor(text: string, limits: YamlLimits, fault: (fault: Fault) => void) {
    this.#text = text;
    this.#limits = limits;
    this.#fault = fault;
  }

  /** The value of a node and all below it; where something is wrong, whatever is left of it. */
  read(node: unknown, depth = 0): JsonValue {
    this.place = nowhere;
    if (isAlias(node)) return this.#alias(node, depth);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const range = rangeOf(node);
    if (isScalar(node)) {
      this.place = { value: range, isScalar: true };
      return this.#scalar(node);
    }
    if (depth >= this.#limits.depth) {
      this.#refuse('MANIFEST_LIMIT', node, 'aliases make this too deep', 'write it out');
      return null;
    }
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, depth) : this.#list(node, depth);
    this.#open.delete(node);
    return value;
  }

  #alias(node: Alias, depth: number): JsonValue {
    const target = this.#targets.get(node) ?? this.#anchors.get(node.source);
    if (target === undefined) {
      // Not by its name: a password that begins with a star is read as an alias.
      const said = 'no anchor of this name comes before this alias';
      this.#refuse('MANIFEST_SYNTAX', node, said, 'write the value out, or quote the text');
      return null;
    }
    if (this.#open.has(target)) {
      const said = 'this alias stands for something that contains it';
      this.#refuse('MANIFEST_FORBIDDEN', node, said, 'write the value out');
      return null;
    }
    this.#targets.set(node, target);
    this.#aliases += 1;
    if (this.#aliases > this.#limits.aliases) {
      if (this.#aliases === this.#limits.aliases + 1) {
        const said = `aliases are followed more than ${this.#limits.aliases} times in this document`;
        this.#refuse('MANIFEST_LIMIT', node, said, 'write the values out');
      }
      return null;
    }
    const value = this.read(target, depth);
    const { inside } = this.place;
    this.place = { value: rangeOf(node), isScalar: false, ...(inside && { inside }) };
    return value;
  }

  #list(list: YAMLSeq, depth: number): JsonValue {
    const inside: Place[] = [];
    const value = list.items.map((item) => {
      const read = this.read(item, depth + 1);
      inside.push(this.place);
      return read;
    });
    this.place = { value: rangeOf(list), isScalar: false, inside };
    return value;
  }

  #map(node: YAMLMap, depth: number): JsonValue {
    const map: Record<string, JsonValue> = {};
    const inside = new Map<string, Place>();
    const seen = new Set<string>();
    for (const [index, pair] of node.items.entries()) {
      if (index === this.#limits.keys) {
        const said = `a map may have at most ${this.#limits.keys} keys`;
        this.#refuse('MANIFEST_LIMIT', pair.key, said, 'split it');
        break;
      }
      const key = this.#key(pair);
      const value = this.read(pair.value, depth + 1);
      if (key === undefined) continue;
      if (seen.has(key)) {
        const said = `the key ${shown(key)} stands twice in this map`;
        this.#refuse('MANIFEST_DUPLICATE_KEY', pair.key, said, 'remove one of them');
      }
      seen.add(key);
      map[key] = value;
      inside.set(key, { ...this.place, key: rangeOf(pair.key) });
    }
    this.place = { value: rangeOf(node), isScalar: false, inside };
    return map;
  }

  /** The key's text, or undefined where it was refused. */
  #key({ key }: Pair): string | undefined {
    if (!isScalar(key)) {
      const [start] = rangeOf(key);
      if (this.#text.startsWith('{{', start - 1)) this.#fault(template(start - 1));
      else this.#refuse('MANIFEST_FORBIDDEN', key, 'a key must be a text', 'write a plain word');
      return undefined;
    }
    const text = this.#scalar(key);
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, key);
    if (typeof text !== 'string') {
      const said = text === null ? 'there is no key before this colon' : 'a key must be a text';
      this.#refuse('MANIFEST_FORBIDDEN', key, said, text === null ? 'write a key' : 'quote it');
      return undefined;
    }
    if (text === '<<' && key.type === 'PLAIN') {
      const said = 'merge keys are not allowed';
      this.#refuse('MANIFEST_FORBIDDEN', key, said, 'write the merged keys out');
      return undefined;
    }
    if (!dangerousKeys.has(text)) return text;
    this.#refuse('MANIFEST_FORBIDDEN', key, `the key ${text} is not allowed`, 'rename it');
    return undefined;
  }

  #scalar(node: Scalar): JsonValue {
    const { value } = node;
    if (typeof value === 'string') {
      const hidden = node.type === 'QUOTE_DOUBLE' ? hiddenInText.exec(value) : null;
      if (hidden !== null) {
        const said = `the text holds ${escapeUntrusted(hidden[0])}, which no text may hold`;
        this.#refuse('MANIFEST_FORBIDDEN', node, said, 'remove the escape');
      }
      return value;
    }
    if (typeof value === 'number') return this.#number(node, value);
    return typeof value === 'boolean' ? value : null;
  }

  #number(node: Scalar, value: number): number {
    const written = node.source ?? '';
    const whole = !/[.e]/i.test(written) || /^[-+]?0x/i.test(written);
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
      const said = Number.isFinite(value)
        ? 'this whole number has more digits than can be kept'
        : 'this is not a finite number';
      this.#refuse('MANIFEST_BAD_VALUE', node, said, 'write another number, or quote it as a text');
    }
    // Minus nought is nought: JSON does not know the one from the other.
    return value + 0;
  }

  #refuse(code: Fault['code'], node: unknown, message: string, hint: string): void {
    const [start, end] = (node as Node | null)?.range ?? [0, 1];
    this.#fault({ code, offset: start, length: end - start, message, hint });
  }
}

/** A word of the file, short and safe enough to be repeated. */
function shown(text: string): string {
  return escapeUntrusted(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

function rangeOf(node: unknown): Range {
  const [from, to] = (node as Node | null)?.range ?? [0, 0];
  return [from, to];
}
