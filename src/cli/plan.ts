import { resolve } from 'node:path';
import type { Plan } from '../plan/change.ts';
import { planTarget } from '../reconcile/judge.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { planExit, printReports } from './print-report.ts';
import { progress } from './progress.ts';

/** Says what a sync would do. It is the same judgement that a sync executes, and it writes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async ({ ports, targets, close }) => {
    const path = textOption(invocation, 'path');
    const chosen = targets(invocation.arguments, {
      ...(path === undefined ? {} : { path: resolve(terminal.workingFolder, path) }),
      revision: textOption(invocation, 'revision'),
    });
    const plans: Plan[] = [];
    for (const target of chosen) {
      close.add(() => target.source.close());
      progress(terminal, `reading ${target.source.name} from ${target.location}`);
      plans.push((await planTarget(ports, target, terminal.signal)).plan);
    }
    await printReports(
      invocation,
      plans.map((plan) => ({ kind: 'Plan', plan })),
    );
    return planExit(plans);
  });
}
