import { type Diagnostic, placeOf, sortDiagnostics } from '../lib/diagnostic.ts';
import { escapeUntrusted, escapeUntrustedLines } from '../lib/terminal.ts';
import { approveCommand } from './approval.ts';
import type { Change, ChangeResult } from './change.ts';
import { plain } from './flow.ts';
import { changePlace, changeTitle, detailLines, undeclaredTexts } from './render.ts';
import type { Report } from './report.ts';
import { headingOf, resultsOf, sentenceOf, standingOf } from './wording.ts';

/** Columns of a code block; a pull request's comment is about this wide. */
const width = 100;
/** Changes that are told one by one; a forge refuses a comment that is much longer. */
const mostDetails = 100;

/**
 * A report for a pull request: what it comes to, a table of the changes, the details to unfold, the
 * problems. Everything from the repository is escaped for Markdown and HTML, so that it can neither
 * lay out the page nor link, mention or close anything.
 */
export function renderMarkdown(report: Report): string {
  const { plan } = report;
  const results = resultsOf(report);
  const blocks = [heading(report), `**${escaped(sentenceOf(report))}**`];
  if (plan.changes.length > 0) blocks.push(table(plan.changes, results));
  const causes = report.kind !== 'DriftReport';
  const details = plan.changes.flatMap((change) => {
    const style = { palette: plain, width, indent: '', causes };
    const lines = detailLines(change, results.get(change), style);
    return lines.length === 0 ? [] : [unfolding(changeTitle(change, results.get(change)), lines)];
  });
  blocks.push(...details.slice(0, mostDetails));
  if (details.length > mostDetails)
    blocks.push(`${details.length - mostDetails} more changes are in the JSON report.`);
  const left = undeclaredTexts(plan).map((it) => `- ${escaped(it)}`);
  if (left.length > 0) blocks.push(left.join('\n'));
  const command = approveCommand(plan, report.held);
  if (command !== undefined) blocks.push(`To let go what is held: ${code(command)}`);
  const problems = sortDiagnostics(plan.problems);
  if (problems.length > 0) blocks.push('#### Problems', ...problems.map(problemItem));
  return `${blocks.join('\n\n')}\n`;
}

function heading(report: Report): string {
  const { before, between } = headingOf(report);
  const at = between === '' ? '' : ` ${between} ${code(report.plan.revision)}`;
  return `### ${before} ${code(report.plan.source)}${at}`;
}

function table(changes: readonly Change[], results: ReadonlyMap<Change, ChangeResult>): string {
  const rows = changes.map((change) => {
    const result = results.get(change);
    const standing = standingOf(change, result);
    const state = standing === 'due' || standing === 'blocked' ? '' : standing;
    const place = changePlace(change);
    const cells = [
      change.action,
      escaped(change.kind),
      code(change.key.name),
      place === undefined ? '' : code(place),
      [...new Set(change.fields.map((field) => field.class))].join(', '),
      state,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| action | kind | name | declared in | at stake | state |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function unfolding(title: string, lines: readonly string[]): string {
  return `<details><summary>${escaped(title)}</summary>\n\n${fenced(lines)}\n\n</details>`;
}

function problemItem(problem: Diagnostic): string {
  const { severity, message, hint, frame } = problem;
  const parts = [`**${severity}** ${code(placeOf(problem))} ${escaped(escapeUntrusted(message))}`];
  if (frame !== undefined) parts.push(fenced(escapeUntrustedLines(frame).split('\n')));
  if (hint !== undefined) parts.push(`hint: ${escaped(escapeUntrusted(hint))}`);
  return parts.join('\n\n');
}

/** A code block whose fence is longer than any run of backticks in it. */
function fenced(lines: readonly string[]): string {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}text\n${lines.join('\n')}\n${fence}`;
}

/** Untrusted text as code: forges make no links and mentions of it. */
function code(text: string): string {
  return `<code>${escaped(escapeUntrusted(text))}</code>`;
}

/**
 * Text that is neither Markdown nor HTML: every mark as a character reference. The marks of a mention
 * and of a link to an issue stand in an element of their own, because forges look for them after the
 * references are resolved.
 */
function escaped(text: string): string {
  return text
    .replace(/[^\p{L}\p{N} ,.;/-]/gu, (mark) => `&#${mark.codePointAt(0)};`)
    .replace(/&#(?:64|35);/g, '<span>$&</span>')
    .replace(/www\./gi, (start) => `${start.slice(0, -1)}&#46;`);
}
