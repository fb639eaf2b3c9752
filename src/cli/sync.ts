import { asPlumblineError } from '../lib/errors.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import type { RunResult } from '../reconcile/outcome.ts';
import { reconcile } from '../reconcile/reconcile.ts';
import { trimJournal } from '../reconcile/retention.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { printReports, syncExit } from './print-report.ts';
import { Progress, told } from './progress.ts';

/** One pass over the sources. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'exclusive', async ({ ports, targets, close }) => {
    const progress = new Progress(terminal);
    close.add(async () => progress.end());
    const runs: RunResult[] = [];
    const last = new Map<string, RunResult>();
    const look = async (target: WatchedTarget) => {
      const occasion = { trigger: 'command', actor: actor(), settled: ['converged'] } as const;
      const telling = told(target, progress, 'comparing and writing');
      const result = await reconcile(ports, telling, occasion, terminal.signal);
      runs.push(result);
      last.set(result.source, result);
    };
    const chosen = targets(invocation.arguments, {});
    for (const target of chosen) close.add(() => target.source.close());
    for (const target of chosen) await look(target);
    for (const target of chosen) {
      const result = last.get(target.source.name);
      if (result !== undefined && mayGoOn(result, runs)) await look(target);
    }
    progress.end();
    await trimJournal(ports, terminal.signal);
    await printReports(
      invocation,
      runs.map(({ source, plan, outcomes, held, error }) =>
        plan === undefined
          ? { kind: 'SyncReport', source, error: asPlumblineError(error) }
          : { kind: 'SyncReport', plan, results: outcomes, held },
      ),
    );
    return worst([...last.values()].map(runExit));
  });
}

/** Whether a source may go on now, because another one was read or has let go of a record since. */
function mayGoOn({ source, plan }: RunResult, runs: readonly RunResult[]): boolean {
  const { changes = [], problems = [] } = plan ?? {};
  const isRefused = problems.some(
    ({ code, severity }) => code === 'MANIFEST_CONFLICT' && severity === 'error',
  );
  const isReleased = runs.some((it) => it.plan?.released?.some(({ to }) => to === source));
  return changes.some((it) => it.guard === 'neighbour') || (isRefused && isReleased);
}

function runExit({ plan, outcome, outcomes, error }: RunResult): number {
  if (plan === undefined) return error?.exit ?? 1;
  return outcome === 'retrying' ? 1 : syncExit(plan, outcomes);
}

/** An error before what waits for a person, and that before success. */
function worst(exits: readonly number[]): number {
  return exits.includes(1) ? 1 : Math.max(0, ...exits);
}
