import type { Config } from '../config/config.ts';
import { asPlumblineError } from '../lib/errors.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import type { RunResult } from '../reconcile/outcome.ts';
import { reconcile, resting } from '../reconcile/reconcile.ts';
import { isJournalTrimmed, trimJournal } from '../reconcile/retention.ts';
import { hasHolder } from '../store/lease.ts';
import { type Assembly, actor, pathOf, withConfigured } from './assemble.ts';
import { configure } from './configure.ts';
import type { Invocation } from './invocation.ts';
import { printReports, syncExit } from './print-report.ts';
import { Progress, told } from './progress.ts';

/** One pass over the sources. */
export async function run(invocation: Invocation): Promise<number> {
  const config = await configure(invocation);
  const found = await lookRound(invocation, config);
  const runs = found.resting ?? (await converge(invocation, config, found.moved));
  await printReports(
    invocation,
    runs.map(({ source, plan, outcomes, held, error }) =>
      plan === undefined
        ? { kind: 'SyncReport', source, error: asPlumblineError(error) }
        : { kind: 'SyncReport', plan, results: outcomes, held },
    ),
  );
  const last = new Map(runs.map((it) => [it.source, it]));
  return worst([...last.values()].map(runExit));
}

/** What a look round finds: the runs of all sources where none has moved, or the name of one that has. */
interface Found {
  readonly resting?: readonly RunResult[];
  readonly moved?: string;
}

/**
 * Looks whether there is anything to do, with no lease, and writes nothing: in most passes nothing has
 * moved. It finds nothing where there is something to complain of, which `converge` will meet.
 */
async function lookRound(invocation: Invocation, config: Config): Promise<Found> {
  // Who converges the database now has the say, and is told of.
  if (hasHolder(pathOf(config))) return {};
  const { terminal } = invocation;
  const pass = async ({ ports, targets, close, hasDatabase }: Assembly): Promise<Found> => {
    if (!hasDatabase || !(await isJournalTrimmed(ports))) return {};
    const progress = new Progress(terminal);
    close.add(async () => progress.end());
    const runs: RunResult[] = [];
    for (const target of closing(targets(invocation.arguments, {}), close)) {
      const telling = told(target, progress, 'nothing read');
      const found = await resting(ports, telling, occasion(false), terminal.signal);
      if (found === undefined) return { moved: target.source.name };
      runs.push(found);
    }
    return { resting: runs };
  };
  return withConfigured(invocation, config, 'read', pass).catch(() => ({}));
}

async function converge(
  invocation: Invocation,
  config: Config,
  moved: string | undefined,
): Promise<readonly RunResult[]> {
  const { terminal } = invocation;
  return withConfigured(invocation, config, 'exclusive', async ({ ports, targets, close }) => {
    const progress = new Progress(terminal);
    close.add(async () => progress.end());
    const runs: RunResult[] = [];
    const last = new Map<string, RunResult>();
    const look = async (target: WatchedTarget) => {
      const { name } = target.source;
      const telling = told(target, progress, 'comparing and writing');
      const why = occasion(name === moved && !last.has(name));
      const result = await reconcile(ports, telling, why, terminal.signal);
      runs.push(result);
      last.set(name, result);
    };
    const chosen = closing(targets(invocation.arguments, {}), close);
    for (const target of chosen) await look(target);
    for (const target of chosen) {
      const result = last.get(target.source.name);
      if (result !== undefined && mayGoOn(result, runs)) await look(target);
    }
    progress.end();
    await trimJournal(ports, terminal.signal);
    return runs;
  });
}

function occasion(hasMoved: boolean) {
  return { trigger: 'command', actor: actor(), settled: ['converged'], hasMoved } as const;
}

/** The targets, whose sources are closed when the command ends. */
function closing(
  targets: readonly WatchedTarget[],
  close: Assembly['close'],
): readonly WatchedTarget[] {
  for (const target of targets) close.add(() => target.source.close());
  return targets;
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
