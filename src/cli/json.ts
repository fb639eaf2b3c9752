/** A JSON document as every command prints it: two blanks of indentation and a line feed at the end. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
