import { executeManual, planDeployment } from '../reconcile/manual.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { kindNamed } from './kind-named.ts';
import { printReports, syncExit } from './print-report.ts';

/** Deploys or undeploys one record whose manifest leaves that to a person. */
export async function switchDeployment(invocation: Invocation, deployed: boolean): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  const { space } = kindNamed(word);
  return withPorts(invocation, 'write', async ({ ports, config }) => {
    const plan = await planDeployment(ports, { account: config.account, space, name }, deployed);
    const results = await executeManual(ports, plan, actor(), invocation.terminal.signal);
    await printReports(invocation, [{ kind: 'SyncReport', plan, results }]);
    return syncExit(plan, results);
  });
}
