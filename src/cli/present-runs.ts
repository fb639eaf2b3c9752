import type { Log } from '../lib/log.ts';
import { keyId } from '../manifest/manifest.ts';
import type { RunResult } from '../reconcile/outcome.ts';
import type { SourceStatus } from '../reconcile/status.ts';
import type { Invocation } from './invocation.ts';
import { printText } from './print-report.ts';

/** What makes a run worth telling again: how it ended, why where that is not plain, and every problem. */
function newsOf({ outcome, message, problems }: RunResult): string {
  const why = outcome === 'converged' ? '' : message;
  return JSON.stringify([outcome, why, problems.map((it) => [it.file, it.line, it.message])]);
}

/**
 * Tells what each run did: to a person as the report that `sync` prints, to machines as one log line
 * a change. A run that changed nothing and found nothing new says nothing above debug, so that polling
 * a quiet repository leaves a quiet log.
 */
export function presenter(
  invocation: Invocation,
  readable: boolean,
  log: Log,
): (status: SourceStatus, result: RunResult) => void {
  const told = new Map<string, { readonly outcome: string; readonly news: string }>();
  return (status, result) => {
    const last = told.get(status.name);
    const news = newsOf(result);
    const eventful = result.outcomes.some(
      (it) => it.outcome === 'applied' || it.outcome === 'failed',
    );
    // A run that found nothing moved has not looked, so it does not repeat the problems that stay.
    const fresh = result.settled ? last?.outcome !== result.outcome : last?.news !== news;
    if (fresh) told.set(status.name, { outcome: result.outcome, news });
    const run = { source: status.name, run: result.id, revision: result.revision };
    const level = ['retrying', 'stalled'].includes(result.outcome) ? 'warn' : 'info';
    if (!eventful && !fresh) log.debug(run, result.message);
    else if (readable && result.plan !== undefined) {
      const { plan, outcomes: results, held } = result;
      printText([{ kind: 'SyncReport', plan, results, held }], invocation.terminal);
      invocation.terminal.out('\n');
    } else {
      for (const { change, outcome, error } of result.outcomes)
        log.info(
          {
            ...run,
            key: keyId(change.key),
            file: change.file,
            line: change.line,
            outcome,
            error: error?.code,
          },
          `${change.action} ${change.kind} ${change.key.name}`,
        );
      for (const problem of result.problems)
        log[problem.severity === 'error' ? 'error' : 'warn'](
          { ...run, ...problem, frame: undefined },
          problem.message,
        );
      if (result.held !== undefined)
        log.warn({ ...run, ...result.held }, 'changes wait; see plumbline status');
      log[level](
        {
          ...run,
          outcome: result.outcome,
          milliseconds: result.milliseconds,
          hint: result.error?.hint,
        },
        result.message,
      );
    }
  };
}
