import type picocolors from 'picocolors';
import { onDemand } from '../lib/on-demand.ts';
import type { Palette } from '../plan/flow.ts';
import type { Terminal } from './invocation.ts';

/** Columns of a report that goes to a file or a pipe. */
export const paperWidth = 100;

const library = onDemand<typeof picocolors>('picocolors');

/** The palette of reports; plain text where the output is no terminal. */
export function paletteFor(terminal: Pick<Terminal, 'colour'>): Palette {
  const colours = library().createColors(terminal.colour);
  return {
    added: colours.green,
    removed: colours.red,
    changed: colours.yellow,
    held: colours.magenta,
    quiet: colours.dim,
    strong: colours.bold,
  };
}
