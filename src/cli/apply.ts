import { ManifestLoader } from '../manifest/load.ts';
import { executeManual, planApply } from '../reconcile/manual.ts';
import { actor, withPorts } from './assemble.ts';
import { openFiles } from './files.ts';
import { flag, type Invocation, listOption } from './invocation.ts';
import { planExit, printReports, syncExit } from './print-report.ts';
import { requireFiles } from './require-files.ts';

/** Writes records by hand; they belong to no source. */
export async function run(invocation: Invocation): Promise<number> {
  const paths = requireFiles(listOption(invocation, 'file'), 'apply');
  const dryRun = flag(invocation, 'dryRun');
  return withPorts(invocation, dryRun ? 'read' : 'write', async ({ ports, config }) => {
    const loader = new ManifestLoader(ports.brokers.kinds, config.account);
    const found = await openFiles(paths, invocation.terminal, ports.clock, 'apply');
    for await (const { file, bytes } of found.read()) loader.add(file, bytes);
    const loaded = loader.finish();
    const plan = await planApply(ports, config.account, {
      ...loaded,
      problems: [...loaded.problems, ...found.problems],
    });
    if (dryRun) {
      await printReports(invocation, [{ kind: 'Plan', plan }]);
      return planExit([plan]);
    }
    const results = await executeManual(ports, plan, actor(), invocation.terminal.signal);
    await printReports(invocation, [{ kind: 'SyncReport', plan, results }]);
    return syncExit(plan, results);
  });
}
