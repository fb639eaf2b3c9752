import { placeOf } from '../lib/diagnostic.ts';
import type { PlumblineError } from '../lib/errors.ts';
import { escapeUntrustedLines } from '../lib/terminal.ts';
import type { Terminal } from './invocation.ts';
import { problemsOnErr } from './problems-text.ts';

/**
 * An error as a person reads it: what, where, and what to do next. One that stands for problems of
 * files is told by all of them. The cause is for `--log-level debug` alone.
 */
export function errorText(
  error: PlumblineError,
  terminal: Terminal,
  options: { readonly causes: boolean },
): string {
  const { place, hint, problems, cause } = error;
  const at = place === undefined ? '' : `${placeOf(place)}: `;
  const lines =
    problems.length > 0 ? [] : [`error ${error.code}: ${at}${escapeUntrustedLines(error.message)}`];
  if (hint !== undefined && !problems.some((it) => it.hint === hint))
    lines.push(`  hint: ${escapeUntrustedLines(hint)}`);
  if (options.causes && cause instanceof Error)
    lines.push(`  cause: ${escapeUntrustedLines(cause.stack ?? cause.message)}`);
  return problemsOnErr(problems, terminal) + lines.map((line) => `${line}\n`).join('');
}
