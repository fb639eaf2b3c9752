import type { Change, ChangeResult, Plan } from './change.ts';
import type { Report, ReportKind } from './report.ts';

/** What a change has come to, as far as the report knows; `due` is what a plan would still do. */
export type Standing = 'due' | 'applied' | 'failed' | 'held' | 'skipped' | 'blocked';

export function standingOf(change: Change, result: ChangeResult | undefined): Standing {
  if (change.action === 'blocked') return 'blocked';
  if (result !== undefined) return result.outcome;
  return change.held === true ? 'held' : 'due';
}

/** Results by their change. */
export function resultsOf({ results = [] }: Report): Map<Change, ChangeResult> {
  return new Map(results.map((result) => [result.change, result]));
}

const heading: Record<ReportKind, readonly [string, string]> = {
  Plan: ['Plan for', 'at'],
  DriftReport: ['Drift of', 'since'],
  SyncReport: ['Sync of', 'to'],
};

/** `main@sha1:4f2c9e0b7a11` or `sha256:25b7d94fd804`: as much of a revision as people compare. */
export function shortRevision(revision: string): string {
  return revision.replace(/([0-9a-f]{12})[0-9a-f]{28,}/, '$1');
}

/** The words around a source and its revision; a plan made by hand has no revision. */
export function headingOf({ kind, plan }: Report): { before: string; between: string } {
  const [before, between] = heading[kind];
  return { before, between: plan.revision === '' ? '' : between };
}

const done = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  deploy: 'deployed',
  undeploy: 'undeployed',
  adopt: 'adopted',
} as const;
type Verb = keyof typeof done;
const actions = Object.keys(done) as Verb[];

/** What somebody did to a record, by what would undo it. */
const byHand: Partial<Record<Verb, string>> = {
  create: 'gone',
  update: 'changed',
  deploy: 'undeployed',
  undeploy: 'deployed',
};
const words = {
  Plan: (action: Verb) => `to ${action}`,
  DriftReport: (action: Verb) => `${byHand[action] ?? action} by hand`,
} as const;
const nothing: Record<ReportKind, string> = {
  Plan: 'nothing to do',
  DriftReport: 'no drift',
  SyncReport: 'nothing done',
};

/** One sentence that says what a report comes to. */
export function sentenceOf(report: Report): string {
  const { plan, kind } = report;
  const { unchanged, held, blocked, invalid } = plan.summary;
  const waiting = [
    counted(held, 'held'),
    counted(blocked, 'blocked'),
    counted(invalid, 'invalid'),
    counted(plan.left, 'changed by hand and left'),
  ].filter((it) => it !== '');
  const main = kind === 'SyncReport' ? doneParts(report) : parts(plan, words[kind]);
  if (main.length === 0 && waiting.length === 0)
    return plan.suspended === undefined
      ? quietSentence(kind, unchanged)
      : 'Nothing done: the source was not looked at.';
  const start = main.length === 0 ? nothing[kind] : and(main);
  const sentence = `${start}; ${[`${unchanged} unchanged`, ...waiting].join(', ')}.`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

function parts({ summary }: Plan, wordOf: (action: Verb) => string): string[] {
  return actions
    .map((action) => counted(summary[action], wordOf(action)))
    .filter((it) => it !== '');
}

function doneParts({ results = [] }: Report): string[] {
  const counts = new Map<string, number>();
  for (const { change, outcome } of results) {
    const word = outcome === 'applied' ? change.action : outcome;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [
    ...actions.map((action) => counted(counts.get(action) ?? 0, done[action])),
    counted(counts.get('failed') ?? 0, 'failed'),
  ].filter((it) => it !== '');
}

function quietSentence(kind: ReportKind, unchanged: number): string {
  if (kind === 'DriftReport')
    return unchanged === 0
      ? 'No drift: nothing has been applied yet.'
      : `No drift: ${records(unchanged)} as last applied.`;
  return unchanged === 0
    ? 'Nothing to do: the source declares nothing.'
    : `Nothing to do: ${records(unchanged)} as declared.`;
}

function records(count: number): string {
  return count === 1 ? 'the one record is' : `all ${count} records are`;
}

function counted(count: number, word: string): string {
  return count === 0 ? '' : `${count} ${word}`;
}

function and(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
