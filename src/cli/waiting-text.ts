import { kinds } from '../kinds/kinds.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { kindsOf } from '../manifest/load-references.ts';
import { type Held, shortPlanId } from '../plan/approval.ts';
import type { Suspension } from '../plan/control.ts';
import { moment } from '../plan/hold.ts';
import { suspensionText } from '../plan/suspension.ts';
import { recordKeyOf, suspensionOf } from '../reconcile/control.ts';
import { plural } from '../reconcile/outcome.ts';
import type { Left } from '../reconcile/release.ts';
import type { QuarantinedFile } from '../store/crashes.ts';
import type { SuspensionRow } from '../store/suspensions.ts';

/** A suspension with what it is of: a source, or a record by its name space and name. */
export type ToldSuspension = Suspension &
  ({ readonly source: string } | { readonly space: string; readonly name: string });

export function toldSuspension(row: SuspensionRow): ToldSuspension {
  const key = recordKeyOf(row);
  const of =
    key === undefined ? { source: row.source ?? '' } : { space: key.space, name: key.name };
  return { ...of, ...suspensionOf(row) };
}

/** Changes or files named of one source; `plan` has all of them. */
const mostNamed = 10;

/** What waits, for whom or for what, and what lets it go; empty where nothing does. */
export function waitingText(
  sources: readonly {
    readonly name: string;
    readonly held?: Held;
    readonly quarantined?: readonly Pick<QuarantinedFile, 'path' | 'since'>[];
  }[],
  suspended: readonly ToldSuspension[],
  left: readonly Left[],
): string {
  const lines = sources.flatMap(({ name, held, quarantined = [] }) => [
    ...(held === undefined ? [] : ['', ...heldLines(name, held)]),
    ...(quarantined.length === 0 ? [] : ['', ...quarantineLines(name, quarantined)]),
  ]);
  for (const { name, records } of left)
    lines.push(
      '',
      `${name} is not configured here and owns ${plural(records, 'record')}.`,
      `  If it is gone for good: plumbline release ${name}`,
    );
  if (suspended.length > 0) lines.push('', 'Suspended:', ...suspended.map(suspendedLine));
  return lines.map((line) => `${escapeUntrusted(line)}\n`).join('');
}

function heldLines(source: string, { plan, counts, changes }: Held): string[] {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const named = changes.slice(0, mostNamed);
  // Many changes mostly wait for one reason, which is told once.
  const lines = named.flatMap(({ action, kind, name, reason }, at) => {
    const isSame = reason === named[at - 1]?.reason;
    return [...(isSame ? [] : [`  ${reason}`]), `    ${action} ${kind} ${name}`];
  });
  return [
    `${source} holds ${plural(all, 'change')}:`,
    ...lines,
    ...(all > named.length ? [`    and ${all - named.length} more`] : []),
    ...(plan === undefined ? [] : [`  To let go: plumbline approve ${shortPlanId(plan)}`]),
  ];
}

function quarantineLines(
  source: string,
  files: readonly Pick<QuarantinedFile, 'path' | 'since'>[],
): string[] {
  const named = files.slice(0, mostNamed);
  return [
    `${source} passes over ${plural(files.length, 'file')} until it changes, because looking at it has ended the process twice:`,
    ...named.map(({ path, since }) => `    ${path} since ${moment(since)}`),
    ...(files.length > named.length ? [`    and ${files.length - named.length} more`] : []),
  ];
}

function suspendedLine(it: ToldSuspension): string {
  const what = 'source' in it ? `source ${it.source}` : `${kindsOf(it.space, kinds)} ${it.name}`;
  return `  ${what} ${suspensionText(it)}`;
}
