import { reconcile } from '../reconcile/reconcile.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { printRuns } from './print-report.ts';
import { progress } from './progress.ts';

/** One pass over the sources. */
export async function run(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'exclusive', async ({ ports, targets, close }) => {
    const results = [];
    for (const target of targets(invocation.arguments, {})) {
      close.add(() => target.source.close());
      progress(terminal, `syncing ${target.source.name} from ${target.location}`);
      results.push(
        await reconcile(
          ports,
          target,
          { trigger: 'command', actor: actor(), settled: ['converged'] },
          terminal.signal,
        ),
      );
    }
    return printRuns(invocation, results);
  });
}
