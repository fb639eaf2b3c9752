import { escapeUntrustedJson } from '../lib/terminal.ts';

/** A JSON document as every command prints it: two blanks of indentation, a line feed at the end, safe to print. */
export function jsonDocument(value: unknown): string {
  return `${escapeUntrustedJson(JSON.stringify(value, null, 2))}\n`;
}
