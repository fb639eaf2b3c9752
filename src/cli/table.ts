import { escapeUntrusted } from '../lib/terminal.ts';

/**
 * A table for people: columns two blanks apart, as wide as their widest cell, the last one cut to the
 * width of the screen. Cells are untrusted and are escaped.
 */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const cells = [titles, ...rows].map((row) => row.map(escapeUntrusted));
  const widths = titles.map((_, column) => {
    let widest = 0;
    for (const row of cells) widest = Math.max(widest, row[column]?.length ?? 0);
    return widest;
  });
  const lines = cells.map((row) => {
    const line = row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
    return line.length > width ? `${line.slice(0, width - 1)}…` : line;
  });
  return `${lines.join('\n')}\n`;
}
