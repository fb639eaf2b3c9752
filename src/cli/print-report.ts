import { hasErrors } from '../lib/diagnostic.ts';
import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import type { ChangeResult, Plan } from '../plan/change.ts';
import { renderText } from '../plan/render.ts';
import { planReport, type Report, reportDocument } from '../plan/report.ts';
import type { RunResult } from '../reconcile/outcome.ts';
import { errorText } from './error-text.ts';
import { type Invocation, type Terminal, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { paletteFor, paperWidth } from './palette.ts';

/** Prints reports in the format asked for; several sources share one document where the format has one. */
export async function printReports(
  invocation: Invocation,
  reports: readonly Report[],
): Promise<void> {
  const { terminal } = invocation;
  const format = textOption(invocation, 'output') ?? 'text';
  if (format === 'json')
    terminal.out(
      jsonDocument(
        reportDocument(reports.map(({ plan, kind, results }) => planReport(plan, kind, results))),
      ),
    );
  else if (format === 'markdown') {
    const { renderMarkdown } = await import('../plan/render-markdown.ts');
    terminal.out(reports.map(renderMarkdown).join('\n'));
  } else if (format === 'junit') {
    const { renderJunit } = await import('../plan/render-junit.ts');
    terminal.out(renderJunit(reports));
  } else terminal.out(reports.map((report) => reportText(report, terminal)).join('\n'));
}

export function reportText(report: Report, terminal: Terminal): string {
  return renderText(report, { width: terminal.width ?? paperWidth, palette: paletteFor(terminal) });
}

/** 1 for any error, 2 for differences, 0 for none. */
export function planExit(plans: readonly Plan[]): number {
  if (plans.some((plan) => hasErrors(plan.problems))) return 1;
  return plans.some((plan) => plan.changes.length > 0) ? 2 : 0;
}

/** 1 when something failed, is blocked or is invalid, 3 when the only thing left is held, 0 otherwise. */
export function syncExit(plan: Plan, results: readonly ChangeResult[]): number {
  const has = (outcome: ChangeResult['outcome']) => results.some((it) => it.outcome === outcome);
  if (hasErrors(plan.problems) || has('failed') || has('skipped')) return 1;
  return has('held') ? 3 : 0;
}

/** Prints the runs of a sync and gives its exit status: the worst of all. A source that could not be read is told as an error. */
export async function printRuns(
  invocation: Invocation,
  results: readonly RunResult[],
): Promise<number> {
  const { terminal } = invocation;
  await printReports(
    invocation,
    results.flatMap(({ plan, outcomes }) =>
      plan === undefined ? [] : [{ kind: 'SyncReport', plan, results: outcomes }],
    ),
  );
  let exit = 0;
  for (const result of results) {
    if (result.error !== undefined) terminal.err(sourceError(result.source, result.error));
    const status = runExit(result);
    if (status === 1 || exit === 0) exit = status;
  }
  return exit;
}

function runExit(result: RunResult): number {
  if (result.error !== undefined || result.outcome === 'retrying') return 1;
  return result.plan === undefined ? 1 : syncExit(result.plan, result.outcomes);
}

function sourceError(source: string, error: unknown): string {
  const ours: PlumblineError = asPlumblineError(error);
  return `source ${source}: ${errorText(ours, { debug: false })}`;
}
