import type { Scalar } from 'yaml';
import { isObject, type JsonValue } from '../lib/json.ts';
import { printAfterColon } from './print.ts';
import { isSeen, printFlowText, quoteText } from './scalar.ts';
import type { Splices } from './splice.ts';

/** Puts a new value in place of a scalar in block style and keeps its quotes, or the shape of its block. */
export function restyle(splices: Splices, old: Scalar, value: JsonValue, pad: string): void {
  const [start, end] = old.range as [number, number, number];
  const source = splices.text.slice(start, end);
  if (old.type === 'BLOCK_LITERAL' || old.type === 'BLOCK_FOLDED') {
    replaceBlock(splices, start, source, value, pad);
  } else splices.replace(start, end, quotedLike(old, value) ?? print(value, pad));
}

/**
 * The header of a block may carry a comment, and the blank lines behind a block belong to nobody;
 * both stay. A new block is indented like the old one.
 */
function replaceBlock(
  splices: Splices,
  start: number,
  source: string,
  value: JsonValue,
  pad: string,
): void {
  const header = /^[|>][-+0-9]*/.exec(source)?.[0] ?? '';
  const headerEnd = splices.lineEnd(start);
  const inner = /\n( +)\S/.exec(source)?.[1] ?? '';
  const usual = print(value, pad);
  const likeOld = print(value, inner.slice(2));
  const printed = inner.length > pad.length && /^\|[-+]?\n/.test(likeOld) ? likeOld : usual;
  const feed = printed.indexOf('\n');
  const body = feed === -1 ? '' : printed.slice(feed);
  splices.replace(start, start + header.length, feed === -1 ? printed : printed.slice(0, feed));
  splices.replace(headerEnd, Math.max(headerEnd, start + source.trimEnd().length), body);
}

/** A text on one line in the quotes that the old scalar has; undefined where it has none or they cannot hold it. */
export function quotedLike(old: Scalar, value: JsonValue): string | undefined {
  if (typeof value !== 'string' || value.includes('\n')) return undefined;
  if (old.type === 'QUOTE_DOUBLE') return quoteText(value);
  if (old.type !== 'QUOTE_SINGLE' || !isSeen(value)) return undefined;
  return `'${value.replaceAll("'", "''")}'`;
}

function print(value: JsonValue, pad: string): string {
  return printAfterColon(value, pad).slice(1, -1);
}

/** A value as it stands inside `[]` and `{}`, on one line. */
export function printFlow(value: JsonValue, json: boolean): string {
  if (typeof value === 'string') return json ? quoteText(value) : printFlowText(value);
  if (Array.isArray(value)) return `[${value.map((it) => printFlow(it, json)).join(', ')}]`;
  if (!isObject(value)) return print(value, '');
  const entries = Object.entries(value as Record<string, JsonValue>);
  const members = entries.map(([key, it]) => `${printFlow(key, json)}: ${printFlow(it, json)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
