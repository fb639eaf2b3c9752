/**
 * Text as a YAML scalar that every reader takes for the same text: readers of YAML 1.2 and of 1.1,
 * which see numbers, dates and booleans in more places. A plain scalar is therefore an exception
 * that a text must earn; whatever is in doubt is quoted. Nothing is ever folded, because readers
 * disagree about folding.
 */

/**
 * Characters that stand in no manifest as themselves: controls, line breaks that only some readers
 * know, marks that cannot be seen or that reverse the reading order, and halves of characters.
 */
const unseen =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e' +
  '\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\\p{Surrogate}';
const escaped = new RegExp(`[${unseen}]`, 'gu');
const unseenAnywhere = new RegExp(`[${unseen}]`, 'u');

const asciiPlain = /^[A-Za-z_/(][ -~]*$/;
const widePlain = new RegExp(`^[\\p{L}_/(][^\\t\\n${unseen}]*$`, 'u');
/** Two dots keep a text of digits from being a number or a date to anybody. */
const version = /^\d+\.\d+\.\d+[\w.+-]*$/;
/**
 * A text that starts like words may still be a key, a comment, a trimmed blank, a boolean, a null or, as
 * `e3`, a number.
 */
const notPlain = /:(?: |$)| #|\s$|^(?:y|n|yes|no|on|off|true|false|null|e[-+]?\d+)$/i;

/** True when every character can stand as itself; tabs and line feeds count as seen. */
export function isSeen(text: string): boolean {
  return !unseenAnywhere.test(text);
}

/** One line: plain where that is beyond doubt, else in double quotes. */
export function printText(text: string): string {
  if (asciiPlain.test(text) || widePlain.test(text))
    return notPlain.test(text) ? quoteText(text) : text;
  return version.test(text) ? text : quoteText(text);
}

/** One line in double quotes; what comes out is a JSON string too. */
export function quoteText(text: string): string {
  return JSON.stringify(text).replace(
    escaped,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line that also holds inside `[]` and `{}`, where commas and brackets end a plain scalar. */
export function printFlowText(text: string): string {
  return /[,[\]{}:]/.test(text) ? quoteText(text) : printText(text);
}

/**
 * A literal block can hold a text of several lines exactly, unless a character would have to be
 * escaped, there is nothing to see in it, or it ends in blanks, which readers count differently.
 */
function fitsBlock(text: string): boolean {
  const end = text.trimEnd().length;
  return end > 0 && isSeen(text) && !/\n[^\n]/.test(text.slice(end));
}

/**
 * A string, the lines after the first indented by two more than `pad`, the indentation of the map or
 * list that holds it. Without the final line feed.
 */
export function printString(text: string, pad: string): string {
  if (!text.includes('\n')) return printText(text);
  if (!fitsBlock(text)) return quoteText(text);
  const indent = /^\n*[ \t]/.test(text) ? '2' : '';
  const chomp = text.endsWith('\n') ? (text.endsWith('\n\n') ? '+' : '') : '-';
  const body = chomp === '-' ? text : text.slice(0, -1);
  return `|${indent}${chomp}\n${body.replace(/^(?=[^\n])/gm, `${pad}  `)}`;
}

/** A number as all readers take it: YAML 1.1 wants a dot before an exponent. */
export function printNumber(value: number): string {
  const text = JSON.stringify(value);
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}
