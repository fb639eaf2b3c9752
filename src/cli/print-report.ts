import { hasErrors } from '../lib/diagnostic.ts';
import { digestOf } from '../lib/digest.ts';
import type { PlumblineError } from '../lib/errors.ts';
import type { ChangeResult, Plan } from '../plan/change.ts';
import { planId } from '../plan/plan-id.ts';
import { textParts } from '../plan/render.ts';
import { planReport, type Report, type ReportKind, reportDocument } from '../plan/report.ts';
import { emptySummary } from '../reconcile/outcome.ts';
import { errorText } from './error-text.ts';
import { type Invocation, type Terminal, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { paletteFor, paperWidth } from './palette.ts';

/** A source of which there is nothing to report but why. */
export interface Unread {
  readonly kind: ReportKind;
  readonly source: string;
  readonly error: PlumblineError;
}

/**
 * Prints what became of every source in the format asked for; several share one document where the
 * format has one. A source that could not be read is an error on standard error, and in documents
 * for machines an entry like any other, so that their shape does not depend on failures. In text a
 * heading takes the place of the one that names source and revision.
 */
export async function printReports(
  invocation: Invocation,
  sources: readonly (Report | Unread)[],
  heading?: string,
): Promise<void> {
  const { terminal } = invocation;
  const format = textOption(invocation, 'output') ?? 'text';
  const reports = sources.filter((it) => 'plan' in it);
  if (format === 'json')
    terminal.out(
      jsonDocument(
        reportDocument(
          sources.map(asReport).map(({ plan, kind, results }) => planReport(plan, kind, results)),
        ),
      ),
    );
  else if (format === 'markdown') {
    const { renderMarkdown } = await import('../plan/render-markdown.ts');
    terminal.out(reports.map(renderMarkdown).join('\n'));
  } else if (format === 'junit') {
    const { renderJunit } = await import('../plan/render-junit.ts');
    terminal.out(renderJunit(sources.map(asReport)));
  } else printText(reports, terminal, heading);
  for (const it of sources)
    if ('error' in it)
      terminal.err(`source ${it.source}: ${errorText(it.error, terminal, { causes: false })}`);
}

/** Characters printed at once: enough to make it worth its cost, few enough to hold. */
const printedAtOnce = 65_536;

/** Prints reports for people, one below the other. A heading takes the place of the first line of each. */
export function printText(reports: readonly Report[], terminal: Terminal, heading?: string): void {
  const options = { width: terminal.width ?? paperWidth, palette: paletteFor(terminal) };
  let text = '';
  for (const [index, report] of reports.entries()) {
    if (index > 0) text += '\n';
    let first = heading;
    for (const part of textParts(report, options)) {
      text += first === undefined ? part : headed(part, first);
      first = undefined;
      if (text.length < printedAtOnce) continue;
      terminal.out(text);
      text = '';
    }
  }
  terminal.out(text);
}

function headed(part: string, heading: string): string {
  const end = part.indexOf('\n');
  return end < 0 ? heading : `${heading}${part.slice(end)}`;
}

/** An unread source as a report: nothing planned, nothing changed, and the error as its one problem. */
function asReport(it: Report | Unread): Report {
  if ('plan' in it) return it;
  const { kind, source, error } = it;
  const { code, message, hint, place } = error;
  const basis = digestOf([source, code, message]);
  const plan: Plan = {
    source,
    revision: '',
    id: planId(basis, []),
    basis,
    summary: emptySummary,
    changes: [],
    problems: [
      {
        severity: 'error',
        code,
        file: '',
        message,
        ...place,
        ...(hint === undefined ? {} : { hint }),
      },
    ],
    left: 0,
    bookkeeping: [],
  };
  return { kind, plan };
}

/** 1 for any error, 2 for differences, 0 for none. */
export function planExit(sources: readonly (Report | Unread)[]): number {
  if (sources.some((it) => 'error' in it || hasErrors(it.plan.problems))) return 1;
  return sources.some((it) => 'plan' in it && it.plan.changes.length > 0) ? 2 : 0;
}

/**
 * 1 when something failed, is blocked or is invalid, 3 when the only thing left is held or suspended, 0
 * otherwise.
 */
export function syncExit(plan: Plan, results: readonly ChangeResult[]): number {
  const has = (outcome: ChangeResult['outcome']) => results.some((it) => it.outcome === outcome);
  if (hasErrors(plan.problems) || has('failed') || has('skipped')) return 1;
  return has('held') || plan.suspended !== undefined ? 3 : 0;
}
