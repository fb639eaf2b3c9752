import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/*
 * What the long suites reached, counted where it happens: one line a try in the file that
 * `npm run test:faults` names, so that tests in several processes can add to it.
 */

const file = process.env['TEST_FIGURES'] ?? '';

/** One try of a kind, and whether something was lost, duplicated or half applied by it. */
export function count(kind: string, bad: boolean): void {
  if (file !== '') appendFileSync(file, `${JSON.stringify({ kind, bad })}\n`);
}

/** How many tries of each kind there were, and how many were bad. */
export function figuresIn(path: string): Record<string, { tries: number; bad: number }> {
  const figures: Record<string, { tries: number; bad: number }> = {};
  if (!existsSync(path)) return figures;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const { kind, bad } = JSON.parse(line) as { kind: string; bad: boolean };
    const { tries, bad: before } = figures[kind] ?? { tries: 0, bad: 0 };
    figures[kind] = { tries: tries + 1, bad: before + (bad ? 1 : 0) };
  }
  return figures;
}
