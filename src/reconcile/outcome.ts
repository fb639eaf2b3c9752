import type { Diagnostic } from '../lib/diagnostic.ts';
import type { PlumblineError } from '../lib/errors.ts';
import type { Held } from '../plan/approval.ts';
import type { ChangeResult, Plan, Summary } from '../plan/change.ts';
import type { Outcome, Trigger } from './status.ts';
import type { Work } from './work.ts';

/** What one run did, for reports, status and metrics. */
export interface RunResult {
  readonly id: string;
  readonly source: string;
  readonly trigger: Trigger;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly milliseconds: number;
  readonly work: Work;
  /** True where nothing had moved since the last run, so that nothing was read or compared. */
  readonly settled: boolean;
  readonly revision: string | undefined;
  readonly outcome: Outcome;
  /** A sentence that says why. */
  readonly message: string;
  /** Absent when the source could not be read. */
  readonly plan: Plan | undefined;
  /** What waits now; absent where nothing does, or nobody has looked. */
  readonly held?: Held | undefined;
  readonly outcomes: readonly ChangeResult[];
  readonly summary: Summary;
  readonly problems: readonly Diagnostic[];
  /** Why there is no plan, when the run could not go on. */
  readonly error: PlumblineError | undefined;
}

export const emptySummary: Summary = {
  create: 0,
  update: 0,
  delete: 0,
  deploy: 0,
  undeploy: 0,
  adopt: 0,
  unchanged: 0,
  held: 0,
  blocked: 0,
  invalid: 0,
};

/** What a run that came to its end, or was stopped on the way, amounts to: the one place that decides it. */
export function judgeOutcome(
  plan: Plan,
  outcomes: readonly ChangeResult[],
  remaining: number,
  drifted: number,
  stopped: boolean,
): { readonly outcome: Outcome; readonly message: string } {
  const count = (word: ChangeResult['outcome']) =>
    outcomes.filter((it) => it.outcome === word).length;
  const behind = outcomes.filter(isBehind).length;
  const failed = count('failed') - behind;
  if (failed + behind > 0)
    return {
      outcome: 'retrying',
      message: [
        failed > 0 ? `${plural(failed, 'change')} could not be written` : '',
        behind > 0 ? `${plural(behind, 'endpoint')} yet to follow` : '',
      ]
        .filter((it) => it !== '')
        .join(', '),
    };
  if (remaining > 0) {
    const left = plural(remaining, 'change');
    return {
      outcome: 'retrying',
      message: stopped ? `stopped with ${left} to go` : `${left} did not take`,
    };
  }
  const again = outcomes.filter((it) => it.change.guard === 'retry').length;
  if (again > 0)
    return { outcome: 'retrying', message: `${plural(again, 'change')} to be tried again later` };
  const errors = plan.problems.filter((it) => it.severity === 'error').length;
  const waiting = [
    { outcome: 'stalled', count: errors, said: `${plural(errors, 'problem')} in the files` },
    {
      outcome: 'stalled',
      count: count('skipped'),
      said: `${plural(count('skipped'), 'change')} blocked`,
    },
    { outcome: 'held', count: count('held'), said: `${plural(count('held'), 'change')} held` },
    {
      outcome: 'drifted',
      count: drifted,
      said: `${plural(drifted, 'record')} changed by hand and left`,
    },
  ] as const;
  const open = waiting.filter((it) => it.count > 0);
  const [worst] = open;
  if (worst !== undefined)
    return {
      outcome: worst.outcome,
      message: `${open.map((it) => it.said).join(', ')}; all else is as declared`,
    };
  const applied = count('applied');
  const done = applied === 0 ? 'nothing to do' : `${plural(applied, 'change')} applied`;
  const rivals = plan.problems.filter((it) => it.code === 'MANIFEST_CONFLICT').length;
  return {
    outcome: 'converged',
    message: rivals === 0 ? done : `${done}; ${plural(rivals, 'resource')} declared elsewhere too`,
  };
}

/** Whether a change is written and only its endpoint has yet to follow, which is tried again by itself. */
export function isBehind({ error }: ChangeResult): boolean {
  return error?.code.startsWith('ENDPOINT_') === true;
}

/** `1 change`, `2 changes`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
