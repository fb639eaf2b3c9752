import type { ErrorCode } from './errors.ts';
import { escapeUntrusted } from './terminal.ts';

/**
 * One problem in one file. Diagnostics are values: they are collected, so that every problem of every
 * file is told in one run. `path` is the dotted field, `line` and `column` count from one, the column
 * in characters. `frame` is the excerpt with a caret under the place; it is for people and is left
 * out of JSON reports.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
  readonly message: string;
  readonly hint?: string;
  readonly frame?: string;
}

/** By file, line, column, then code: the one order in which problems are ever shown. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((it) => it.severity === 'error');
}

/** Puts behind the problems of one file that there are more, if there are. */
export function limitProblems(problems: readonly Diagnostic[], more: number): Diagnostic[] {
  const last = problems.at(-1);
  if (more === 0 || last === undefined) return [...problems];
  const { severity, code, file } = last;
  const message = `${more} more ${more === 1 ? 'problem' : 'problems'} in this file`;
  const hint = 'mend those above first';
  return [...problems, { ...lineAndColumn(last), severity, code, file, message, hint }];
}

function lineAndColumn({ line, column }: Diagnostic): Pick<Diagnostic, 'line' | 'column'> {
  return {
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

/** `file:line:column`, as far as it is known; control characters escaped. */
export function placeOf(diagnostic: Pick<Diagnostic, 'file' | 'line' | 'column'>): string {
  const file = escapeUntrusted(diagnostic.file);
  if (diagnostic.line === undefined) return file;
  if (diagnostic.column === undefined) return `${file}:${diagnostic.line}`;
  return `${file}:${diagnostic.line}:${diagnostic.column}`;
}

/** What a JSON report says of a problem: stable keys in a fixed order, no frame. */
export function diagnosticJson(diagnostic: Diagnostic): Record<string, unknown> {
  const { severity, code, file, line, column, path, message, hint } = diagnostic;
  return { severity, code, file, line, column, path, message, hint };
}

/** Code-unit order, the same on every machine, unlike localeCompare. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
