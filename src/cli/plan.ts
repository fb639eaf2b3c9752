import { resolve } from 'node:path';
import { asPlumblineError } from '../lib/errors.ts';
import type { Report } from '../plan/report.ts';
import { planTarget } from '../reconcile/judge.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { planExit, printReports, type Unread } from './print-report.ts';
import { Progress, told } from './progress.ts';

/** Says what a sync would do. It is the same judgement that a sync executes, and it writes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async ({ ports, targets, close }) => {
    const path = textOption(invocation, 'path');
    const chosen = targets(invocation.arguments, {
      ...(path === undefined ? {} : { path: resolve(terminal.workingFolder, path) }),
      revision: textOption(invocation, 'revision'),
    });
    const progress = new Progress(terminal);
    close.add(async () => progress.end());
    const plans: (Report | Unread)[] = [];
    for (const target of chosen) {
      close.add(() => target.source.close());
      try {
        const telling = told(target, progress, 'comparing');
        const { plan } = await planTarget(ports, telling, terminal.signal);
        plans.push({ kind: 'Plan', plan });
      } catch (caught) {
        const error = asPlumblineError(caught);
        // A fault of the database, or a stop, is one of all sources.
        if (!error.code.startsWith('SOURCE_') || terminal.signal.aborted) throw caught;
        plans.push({ kind: 'Plan', source: target.source.name, error });
      }
    }
    progress.end();
    await printReports(invocation, plans);
    return planExit(plans);
  });
}
