import { type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { problemLines } from '../plan/render.ts';
import type { Terminal } from './invocation.ts';
import { paletteFor, paperWidth } from './palette.ts';

/** Problems of files as a report shows them, outside a report. */
export function problemsText(problems: readonly Diagnostic[], terminal: Terminal): string {
  const style = {
    palette: paletteFor(terminal),
    width: terminal.width ?? paperWidth,
    indent: '    ',
    causes: true,
  };
  return sortDiagnostics(problems)
    .map((problem) => `${problemLines(problem, style).join('\n')}\n\n`)
    .join('');
}
