/**
 * Text from a watched repository may carry escape sequences that move the cursor, recolour the
 * screen, write the clipboard or reverse the reading order. Everything untrusted passes here before a
 * person sees it: C0 and C1 controls, DEL, bidirectional marks, zero-width characters, line and
 * paragraph separators and lone surrogates become visible escapes. Tab and line feed pass only where
 * the caller asks for lines.
 */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

function visible(character: string): string {
  const code = character.codePointAt(0) as number;
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return code <= 0xff
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line of untrusted text, safe to print. */
export function escapeUntrusted(text: string): string {
  return text.replace(unsafe, visible);
}

/** Untrusted text of several lines, safe to print; line feeds and tabs stay. */
export function escapeUntrustedLines(text: string): string {
  return text.replace(unsafe, (it) => (it === '\n' || it === '\t' ? it : visible(it)));
}

/** A JSON text whose strings hold no character that a terminal would act on; it still parses to the same value. */
export function escapeUntrustedJson(json: string): string {
  return json.replace(unsafe, (it) =>
    it === '\n' ? it : `\\u${(it.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  );
}
