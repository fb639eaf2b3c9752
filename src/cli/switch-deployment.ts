import { executeManual, planDeployment } from '../reconcile/manual.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { printReports, syncExit } from './print-report.ts';
import { resourceNamed } from './resource-named.ts';

/** Deploys or undeploys one record whose manifest leaves that to a person. */
export async function switchDeployment(invocation: Invocation, deployed: boolean): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  return withPorts(invocation, 'write', async ({ ports, config }) => {
    const { key } = resourceNamed(config.account, word, name);
    const plan = await planDeployment(ports, key, deployed);
    const results = await executeManual(ports, plan, actor(), invocation.terminal.signal);
    await printReports(invocation, [{ kind: 'SyncReport', plan, results }]);
    return syncExit(plan, results);
  });
}
