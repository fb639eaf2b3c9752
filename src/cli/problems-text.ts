import { type Diagnostic, placeOf } from '../lib/diagnostic.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Terminal } from './invocation.ts';
import { paletteFor } from './palette.ts';

/** Problems as a person reads them: place, what is wrong, the line with a caret, what to do. */
export function problemsText(problems: readonly Diagnostic[], terminal: Terminal): string {
  const { error, warning, place, faint } = paletteFor(terminal);
  return problems
    .map((problem) => {
      const word = problem.severity === 'error' ? error('error') : warning('warning');
      const lines = [
        `${place(placeOf(problem))}: ${word} ${escapeUntrusted(problem.message)} ${faint(`[${problem.code}]`)}`,
      ];
      if (problem.frame !== undefined) lines.push(problem.frame);
      if (problem.hint !== undefined) lines.push(`  hint: ${escapeUntrusted(problem.hint)}`);
      return `${lines.join('\n')}\n`;
    })
    .join('\n');
}
