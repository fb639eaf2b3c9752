import type { Plan } from '../plan/change.ts';
import { buildDrift } from '../plan/drift.ts';
import { readLive } from '../reconcile/live.ts';
import { readSourceState } from '../store/source-state.ts';
import { withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { planExit, printReports } from './print-report.ts';

/** Says how the records differ from what was last applied. It asks no source, so pending changes never show. */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'read', async ({ ports, targets, close }) => {
    const plans: Plan[] = [];
    for (const target of targets(invocation.arguments, {})) {
      close.add(() => target.source.close());
      const { name } = target.source;
      const state = await readLive(ports.database, ports.brokers, target.account, name);
      const last = await ports.database.read((query) => readSourceState(query, name));
      plans.push(
        buildDrift({
          source: name,
          revision: last?.revision ?? '',
          live: state.live,
          owned: state.owned,
          kinds: ports.brokers.kinds,
        }),
      );
    }
    await printReports(
      invocation,
      plans.map((plan) => ({ kind: 'DriftReport', plan })),
    );
    return planExit(plans);
  });
}
