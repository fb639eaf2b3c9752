import { buildDrift } from '../plan/drift.ts';
import type { Report } from '../plan/report.ts';
import { readLive } from '../reconcile/live.ts';
import { readSourceState } from '../store/source-state.ts';
import { withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { tellNoDatabase } from './no-database.ts';
import { planExit, printReports } from './print-report.ts';
import { sourcesNamed } from './targets.ts';

/**
 * Says how the records differ from what was last applied. It asks no source: pending changes never
 * show, and a source that cannot be reached keeps nothing from being told.
 */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'read', async (assembly) => {
    const { config, ports } = assembly;
    const chosen = sourcesNamed(config, invocation.arguments);
    tellNoDatabase(assembly, invocation.terminal);
    const drifts: Report[] = [];
    for (const { name, account } of chosen) {
      const state = await readLive(ports.database, ports.brokers, account, name);
      const last = await ports.database.read((query) => readSourceState(query, name));
      const plan = buildDrift({
        source: name,
        revision: last?.revision ?? '',
        live: state.live,
        owned: state.owned,
        kinds: ports.brokers.kinds,
      });
      drifts.push({ kind: 'DriftReport', plan });
    }
    await printReports(invocation, drifts);
    return planExit(drifts);
  });
}
