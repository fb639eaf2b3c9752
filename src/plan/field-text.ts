import { canonicalJson } from '../lib/digest.ts';
import { isObject, type JsonValue } from '../lib/json.ts';
import { onDemand } from '../lib/on-demand.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { FieldChange } from './change.ts';
import { flow, type Palette, type Span } from './flow.ts';
import { clipped, excerpt, folded, valueText, wordCount } from './value-text.ts';

const differences = onDemand<typeof import('diff')>('diff');

export interface FieldStyle {
  readonly palette: Palette;
  /** Columns of a line. */
  readonly width: number;
  readonly indent: string;
  /** In a report where every change is drift, it goes without saying. */
  readonly causes: boolean;
  /** Of a record that is to be created it goes without saying that it held nothing before. */
  readonly isNew?: boolean;
}

/** A text of more characters than this, or of several lines, is compared word by word. */
const longText = 60;
/** Words of unchanged text around a change. */
const context = 4;
/** Texts that differ in more words than this are told by their length, so that a hostile pair costs little. */
const mostEdits = 2000;
/** Characters shown of one stretch of changed text. */
const longestChange = 2000;

/**
 * A field that differs, as lines: what it held and what it would hold, with its stake and cause where they
 * are not obvious.
 */
export function fieldLines(change: FieldChange, style: FieldStyle): string[] {
  const { palette, width, indent } = style;
  const spans = [{ text: `${change.path}: ` }, ...valueSpans(change, style)];
  const note = noteOf(change, style.causes);
  if (note !== '') spans.push({ text: ` ${note}`, paint: palette.quiet });
  return flow(spans, width, indent, `${indent}  `);
}

function noteOf({ class: risk, cause }: FieldChange, causes: boolean): string {
  const words = [];
  if (risk === 'exposure' || risk === 'capability' || risk === 'cost') words.push(risk);
  if (causes && cause === 'drift') words.push('drift');
  if (causes && cause === 'both') words.push('changed in the source and by hand');
  return words.length === 0 ? '' : `[${words.join(', ')}]`;
}

function valueSpans({ from, to }: FieldChange, { palette, isNew }: FieldStyle): Span[] {
  const texts = isText(from) && isText(to);
  if (texts && (isLong(from) || isLong(to))) return textSpans(from, to, palette);
  if (isList(from) && isList(to)) return listSpans(from ?? [], to ?? [], palette);
  if (isObject(from) && isObject(to)) return mapSpans(from, to, palette);
  if (isNew === true) return [{ text: valueText(to), paint: palette.added }];
  return [
    { text: valueText(from), paint: palette.removed },
    { text: ' → ' },
    { text: valueText(to), paint: palette.added },
  ];
}

function isText(value: JsonValue): value is string | null {
  return value === null || typeof value === 'string';
}

function isLong(value: string | null): boolean {
  return value !== null && (value.length > longText || value.includes('\n'));
}

function isList(value: JsonValue): value is readonly JsonValue[] | null {
  return value === null || Array.isArray(value);
}

function textSpans(from: string | null, to: string | null, palette: Palette): Span[] {
  if (to === null)
    return [{ text: `${wordCount(from ?? '')} words → (none)`, paint: palette.removed }];
  if (from === null) return [{ text: excerpt(to), paint: palette.added }];
  const before = folded(from);
  const after = folded(to);
  if (before === after)
    return [{ text: '(only line breaks and blanks differ)', paint: palette.quiet }];
  const parts = differences().diffWords(before, after, { maxEditLength: mostEdits });
  if (parts === undefined)
    return [{ text: `rewritten, ${wordCount(before)} words → ${wordCount(after)} words` }];
  return parts.flatMap((part, index): Span[] => {
    const [head, inner, tail] = trimmed(part.value);
    const text = escapeUntrusted(clipped(inner, longestChange));
    if (part.removed)
      return [{ text: head }, { text: `[-${text}-]`, paint: palette.removed }, { text: tail }];
    if (part.added)
      return [{ text: head }, { text: `{+${text}+}`, paint: palette.added }, { text: tail }];
    return [{ text: escapeUntrusted(nearby(part.value, index > 0, index < parts.length - 1)) }];
  });
}

/** A text without the blanks around it, and the blanks. */
function trimmed(text: string): [string, string, string] {
  const inner = text.trim();
  const start = text.indexOf(inner);
  return [text.slice(0, start), inner, text.slice(start + inner.length)];
}

/** Of unchanged text, the few words next to a change. */
function nearby(text: string, afterChange: boolean, beforeChange: boolean): string {
  const words = text.split(' ');
  const head = afterChange ? words.slice(0, context + 1) : [];
  const tail = beforeChange ? words.slice(-context - 1) : [];
  if (head.length + tail.length >= words.length) return text;
  return [...head, '…', ...tail].join(' ');
}

function listSpans(from: readonly JsonValue[], to: readonly JsonValue[], palette: Palette): Span[] {
  const removed = without(from, to);
  const added = without(to, from);
  if (removed.length === 0 && added.length === 0)
    return [{ text: `(same items in another order) ${to.map(valueText).join(', ')}` }];
  return commaSeparated([
    ...removed.map((item) => ({ text: `- ${valueText(item)}`, paint: palette.removed })),
    ...added.map((item) => ({ text: `+ ${valueText(item)}`, paint: palette.added })),
  ]);
}

/** The items of a list that another does not have, each as often as it is missing there. */
function without(items: readonly JsonValue[], others: readonly JsonValue[]): JsonValue[] {
  // Of what is new or gone the other list is empty, and a report may have ten thousand of those.
  if (items.length === 0 || others.length === 0) return [...items];
  const counts = new Map<string, number>();
  for (const other of others.map((it) => canonicalJson(it)))
    counts.set(other, (counts.get(other) ?? 0) + 1);
  return items.filter((item) => {
    const text = canonicalJson(item);
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

function mapSpans(
  from: Record<string, unknown>,
  to: Record<string, unknown>,
  palette: Palette,
): Span[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  const parts = keys.flatMap((key): Span[] => {
    const before = (Object.hasOwn(from, key) ? from[key] : undefined) as JsonValue | undefined;
    const after = (Object.hasOwn(to, key) ? to[key] : undefined) as JsonValue | undefined;
    if (
      before !== undefined &&
      after !== undefined &&
      canonicalJson(before) === canonicalJson(after)
    )
      return [];
    const name = valueText(key);
    if (after === undefined) return [{ text: `- ${name}`, paint: palette.removed }];
    if (before === undefined)
      return [{ text: `+ ${name}: ${valueText(after)}`, paint: palette.added }];
    return [
      { text: `~ ${name}: ${valueText(before)} → ${valueText(after)}`, paint: palette.changed },
    ];
  });
  return commaSeparated(parts);
}

function commaSeparated(spans: readonly Span[]): Span[] {
  return spans.flatMap((span, index) => (index === 0 ? [span] : [{ text: ', ' }, span]));
}
