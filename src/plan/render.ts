import { type Diagnostic, placeOf, sortDiagnostics } from '../lib/diagnostic.ts';
import { escapeUntrusted, escapeUntrustedLines } from '../lib/terminal.ts';
import { keyId } from '../manifest/manifest.ts';
import { approveCommand } from './approval.ts';
import type { Action, Change, ChangeResult, FieldChange, Plan, Release } from './change.ts';
import { type FieldStyle, fieldLines } from './field-text.ts';
import { flow, type Paint, type Palette, plain } from './flow.ts';
import type { Report } from './report.ts';
import { suspensionText } from './suspension.ts';
import { headingOf, resultsOf, sentenceOf, shortRevision, standingOf } from './wording.ts';

export interface TextOptions {
  /** Columns of the screen. */
  readonly width?: number;
  readonly palette?: Palette;
}

const signs: Record<Action, string> = {
  create: '+',
  update: '~',
  delete: '-',
  deploy: '^',
  undeploy: 'v',
  adopt: '=',
  blocked: '!',
};
const colours: Record<Action, keyof Palette> = {
  create: 'added',
  update: 'changed',
  delete: 'removed',
  deploy: 'added',
  undeploy: 'removed',
  adopt: 'changed',
  blocked: 'held',
};

/**
 * A report for people: resource by resource in the order of execution, the problems, and one sentence that
 * sums up.
 */
export function renderText(report: Report, options: TextOptions = {}): string {
  return [...textParts(report, options)].join('');
}

/** The same piece by piece, so that the text of many thousand changes is never in memory as a whole. */
export function* textParts(report: Report, options: TextOptions = {}): Generator<string> {
  const { width = 80, palette = plain } = options;
  const style = { palette, width, indent: '    ', causes: report.kind !== 'DriftReport' };
  let before: Block | undefined;
  for (const block of blocksOf(report, style)) {
    if (block.lines.length === 0) continue;
    const isList = before?.isHeadline === true && block.isHeadline === true;
    const apart = before === undefined ? '' : isList ? '\n' : '\n\n';
    yield `${apart}${block.lines.join('\n')}`;
    before = block;
  }
  yield '\n';
}

interface Block {
  readonly lines: readonly string[];
  /** A resource with nothing but headlines: such stand line by line, all else apart. */
  readonly isHeadline?: boolean;
}

/**
 * Once they are made, nobody reads what more new records than this hold: each then has its headline alone.
 * A plan has all of it, because somebody may have to judge what they open.
 */
const mostNewInDetail = 200;

function* blocksOf(report: Report, style: FieldStyle): Generator<Block> {
  const { palette, width } = style;
  const results = resultsOf(report);
  const news = report.kind === 'SyncReport' ? report.plan.changes.filter(isPlainlyNew) : [];
  const leftOut: ReadonlySet<Change> = new Set(news.length > mostNewInDetail ? news : []);
  yield { lines: [headline(report, palette), ...suspendedLines(report, style)] };
  for (const changes of groupsOf(report.plan.changes)) {
    const lines = changes.flatMap((change, index) =>
      changeLines(
        change,
        results.get(change),
        index,
        leftOut.has(change) ? [] : change.fields,
        style,
      ),
    );
    yield { lines, isHeadline: lines.length === changes.length };
  }
  if (leftOut.size > 0) yield { lines: flow([{ text: leftOutText }], width, '') };
  yield { lines: undeclaredLines(report, style) };
  for (const it of sortDiagnostics(report.plan.problems)) yield { lines: problemLines(it, style) };
  const sentence = { text: sentenceOf(report), paint: palette.strong };
  yield { lines: [...flow([sentence], width, ''), ...approveLines(report)] };
}

function suspendedLines({ plan }: Report, { palette, width }: FieldStyle): string[] {
  if (plan.suspended === undefined) return [];
  const text = escapeUntrusted(`The source is suspended ${suspensionText(plan.suspended)}`);
  return flow([{ text, paint: palette.held }], width, '');
}

function undeclaredLines({ plan }: Report, { width }: FieldStyle): string[] {
  return undeclaredTexts(plan).flatMap((it) => flow([{ text: `> ${it}` }], width, ''));
}

/** What becomes of records that their source declares no more, and that no change tells of. */
export function undeclaredTexts({ changes, released = [], bookkeeping }: Plan): string[] {
  const told = new Set([...changes, ...released].map((it) => keyId(it.key)));
  const kept = bookkeeping.flatMap((it) => (it.kind === 'orphan' ? [it.owned] : []));
  return [
    ...released.map(releaseText),
    ...kept
      .filter(({ key }) => !told.has(keyId(key)))
      .map(({ kind, key }) =>
        escapeUntrusted(
          `keep ${kind} ${key.name}: no manifest declares it any more, and prune is off`,
        ),
      ),
  ];
}

/** What becomes of a record that its source lets go of. */
function releaseText({ kind, key, to }: Release): string {
  return escapeUntrusted(`let go ${kind} ${key.name}: the source ${to} declares it now`);
}

