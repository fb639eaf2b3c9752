import { parseDuration } from '../config/duration.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { HistoryFilter } from '../store/journal.ts';
import { countOption, type Invocation, textOption } from './invocation.ts';
import { kindNamed } from './kind-named.ts';

/** Which entries of the journal a person wants; times are told from `now`. Throws USAGE. */
export function historyFilter(invocation: Invocation, now: Date): HistoryFilter {
  const word = textOption(invocation, 'kind');
  return {
    run: textOption(invocation, 'run'),
    kind: word === undefined ? undefined : kindNamed(word).name,
    name: textOption(invocation, 'name'),
    source: textOption(invocation, 'source'),
    verb: textOption(invocation, 'verb'),
    outcome: textOption(invocation, 'outcome'),
    actor: textOption(invocation, 'actor'),
    revision: textOption(invocation, 'revision'),
    since: momentOption(invocation, 'since', now),
    until: momentOption(invocation, 'until', now),
    beforeId: countOption(invocation, 'before'),
    limit: countOption(invocation, 'limit'),
  };
}

/** A time in ISO 8601, or how long ago it was. */
function momentOption(invocation: Invocation, name: string, now: Date): string | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const moment = Number.isNaN(ago) ? Date.parse(text) : now.getTime() - ago;
  const date = new Date(moment);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw new PlumblineError('USAGE', `--${name} takes a time in ISO 8601, or how long ago`, {
    hint: `for example: --${name} 2026-11-24T08:00:00Z, or --${name} 2h`,
  });
}
