import { escapeUntrusted } from '../lib/terminal.ts';
import type { Terminal } from './invocation.ts';

/** One line about long work, for a person who waits; nothing where nobody watches. */
export function progress(terminal: Terminal, text: string): void {
  if (terminal.watched) terminal.err(`${escapeUntrusted(text)}\n`);
}
