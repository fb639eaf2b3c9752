/** Colours a piece of text for a terminal, or leaves it as it is. */
export type Paint = (text: string) => string;

/** The colours of a report; the caller decides what they are, so that this room knows no terminal. */
export interface Palette {
  readonly added: Paint;
  readonly removed: Paint;
  readonly changed: Paint;
  readonly held: Paint;
  readonly quiet: Paint;
  readonly strong: Paint;
}

const same: Paint = (text) => text;

export const plain: Palette = {
  added: same,
  removed: same,
  changed: same,
  held: same,
  quiet: same,
  strong: same,
};

/** A stretch of one line, escaped already. Blanks in it are places where the line may break. */
export interface Span {
  readonly text: string;
  readonly paint?: Paint;
}

/**
 * Breaks spans into lines of at most `width` columns, the first after one indent, the others after
 * another. A word that is longer than a line stays whole. Colour is put on after the breaking, so it
 * never counts as width.
 */
export function flow(
  spans: readonly Span[],
  width: number,
  first: string,
  others: string = first,
): string[] {
  const whole = spans.map(({ text }) => text).join('');
  // Most lines fit as they are: a report of ten thousand records has a hundred thousand of them.
  if (first.length + whole.length <= width && !needsCare.test(whole))
    return [first + spans.map(painted).join('')];
  const lines: string[] = [];
  let line = first;
  let used = first.length;
  let empty = true;
  for (const word of words(spans)) {
    const size = word.reduce((sum, { text }) => sum + text.length, 0);
    if (!empty && used + 1 + size > width) {
      lines.push(line.trimEnd());
      line = others;
      used = others.length;
      empty = true;
    }
    line += `${empty ? '' : ' '}${word.map(painted).join('')}`;
    used += size + (empty ? 0 : 1);
    empty = false;
  }
  lines.push(line.trimEnd());
  return lines;
}

/** Blanks that breaking into words would leave out. */
const needsCare = /^ |^$| {2}| $/;

/** A word may be made of pieces in several colours. */
function words(spans: readonly Span[]): Span[][] {
  const all: Span[][] = [[]];
  for (const { text, paint } of spans) {
    for (const [index, piece] of text.split(' ').entries()) {
      if (index > 0) all.push([]);
      if (piece !== '')
        all.at(-1)?.push(paint === undefined ? { text: piece } : { text: piece, paint });
    }
  }
  return all;
}

function painted({ text, paint }: Span): string {
  return paint === undefined ? text : paint(text);
}
