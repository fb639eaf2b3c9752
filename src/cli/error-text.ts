import type { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted, escapeUntrustedLines } from '../lib/terminal.ts';

/** An error as a person reads it: what, where, and what to do next. The cause is for `--log-level debug` alone. */
export function errorText(error: PlumblineError, options: { readonly debug: boolean }): string {
  const { place } = error;
  const at =
    place === undefined
      ? ''
      : `${escapeUntrusted([place.file, place.line, place.column].filter((it) => it !== undefined).join(':'))}: `;
  const lines = [`error ${error.code}: ${at}${escapeUntrustedLines(error.message)}`];
  if (error.hint !== undefined) lines.push(`  hint: ${escapeUntrustedLines(error.hint)}`);
  if (options.debug && error.cause instanceof Error)
    lines.push(`  cause: ${escapeUntrustedLines(error.cause.stack ?? error.cause.message)}`);
  return `${lines.join('\n')}\n`;
}
