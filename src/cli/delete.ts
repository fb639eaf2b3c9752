import { PlumblineError } from '../lib/errors.ts';
import { ManifestLoader } from '../manifest/load.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import { executeManual, planDelete } from '../reconcile/manual.ts';
import type { Ports } from '../reconcile/ports.ts';
import { actor, withPorts } from './assemble.ts';
import { openFiles } from './files.ts';
import { flag, type Invocation, listOption } from './invocation.ts';
import { planExit, printReports, syncExit } from './print-report.ts';
import { resourceNamed } from './resource-named.ts';

/** Deletes records by hand, by kind and name or those that files declare. */
export async function run(invocation: Invocation): Promise<number> {
  const dryRun = flag(invocation, 'dryRun');
  return withPorts(invocation, dryRun ? 'read' : 'write', async ({ ports, config }) => {
    const keys = await keysToDelete(invocation, ports, config.account);
    const plan = await planDelete(ports, config.account, keys);
    if (dryRun) {
      await printReports(invocation, [{ kind: 'Plan', plan }]);
      return planExit([plan]);
    }
    const results = await executeManual(ports, plan, actor(), invocation.terminal.signal);
    await printReports(invocation, [{ kind: 'SyncReport', plan, results }]);
    return syncExit(plan, results);
  });
}

async function keysToDelete(
  invocation: Invocation,
  ports: Ports,
  account: string,
): Promise<readonly ResourceKey[]> {
  const [word, name] = invocation.arguments;
  const paths = listOption(invocation, 'file');
  if (word !== undefined && name !== undefined && paths.length === 0) {
    return [resourceNamed(account, word, name).key];
  }
  if (word !== undefined || paths.length === 0)
    throw new PlumblineError('USAGE', 'delete needs a kind and a name, or -f and a path', {
      hint: 'for example: plumbline delete llmclient trial_bot',
    });
  const loader = new ManifestLoader(ports.brokers.kinds, account);
  const found = await openFiles(paths, invocation.terminal, ports.clock, 'delete');
  for await (const { file, bytes } of found.read()) loader.add(file, bytes);
  const { manifests, problems } = loader.finish();
  const [problem] = [...problems, ...found.problems].filter((it) => it.severity === 'error');
  if (problem !== undefined)
    throw new PlumblineError(problem.code, problem.message, {
      place: problem,
      hint: 'nothing was deleted; mend the file, or delete by kind and name',
    });
  return manifests.map((it) => it.key);
}
