import { type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { problemLines } from '../plan/render.ts';
import type { Terminal } from './invocation.ts';
import { paletteFor, paperWidth } from './palette.ts';

/** Problems of files as a report shows them, outside a report. */
export function problemsText(
  problems: readonly Diagnostic[],
  terminal: Pick<Terminal, 'colour' | 'width'>,
): string {
  const style = { palette: paletteFor(terminal), width: terminal.width ?? paperWidth };
  return sortDiagnostics(problems)
    .map((problem) => `${problemLines(problem, style).join('\n')}\n\n`)
    .join('');
}

/** The same for standard error, which may be a file while results go to the screen. */
export function problemsOnErr(problems: readonly Diagnostic[], terminal: Terminal): string {
  const { colour, watched, width } = terminal;
  return problemsText(problems, { colour: colour && watched, width });
}
