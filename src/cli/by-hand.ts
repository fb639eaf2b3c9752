import { hasErrors } from '../lib/diagnostic.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { LoadResult } from '../manifest/load.ts';
import type { Plan } from '../plan/change.ts';
import { type Assembly, actor, withPorts } from './assemble.ts';
import { loadFiles } from './files.ts';
import { flag, type Invocation, type Terminal } from './invocation.ts';
import { planExit, printReports, syncExit } from './print-report.ts';
import { resourcesOf } from './resources-of.ts';

/** What a person does by hand, as its reports are headed: before it is done, and after. */
export interface HandWork {
  readonly due: string;
  readonly done: string;
  plan(assembly: Assembly): Promise<Plan>;
}

/**
 * Plans work by hand and executes it; with `--dry-run` it opens the database for reading and tells the plan
 * alone.
 */
export async function workByHand(invocation: Invocation, work: HandWork): Promise<number> {
  const dryRun = flag(invocation, 'dryRun');
  return withPorts(invocation, dryRun ? 'read' : 'write', async (assembly) => {
    const plan = await work.plan(assembly);
    if (dryRun) {
      await printReports(invocation, [{ kind: 'Plan', plan }], work.due);
      return planExit([{ kind: 'Plan', plan }]);
    }
    const by = { actor: actor(), signal: invocation.terminal.signal };
    const results = await resourcesOf(assembly).execute(plan, by);
    await printReports(invocation, [{ kind: 'SyncReport', plan, results }], work.done);
    return syncExit(plan, results);
  });
}

/** The manifests of `-f`. Throws MANIFEST_NONE where the files hold none, and nothing else is wrong. */
export async function manifestsOf(
  paths: readonly string[],
  terminal: Terminal,
  { ports, config }: Assembly,
  verb: 'apply' | 'delete',
): Promise<LoadResult> {
  const usage = `plumbline ${verb} -f PATH`;
  const options = { kinds: ports.brokers.kinds, account: config.account, usage };
  const secrets = verb === 'apply' ? { vault: ports.vault } : {};
  const loaded = await loadFiles(paths, { ...options, ...secrets }, terminal);
  if (loaded.manifests.length === 0 && !hasErrors(loaded.problems))
    throw new PlumblineError('MANIFEST_NONE', `no manifest in ${paths.join(', ')}`, {
      hint: "name a file that holds one; 'plumbline example llmclient' prints one to start from",
    });
  return loaded;
}
