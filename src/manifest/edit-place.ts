import type { Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { isCollection, isMap, isSeq } from '../lib/yaml-library.ts';

/** The text has a shape that cannot be edited in place; nothing is wrong with it otherwise. */
export class CannotEdit extends Error {}

interface Tokens {
  readonly start?: readonly { readonly type: string; readonly offset: number }[];
  readonly sep?: readonly { readonly type: string; readonly offset: number }[];
}

/** Offset just behind the colon of a pair or the dash of an item in block style. */
export function afterMark(holder: YAMLMap | YAMLSeq, at: Pair | number): number {
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
export function startOf(holder: YAMLMap | YAMLSeq, index: number): number {
  const item: unknown = holder.items[index];
  if (isSeq(holder) && holder.flow !== true) return afterMark(holder, index) - 1;
  const node = isMap(holder) ? (item as Pair).key : item;
  const range = (node as Scalar | undefined)?.range;
  if (range === undefined || range === null) throw new CannotEdit();
  return range[0];
}

/** Offset behind the last character of an entry, comments not counted. */
export function endOf(text: string, holder: YAMLMap | YAMLSeq, index: number): number {
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
export function lastOffset(text: string, node: unknown, otherwise: number): number {
  if (isCollection(node) && node.flow !== true && node.items.length > 0)
    return endOf(text, node as YAMLMap | YAMLSeq, node.items.length - 1);
  const range = (node as Scalar | null | undefined)?.range;
  if (range === undefined || range === null || range[0] === range[1]) return otherwise;
  return range[0] + text.slice(range[0], range[1]).trimEnd().length;
}
