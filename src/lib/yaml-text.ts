import type { Diagnostic } from './diagnostic.ts';
import type { ErrorCode } from './errors.ts';
import { escapeUntrusted } from './terminal.ts';
import { codeFrame } from './yaml-frame.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong at an offset of a text. */
export interface Fault {
  readonly code: ErrorCode;
  readonly offset: number;
  /** Characters that the caret underlines; 1 when absent. */
  readonly length?: number;
  readonly message: string;
  readonly hint: string;
}

/** The text of a file, with the places of its lines. A byte order mark at its start is no part of it. */
export class YamlText {
  readonly file: string;
  readonly text: string;
  #starts: number[] | undefined;
  /** The last column that was counted, so that a file of one long line is not counted from its start each time. */
  #counted = { line: 0, offset: 0, column: 1 };

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** Line and column of an offset, both from 1; a character beyond U+FFFF is one column. */
  position(offset: number): Position {
    const line = this.lineOf(offset);
    const known = this.#counted;
    const from =
      known.line === line && known.offset <= offset
        ? known
        : { offset: this.#lineStarts()[line - 1] as number, column: 1 };
    const column = from.column + characters(this.text.slice(from.offset, offset));
    this.#counted = { line, offset, column };
    return { line, column };
  }

  /** The number of the line that an offset is in, from 1. */
  lineOf(offset: number): number {
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** Without its line end; empty where there is no such line. */
  line(number: number): string {
    const starts = this.#lineStarts();
    const start = starts[number - 1];
    if (start === undefined) return '';
    const end = starts[number] === undefined ? this.text.length : starts[number] - 1;
    return this.text.slice(start, this.text[end - 1] === '\r' ? end - 1 : end);
  }

  /** The excerpt that shows a place to a person: the line, the one before it, and a caret. */
  frame(line: number, column: number, length = 1): string {
    return codeFrame((number) => this.line(number), line, column, length);
  }

  problem({ code, offset, length, message, hint }: Fault): Diagnostic {
    const { line, column } = this.position(offset);
    return {
      severity: 'error',
      code,
      file: this.file,
      line,
      column,
      message,
      hint,
      frame: this.frame(line, column, length),
    };
  }

  #lineStarts(): readonly number[] {
    if (this.#starts === undefined) {
      this.#starts = [0];
      let feed = this.text.indexOf('\n');
      while (feed !== -1) {
        this.#starts.push(feed + 1);
        feed = this.text.indexOf('\n', feed + 1);
      }
    }
    return this.#starts;
  }
}

/** How many characters a text has; a pair of surrogates is one. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Characters that no text file has any use for: controls but tab and line ends, a carriage return
 * that ends no line, and a byte order mark anywhere but at the start.
 */
const unwanted =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff]|\r(?!\n)/;

/** The text of a file, or what keeps it from being one. Only sound UTF-8 without control characters is text. */
export function decodeText(bytes: Uint8Array, file: string): YamlText | Diagnostic {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) {
    return new YamlText(file, '').problem({
      code: 'MANIFEST_ENCODING',
      offset: 0,
      message: `the file is ${wide}, and only UTF-8 is read`,
      hint: 'save it as UTF-8',
    });
  }
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return notUtf8(bytes, file);
  }
  const page = new YamlText(file, text.startsWith('\ufeff') ? text.slice(1) : text);
  const found = unwanted.exec(page.text);
  return found === null ? page : page.problem(unwantedFault(found[0], found.index));
}

function wideEncoding([first, second]: Uint8Array): string | undefined {
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0 && first !== undefined))
    return 'UTF-16LE';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined))
    return 'UTF-16BE';
  return undefined;
}

/** The first byte that does not come back when what was understood is encoded again is the wrong one. */
function notUtf8(bytes: Uint8Array, file: string): Diagnostic {
  const text = lenient.decode(bytes);
  const again = new TextEncoder().encode(text);
  // A character cut off by the end of the file may begin with just the bytes of its replacement.
  const differs = bytes.findIndex((byte, index) => byte !== again[index]);
  const at = differs === -1 ? bytes.findLastIndex((byte) => byte >= 0xc0) : differs;
  const byte = (bytes[at] as number).toString(16).padStart(2, '0');
  const offset = lenient.decode(bytes.subarray(0, at)).length;
  const mark = text.startsWith('\ufeff') ? 1 : 0;
  return new YamlText(file, text.slice(mark)).problem({
    code: 'MANIFEST_ENCODING',
    offset: offset - mark,
    message: `the byte 0x${byte} is no UTF-8 here`,
    hint: 'save the file as UTF-8; it may be Latin-1, or cut off in the middle of a character',
  });
}

function unwantedFault(character: string, offset: number): Fault {
  const code = 'MANIFEST_ENCODING';
  if (character === '\r') {
    const message = 'a carriage return stands alone here, and only LF and CRLF end a line';
    return { code, offset, message, hint: 'save the file with LF line ends' };
  }
  if (character === '\ufeff') {
    const message = 'a byte order mark stands in the middle of the file';
    return { code, offset, message, hint: 'remove the invisible character U+FEFF' };
  }
  const message = `the control character ${escapeUntrusted(character)} stands here`;
  return { code, offset, message, hint: 'remove it' };
}