/** The command to type, where a person may let go what is held. */
function approveLines({ plan, held }: Report): string[] {
  const command = approveCommand(plan, held);
  // On a line of its own, so that it is never broken and can be copied whole.
  return command === undefined ? [] : ['To let go what is held:', `    ${command}`];
}

/** The lines about one change below its headline: the reason, the error, the fields. */
export function detailLines(
  change: Change,
  result: ChangeResult | undefined,
  style: FieldStyle,
  fields: Change['fields'] = change.fields,
): string[] {
  const { width, indent, palette } = style;
  const told = [change.reason, result?.error && `${result.error.code}: ${result.error.message}`];
  const lines = told.flatMap((text) =>
    text === undefined
      ? []
      : flow([{ text: escapeUntrusted(text), paint: palette.held }], width, indent),
  );
  const switched = change.action === 'deploy' || change.action === 'undeploy';
  const fieldStyle = { ...style, isNew: change.action === 'create' };
  if (!switched) for (const field of fields) lines.push(...fieldLines(field, fieldStyle));
  return lines;
}

/** Action, kind and name, with what became of it where it is not simply due or done. */
export function changeTitle(change: Change, result: ChangeResult | undefined): string {
  const standing = standingOf(change, result);
  const resource = `${escapeUntrusted(change.kind)} ${escapeUntrusted(change.key.name)}`;
  if (standing === 'blocked') return `blocked ${resource}`;
  const words = `${change.action} ${resource}`;
  return standing === 'due' || standing === 'applied' ? words : `${standing}: ${words}`;
}

/** `file:line` of the manifest; undefined for a record that no file declares. */
export function changePlace({ file, line }: Change): string | undefined {
  if (file === undefined || file === '') return undefined;
  return placeOf(line === undefined ? { file } : { file, line });
}

function headline({ plan, ...report }: Report, palette: Palette): string {
  const { before, between } = headingOf({ plan, ...report });
  const source = palette.strong(escapeUntrusted(plan.source));
  const at = between === '' ? '' : ` ${between} ${escapeUntrusted(shortRevision(plan.revision))}`;
  return `${before} ${source}${at}`;
}

/** Changes of one resource together, at the place of the first. */
function groupsOf(changes: readonly Change[]): Change[][] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const id = keyId(change.key);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [change]);
    else group.push(change);
  }
  return [...groups.values()];
}

const leftOutText = 'What the new records hold is left out here; -o json and their files have it.';

/** A record that was never there before, as far as is known, and that nobody has to decide on. */
function isPlainlyNew({ action, owned, held }: Change): boolean {
  return action === 'create' && owned === undefined && held !== true;
}

/** Of something new, what it is and what it opens or may do; the rest stands in its file. */
function telling(fields: readonly FieldChange[]): FieldChange[] {
  return fields.filter(
    (field) =>
      field.path === 'metadata.description' ||
      field.class === 'exposure' ||
      field.class === 'capability',
  );
}

function changeLines(
  change: Change,
  result: ChangeResult | undefined,
  index: number,
  fields: readonly FieldChange[],
  style: FieldStyle,
): string[] {
  const { palette, width } = style;
  const standing = standingOf(change, result);
  const fine = standing === 'due' || standing === 'applied';
  const paint: Paint = palette[fine ? colours[change.action] : 'held'];
  const place = index === 0 ? changePlace(change) : undefined;
  const byHand = style.causes && fields.length > 0 && fields.every((it) => it.cause === 'drift');
  const title = `${fine ? signs[change.action] : '!'} ${changeTitle(change, result)}`;
  const notes = [...(byHand ? ['[drift]'] : []), ...(place === undefined ? [] : [place])];
  const spans = [
    { text: title, paint },
    ...notes.map((it) => ({ text: ` ${it}`, paint: palette.quiet })),
  ];
  const fieldStyle = { ...style, causes: style.causes && !byHand };
  const told = change.action === 'create' ? telling(fields) : fields;
  return [...flow(spans, width, '', '    '), ...detailLines(change, result, fieldStyle, told)];
}

/** One problem with its place, its excerpt and its hint. */
export function problemLines(
  problem: Diagnostic,
  { palette, width }: Pick<FieldStyle, 'palette' | 'width'>,
): string[] {
  const paint = problem.severity === 'error' ? palette.removed : palette.changed;
  const lines = flow(
    [
      { text: problem.severity, paint },
      { text: ` ${placeOf(problem)}:`, paint: palette.strong },
      { text: ` ${escapeUntrusted(problem.message)}` },
      { text: ` [${problem.code}]`, paint: palette.quiet },
    ],
    width,
    '',
    '    ',
  );
  if (problem.frame !== undefined)
    for (const line of escapeUntrustedLines(problem.frame).split('\n')) lines.push(`    ${line}`);
  if (problem.hint !== undefined)
    lines.push(...flow([{ text: `hint: ${escapeUntrusted(problem.hint)}` }], width, '    '));
  return lines;
}
