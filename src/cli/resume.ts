import { resume } from '../reconcile/suspend.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { subjectNamed } from './subject-named.ts';

/** Ends a suspension; one that is not there is no error. */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'write', async (assembly) => {
    const { subject, title } = await subjectNamed(invocation, assembly);
    const ended = await resume(assembly.ports, subject, actor());
    const after = "a running daemon goes on at its next look, else 'plumbline sync' does";
    invocation.terminal.out(
      ended ? `${title} is resumed; ${after}\n` : `${title} was not suspended\n`,
    );
    return 0;
  });
}
