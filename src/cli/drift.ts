import type { Report } from '../plan/report.ts';
import { driftOf } from '../reconcile/drift.ts';
import { withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { tellNoDatabase } from './no-database.ts';
import { planExit, printReports } from './print-report.ts';
import { sourcesNamed } from './targets.ts';

/** Says how the records differ from what was last applied. */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'read', async (assembly) => {
    const { config, ports } = assembly;
    const chosen = sourcesNamed(config, invocation.arguments);
    tellNoDatabase(assembly, invocation.terminal);
    const drifts: Report[] = [];
    for (const { name, account } of chosen)
      drifts.push({ kind: 'DriftReport', plan: await driftOf(ports, account, name) });
    await printReports(invocation, drifts);
    return planExit(drifts);
  });
}
