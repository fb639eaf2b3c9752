import picocolors from 'picocolors';
import type { Palette } from '../plan/flow.ts';
import type { Terminal } from './invocation.ts';

/** Columns of a report that goes to a file or a pipe. */
export const paperWidth = 100;

/** The palette of reports; plain text where the output is no terminal. */
export function paletteFor(terminal: Pick<Terminal, 'colour'>): Palette {
  const colours = picocolors.createColors(terminal.colour);
  return {
    added: colours.green,
    removed: colours.red,
    changed: colours.yellow,
    held: colours.magenta,
    quiet: colours.dim,
    strong: colours.bold,
  };
}
