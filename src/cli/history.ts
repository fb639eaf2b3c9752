import { PlumblineError } from '../lib/errors.ts';
import { shortRevision } from '../plan/wording.ts';
import { type HistoryFilter, history, type JournalRow } from '../store/journal.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { kindNamed } from './kind-named.ts';
import { requireKnownSource } from './known-source.ts';
import { tellNoDatabase } from './no-database.ts';
import { table } from './table.ts';

/** Shows the journal, newest first. */
export async function run(invocation: Invocation): Promise<number> {
  const filter = filterOf(invocation);
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const rows = await assembly.ports.database.read(async (query) => {
      await requireKnownSource(assembly.config, query, filter.source);
      return history(query, filter);
    });
    tellNoDatabase(assembly, terminal);
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument(rows.map(entryJson)));
    else if (rows.length > 0)
      terminal.out(
        table(
          ['TIME', 'VERB', 'RESOURCE', 'OUTCOME', 'BY', 'REVISION', 'WHERE', 'WHAT'],
          rows.map(cells),
          terminal.width,
        ),
      );
    else if (assembly.hasDatabase) {
      const { limit: _, ...narrowing } = filter;
      const narrowed = Object.values(narrowing).some((it) => it !== undefined);
      terminal.err(narrowed ? 'no entry matches\n' : 'the journal is empty\n');
    }
    return 0;
  });
}

/** Which entries are wanted. Throws USAGE. */
function filterOf(invocation: Invocation): HistoryFilter {
  const word = textOption(invocation, 'kind');
  const limit = Number(textOption(invocation, 'limit'));
  if (!Number.isInteger(limit) || limit < 1)
    throw new PlumblineError('USAGE', '--limit takes a whole number from 1', {
      hint: 'for example: --limit 100',
    });
  const since = textOption(invocation, 'since');
  if (since !== undefined && Number.isNaN(Date.parse(since)))
    throw new PlumblineError('USAGE', '--since takes a time in ISO 8601', {
      hint: 'for example: --since 2026-11-24T08:00:00Z',
    });
  return {
    run: textOption(invocation, 'run'),
    kind: word === undefined ? undefined : kindNamed(word).name,
    name: textOption(invocation, 'name'),
    source: textOption(invocation, 'source'),
    verb: textOption(invocation, 'verb'),
    since: since === undefined ? undefined : new Date(since).toISOString(),
    limit,
  };
}

function cells(row: JournalRow): readonly string[] {
  const place = row.file === null || row.file === '' ? '' : `${row.file}:${row.line ?? 1}`;
  return [
    row.at,
    row.verb,
    row.kind === null ? `source/${row.source ?? ''}` : `${row.kind}/${row.name ?? ''}`,
    row.outcome,
    row.actor,
    shortRevision(row.revision ?? ''),
    place,
    row.message ?? '',
  ];
}

/** One entry with its manifests as values, not as text in text. */
function entryJson(row: JournalRow): Record<string, unknown> {
  const value = (text: string | null) => (text === null ? null : JSON.parse(text));
  return { ...row, before: value(row.before), after: value(row.after) };
}
