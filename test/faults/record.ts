import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/*
 * What was reached, for readers: the scripts that measure write it here with `--record`, and the table
 * in SECURITY.md is made of it, so that no figure is there that nobody measured.
 */

const file = 'test/faults/reached.json';
const page = 'SECURITY.md';
const [begin, end] = ['<!-- reached: begin -->\n', '<!-- reached: end -->'];

export interface Reached {
  readonly figure: string;
  readonly command: string;
  /** Day of the measurement, ISO 8601. */
  readonly on: string;
}

/** Keeps figures under their titles, in place of earlier ones, and writes the table anew. */
export function record(figures: Readonly<Record<string, Omit<Reached, 'on'>>>): void {
  const on = new Date().toISOString().slice(0, 10);
  const known = readReached();
  for (const [title, figure] of Object.entries(figures)) known[title] = { ...figure, on };
  writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`);
  const text = readFileSync(page, 'utf8');
  const [before = '', rest = ''] = text.split(begin);
  writeFileSync(page, `${before}${begin}${tableOf(known)}${end}${rest.split(end)[1] ?? ''}`);
}

export function readReached(): Record<string, Reached> {
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Reached>)
    : {};
}

/** The table as it stands in SECURITY.md. */
export function tableOf(reached: Readonly<Record<string, Reached>>): string {
  const rows = Object.entries(reached).map(
    ([title, { figure, command, on }]) => `| ${title} | ${figure} | \`${command}\` | ${on} |\n`,
  );
  return `| tried | reached | command | on |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}
