import { mask } from './secret.ts';
import { escapeUntrusted } from './terminal.ts';

/** Columns of a line that an excerpt shows. */
const width = 80;

/** Characters of a line beyond which nothing of it is shown: it was written by no person, for none. */
const longest = 2000;

/** The last word of keys whose values are nobody's business. */
const secretWord =
  '(?:pass(?:word|wd|phrase)s?|secrets?|token|credentials?|private[-_ ]?key|api[-_ ]?key|value)';
const secretKey = new RegExp(`${secretWord}$`, 'i');
/** A key of that sort and what follows it on its line. */
const secretPair = new RegExp(`(${secretWord}["']?\\s*[:=]\\s*)\\S.*$`, 'i');
/** A line whose value comes on the next lines. */
const secretOpens = new RegExp(`${secretWord}["']?\\s*:(?:\\s+[|>&!"'{[].*|\\s*)$`, 'i');
/** Long runs of letters and digits are what keys and tokens look like; prose and names have none. */
const tokenRun = /[A-Za-z0-9+=_-]{20,}/g;
const signInPart = /:\/\/[^/\s@]+@/g;

/** True for the last step of a path, such as `apiKey`, whose value must not be shown. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key);
}

/** True for a text that looks like a token, or an address with a password, whatever its key. */
export function looksSecret(text: string): boolean {
  const start = text.slice(0, longest);
  return start.match(signInPart) !== null || (start.match(tokenRun) ?? []).some(isMixed);
}

/** Words and numbers joined by hyphens are a name; letters and digits mixed within a long word are not. */
function isMixed(run: string): boolean {
  return run.split(/[+=_-]/).some((it) => it.length >= 8 && /\d/.test(it) && /[A-Za-z]/.test(it));
}

/**
 * Two lines of a file with a caret under the place, for people. Nothing that may be a secret is in
 * it: such values are masked by their key, by the key of a line above, or by what they look like.
 */
export function codeFrame(
  lineAt: (number: number) => string,
  line: number,
  column: number,
  length: number,
): string {
  const gutter = String(line).length;
  const row = (number: number, text: string) => `  ${String(number).padStart(gutter)} | ${text}`;
  const shown = cut(hideSecrets(lineAt, line, column));
  const caret = '^'.repeat(Math.max(1, Math.min(length, shown.room)));
  const before = line > 1 ? cut(hideSecrets(lineAt, line - 1, 1)).text : '';
  return [
    ...(before.trim() === '' ? [] : [row(line - 1, before)]),
    row(line, shown.text),
    `  ${' '.repeat(gutter)} | ${' '.repeat(shown.before)}${caret}`,
  ].join('\n');
}

interface Marked {
  readonly text: string;
  /** Index of the character that the caret is under. */
  readonly caret: number;
}

function hideSecrets(lineAt: (number: number) => string, number: number, column: number): Marked {
  const text = lineAt(number);
  if (text.length > longest) return { text: `(a line of ${text.length} characters)`, caret: 0 };
  const caret = [...text].slice(0, column - 1).join('').length;
  if (text.trim() !== '' && belongsToSecret(lineAt, number)) {
    const indent = indentOf(text);
    return { text: text.slice(0, indent) + mask, caret: Math.min(caret, indent) };
  }
  let out = '';
  let done = 0;
  let at: number | undefined;
  for (const [start, end] of hiddenParts(text)) {
    if (at === undefined && caret < end) at = out.length + Math.min(caret, start) - done;
    out += text.slice(done, start) + mask;
    done = end;
  }
  return { text: out + text.slice(done), caret: at ?? out.length + caret - done };
}

/** Where a line holds what must not be shown: from, to; in order and apart from each other. */
function hiddenParts(text: string): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  const pair = secretPair.exec(text);
  if (pair !== null) found.push([pair.index + (pair[1]?.length ?? 0), text.length]);
  for (const { 0: part, index } of text.matchAll(signInPart)) {
    found.push([index + '://'.length, index + part.length - 1]);
  }
  for (const { 0: run, index } of text.matchAll(tokenRun)) {
    if (isMixed(run)) found.push([index, index + run.length]);
  }
  found.sort(([a], [b]) => a - b);
  return found.filter(([start], index) => found.slice(0, index).every(([, end]) => end <= start));
}

/** Looks upwards through the lines that this one is indented under, for a key that names a secret. */
function belongsToSecret(lineAt: (number: number) => string, number: number): boolean {
  let indent = indentOf(lineAt(number));
  for (let above = number - 1; above > 0; above -= 1) {
    const line = lineAt(above);
    if (line.trim() === '') continue;
    const depth = indentOf(line);
    if (depth >= indent) continue;
    if (secretOpens.test(line)) return true;
    if (depth === 0) return false;
    indent = depth;
  }
  return false;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The part of a line around its caret, escaped, and the columns before the caret and from it on. */
function cut({ text, caret }: Marked): { text: string; before: number; room: number } {
  const all = [...text];
  const at = [...text.slice(0, caret)].length;
  const start = all.length <= width || at < width - 20 ? 0 : at - width / 2;
  const end = start + width;
  const head = `${start > 0 ? '…' : ''}${escapeUntrusted(all.slice(start, at).join(''))}`;
  const tail = escapeUntrusted(all.slice(at, end).join(''));
  const more = end < all.length ? '…' : '';
  return { text: `${head}${tail}${more}`, before: [...head].length, room: [...tail].length };
}
