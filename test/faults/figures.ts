import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/*
 * What the long suites reached, counted where it happens: one line a try in the file that
 * `npm run test:faults` names, so that tests in several processes can add to it.
 */

const file = process.env['TEST_FIGURES'] ?? '';

/** One try of a kind, or some, and whether something was lost, duplicated or half applied by it. */
export function count(kind: string, bad: boolean, tries = 1): void {
  if (file !== '') appendFileSync(file, `${JSON.stringify({ kind, bad, tries })}\n`);
}

/** How many tries of each kind there were, and how many were bad. */
export function figuresIn(path: string): Record<string, { tries: number; bad: number }> {
  const figures: Record<string, { tries: number; bad: number }> = {};
  if (!existsSync(path)) return figures;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const it = JSON.parse(line) as { kind: string; bad: boolean; tries: number };
    const { tries, bad } = figures[it.kind] ?? { tries: 0, bad: 0 };
    figures[it.kind] = { tries: tries + it.tries, bad: bad + (it.bad ? 1 : 0) };
  }
  return figures;
}
