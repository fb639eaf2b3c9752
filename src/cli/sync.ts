import { asPlumblineError } from '../lib/errors.ts';
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
    for (const target of targets(invocation.arguments, {})) {
      close.add(() => target.source.close());
      const occasion = { trigger: 'command', actor: actor(), settled: ['converged'] } as const;
      const telling = told(target, progress, 'comparing and writing');
      runs.push(await reconcile(ports, telling, occasion, terminal.signal));
    }
    progress.end();
    await trimJournal(ports, terminal.signal);
    await printReports(
      invocation,
      runs.map(({ source, plan, outcomes, error }) =>
        plan === undefined
          ? { kind: 'SyncReport', source, error: asPlumblineError(error) }
          : { kind: 'SyncReport', plan, results: outcomes },
      ),
    );
    return worst(runs.map(runExit));
  });
}

function runExit({ plan, outcome, outcomes, error }: RunResult): number {
  if (plan === undefined) return error?.exit ?? 1;
  return outcome === 'retrying' ? 1 : syncExit(plan, outcomes);
}

/** An error before what waits for a person, and that before success. */
function worst(exits: readonly number[]): number {
  return exits.includes(1) ? 1 : Math.max(0, ...exits);
}
