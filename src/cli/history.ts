import { escapeUntrusted, escapeUntrustedJson } from '../lib/terminal.ts';
import { systemClock } from '../lib/time.ts';
import { shortRevision } from '../plan/wording.ts';
import type { Query } from '../store/database.ts';
import {
  entriesAfter,
  entryJson,
  type HistoryFilter,
  history,
  type JournalRow,
  newestEntryId,
} from '../store/journal.ts';
import { type Assembly, withPorts } from './assemble.ts';
import { historyFilter } from './history-filter.ts';
import { flag, type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { requireKnownSource } from './known-source.ts';
import { tellNoDatabase } from './no-database.ts';
import { table } from './table.ts';

/** How long a follower waits before it asks again, in milliseconds. */
const lookEvery = 500;
const followedAtOnce = 1000;

/** Shows the journal, newest first; with `--follow` oldest first, and then what is written, as it comes. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const filter = historyFilter(invocation, systemClock.now());
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, config } = assembly;
    const { rows, newest } = await ports.database.read(async (query) => {
      await requireKnownSource(config, query, filter.source);
      return { rows: await history(query, filter), newest: await newestEntryId(query) };
    });
    tellNoDatabase(assembly, terminal);
    if (flag(invocation, 'follow') && assembly.hasDatabase)
      return follow(invocation, assembly, filter, { rows: rows.toReversed(), upTo: newest });
    if (textOption(invocation, 'output') === 'json')
      terminal.out(jsonDocument(rows.map(entryJson)));
    else if (rows.length > 0)
      terminal.out(
        table(
          ['ID', 'TIME', 'VERB', 'RESOURCE', 'OUTCOME', 'BY', 'REVISION', 'WHERE', 'WHAT'],
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

/** Entries in the order of their writing, and the id up to which none is missing. */
interface Seen {
  readonly rows: readonly JournalRow[];
  readonly upTo: number;
}

/** Prints the entries found and then every new one, a line each, until the command is told to stop. */
async function follow(
  { terminal, options }: Invocation,
  { ports }: Assembly,
  filter: HistoryFilter,
  found: Seen,
): Promise<number> {
  const line = options['output'] === 'json' ? jsonLine : textLine;
  let seen = found;
  for (;;) {
    for (const row of seen.rows) terminal.out(`${line(row)}\n`);
    const { upTo } = seen;
    if (seen.rows.length < followedAtOnce) await ports.clock.sleep(lookEvery, terminal.signal);
    if (terminal.signal.aborted) return 0;
    seen = await ports.database.read((query) => newSince(query, filter, upTo));
  }
}

async function newSince(query: Query, filter: HistoryFilter, id: number): Promise<Seen> {
  const newest = await newestEntryId(query);
  if (newest === id) return { rows: [], upTo: id };
  const { beforeId: _, ...wanted } = filter;
  const rows = await entriesAfter(query, { ...wanted, limit: followedAtOnce }, id);
  return { rows, upTo: rows.length === followedAtOnce ? (rows.at(-1)?.id ?? newest) : newest };
}

function jsonLine(row: JournalRow): string {
  return escapeUntrustedJson(JSON.stringify(entryJson(row)));
}

function textLine(row: JournalRow): string {
  return cells(row)
    .filter((it) => it !== '')
    .map(escapeUntrusted)
    .join('  ');
}

function cells(row: JournalRow): readonly string[] {
  const place = row.file === null || row.file === '' ? '' : `${row.file}:${row.line ?? 1}`;
  return [
    String(row.id),
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
