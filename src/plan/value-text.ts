import { canonicalJson } from '../lib/digest.ts';
import type { JsonValue } from '../lib/json.ts';
import { escapeUntrusted } from '../lib/terminal.ts';

/** Characters of one value that a report shows; the JSON report has all of it. */
const most = 240;

/** A value on one line, escaped. A text that could pass for something else stands in quotes. */
export function valueText(value: JsonValue): string {
  if (value === null) return '(none)';
  if (typeof value !== 'string')
    return escapeUntrusted(clipped(typeof value === 'object' ? canonicalJson(value) : `${value}`));
  const bare = value.trim() === value && !/^$|^["[{(]|^(true|false|null|[-+.\d]+)$/.test(value);
  return escapeUntrusted(clipped(bare ? value : JSON.stringify(value)));
}

/** One running text: line breaks and runs of blanks are one blank. */
export function folded(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The beginning of a running text, and how much more there is. */
export function excerpt(text: string): string {
  const all = folded(text);
  const start = clipped(all);
  return start === all
    ? escapeUntrusted(all)
    : `${escapeUntrusted(start)} (${wordCount(all)} words)`;
}

export function wordCount(text: string): number {
  const all = folded(text);
  return all === '' ? 0 : all.split(' ').length;
}

/** The beginning of a text that is longer than it may be, never ending within a character. */
export function clipped(text: string, limit: number = most): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit).replace(/[\ud800-\udbff]$/, '')}…`;
}
