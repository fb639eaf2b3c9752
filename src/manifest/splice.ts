/** A text and the changes to make in it. Offsets are those of the text as it was given. */
export class Splices {
  readonly text: string;
  /** The line ending of the text; what is put in gets the same. */
  readonly #eol: '\n' | '\r\n';
  readonly #list: { readonly start: number; readonly end: number; readonly text: string }[] = [];

  constructor(text: string) {
    this.text = text;
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
  }

  /** Puts lines, written with line feeds, in place of a range; several at one offset stay in order. */
  replace(start: number, end: number, text: string): void {
    this.#list.push({ start, end, text: text.replaceAll('\n', this.#eol) });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Takes out the lines from the one that holds `start` to the one that holds `end`. */
  cutLines(start: number, end: number): void {
    const first = this.lineStart(start);
    const last = this.lineEnd(end);
    if (first > 0) this.replace(this.lineEnd(first - 1), last, '');
    else this.replace(0, this.text.indexOf('\n', last) + 1 || last, '');
  }

  /** Offset of the first character of the line; a byte order mark is no part of it. */
  lineStart(at: number): number {
    const start = this.text.lastIndexOf('\n', at - 1) + 1;
    return start === 0 && this.text.startsWith('\ufeff') ? 1 : start;
  }

  /** Offset of the line ending after `at`, or of the end of the text. */
  lineEnd(at: number): number {
    const feed = this.text.indexOf('\n', at);
    if (feed === -1) return this.text.length;
    return this.text[feed - 1] === '\r' ? feed - 1 : feed;
  }

  /** As many blanks as there are characters before it on its line. */
  padTo(at: number): string {
    return ' '.repeat(at - this.lineStart(at));
  }

  /** True when nothing but blanks stands before it on its line. */
  isFirstOnLine(at: number): boolean {
    return this.text.slice(this.lineStart(at), at).trim() === '';
  }

  /** The text with all changes made; undefined when two of them want the same place. */
  result(): string | undefined {
    const sorted = this.#list
      .map((it, order) => ({ ...it, order }))
      .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    let out = '';
    let at = 0;
    for (const { start, end, text } of sorted) {
      if (start < at) return undefined;
      out += this.text.slice(at, start) + text;
      at = end;
    }
    return out + this.text.slice(at);
  }
}
