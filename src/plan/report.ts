import { diagnosticJson, sortDiagnostics } from '../lib/diagnostic.ts';
import type { Held } from './approval.ts';
import { type Change, type ChangeResult, type Plan, type Summary, summaryKeys } from './change.ts';

/** What a report tells: what would be done, how the records drifted, or what was done. */
export type ReportKind = 'Plan' | 'DriftReport' | 'SyncReport';

/** A plan with what it is told as; the results of its changes belong to a SyncReport. */
export interface Report {
  readonly kind: ReportKind;
  readonly plan: Plan;
  readonly results?: readonly ChangeResult[];
  /** What still waits once that was done; absent where nothing does. */
  readonly held?: Held | undefined;
}

const apiVersion = 'plumbline.dev/v1';

/**
 * The JSON document of a report. Keys come in a fixed order and absent ones are left out by
 * JSON.stringify, so equal input gives equal bytes.
 */
export function planReport(
  plan: Plan,
  kind: ReportKind,
  results: readonly ChangeResult[] = [],
): Record<string, unknown> {
  const resultOf = new Map(results.map((result) => [result.change, result]));
  return {
    apiVersion,
    kind,
    source: plan.source,
    revision: plan.revision,
    id: plan.id,
    suspended: plan.suspended,
    summary: summaryJson(plan.summary),
    changes: plan.changes.map((change) => ({
      ...changeJson(change),
      ...(kind === 'SyncReport' ? resultJson(resultOf.get(change)) : {}),
    })),
    released: plan.released?.map(({ key, kind, to }) => ({
      kind,
      account: key.account,
      name: key.name,
      to,
    })),
    problems: sortDiagnostics(plan.problems).map(diagnosticJson),
  };
}

/** One source prints its report, several print a list of them. */
export function reportDocument(
  reports: readonly Record<string, unknown>[],
): Record<string, unknown> {
  const [only] = reports;
  return only !== undefined && reports.length === 1
    ? only
    : { apiVersion, kind: 'List', items: reports };
}

function summaryJson(summary: Summary): Record<string, number> {
  return Object.fromEntries(summaryKeys.map((key) => [key, summary[key]]));
}

function changeJson(change: Change): Record<string, unknown> {
  const { action, kind, key, file, line, held, guard, until, reason, fields } = change;
  return {
    action,
    kind,
    account: key.account,
    name: key.name,
    file,
    line,
    held,
    guard,
    until,
    reason,
    fields: fields.map(({ path, from, to, cause, class: risk }) => ({
      path,
      from,
      to,
      cause,
      class: risk,
    })),
  };
}

/** A change without a result was never tried. */
function resultJson(result: ChangeResult | undefined): Record<string, unknown> {
  const error = result?.error;
  return {
    outcome: result?.outcome ?? 'skipped',
    error: error === undefined ? undefined : { code: error.code, message: error.message },
  };
}
