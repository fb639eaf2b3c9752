import { type Diagnostic, placeOf, sortDiagnostics } from '../lib/diagnostic.ts';
import { escapeUntrusted, escapeUntrustedLines } from '../lib/terminal.ts';
import type { Change, ChangeResult } from './change.ts';
import { plain } from './flow.ts';
import { changeTitle, detailLines } from './render.ts';
import type { Report } from './report.ts';
import { resultsOf, sentenceOf, standingOf } from './wording.ts';

interface TestCase {
  readonly group: string;
  readonly name: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** Undefined for one that passes. */
  readonly fault?: {
    readonly element: 'failure' | 'skipped';
    readonly type: string;
    readonly message: string;
    readonly text: string;
  };
}

/**
 * Reports as JUnit XML, a suite a source: every difference and every error is a failing test, what
 * was applied passes. A source without either has one test that passes, because tools take an empty
 * suite for a broken one.
 */
export function renderJunit(reports: readonly Report[]): string {
  const suites = reports.map((report) => ({ name: report.plan.source, cases: casesOf(report) }));
  const all = suites.flatMap((suite) => suite.cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'plumbline', ...counts(all) })}>`,
    ...suites.flatMap(({ name, cases }) => [
      `  <testsuite${attributes({ name, ...counts(cases) })}>`,
      ...cases.flatMap(caseLines),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function casesOf(report: Report): TestCase[] {
  const results = resultsOf(report);
  const cases = [
    ...report.plan.changes.map((change) => changeCase(change, results.get(change), report)),
    ...sortDiagnostics(report.plan.problems).map(problemCase),
  ];
  if (cases.length > 0) return cases;
  return [{ group: 'plan', name: sentenceOf(report), file: undefined, line: undefined }];
}

function changeCase(change: Change, result: ChangeResult | undefined, report: Report): TestCase {
  const { action, kind, file, line } = change;
  const name = changeTitle(change, result);
  const base = { group: kind, name, file, line };
  const standing = standingOf(change, result);
  if (standing === 'applied') return base;
  const style = { palette: plain, width: 120, indent: '', causes: report.kind !== 'DriftReport' };
  return {
    ...base,
    fault: {
      element: standing === 'skipped' ? 'skipped' : 'failure',
      type: standing === 'due' ? action : standing,
      message: result?.error?.message ?? change.reason ?? name,
      text: detailLines(change, result, style).join('\n'),
    },
  };
}

/** A warning is told, and passes. */
function problemCase(problem: Diagnostic): TestCase {
  const { severity, code, message, hint, file, line } = problem;
  const base = { group: severity, name: `${placeOf(problem)} ${message}`, file, line };
  if (severity === 'warning') return base;
  return { ...base, fault: { element: 'failure', type: code, message, text: hint ?? '' } };
}

function caseLines({ group, name, file, line, fault }: TestCase): string[] {
  const open = `    <testcase${attributes({ classname: group, name, file, line })}`;
  if (fault === undefined) return [`${open}/>`];
  const { element, type, message, text } = fault;
  const kind = element === 'skipped' ? { message } : { type, message };
  return [
    `${open}>`,
    `      <${element}${attributes(kind)}>${xml(escapeUntrustedLines(text))}</${element}>`,
    '    </testcase>',
  ];
}

function counts(cases: readonly TestCase[]): Record<string, number> {
  const of = (element: string) => cases.filter((it) => it.fault?.element === element).length;
  return { tests: cases.length, failures: of('failure'), errors: 0, skipped: of('skipped') };
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .map(([key, value]) =>
      value === undefined ? '' : ` ${key}="${xml(escapeUntrusted(String(value)))}"`,
    )
    .join('');
}

/** Escapes what XML reads as markup, and the two characters that it cannot carry at all. */
function xml(text: string): string {
  return text
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
