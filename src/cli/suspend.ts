import { parseDuration } from '../config/duration.ts';
import { PlumblineError } from '../lib/errors.ts';
import { later } from '../plan/hold.ts';
import { suspend } from '../reconcile/suspend.ts';
import { actor, withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { subjectNamed } from './subject-named.ts';

/** The longest reason, in characters: one line for a person. */
const longestReason = 500;

/** Leaves a source or one record alone until it is resumed, or until its time is over. */
export async function run(invocation: Invocation): Promise<number> {
  return withPorts(invocation, 'write', async (assembly) => {
    const { subject, title } = await subjectNamed(invocation, assembly);
    const reason = textOption(invocation, 'reason') ?? '';
    if (reason.length > longestReason)
      throw new PlumblineError('USAGE', `a reason has at most ${longestReason} characters`);
    const until = endOf(invocation, assembly.ports.clock.now());
    await suspend(assembly.ports, subject, { reason, actor: actor(), until });
    const end = until === null ? '' : ` until ${until}`;
    invocation.terminal.out(
      `${title} is suspended${end}; end it with 'plumbline resume ${invocation.arguments.join(' ')}'\n`,
    );
    return 0;
  });
}

function endOf(invocation: Invocation, now: Date): string | null {
  const text = textOption(invocation, 'for');
  if (text === undefined) return null;
  const length = parseDuration(text);
  if (length > 0 && length <= parseDuration('3650d')) return later(now.toISOString(), length);
  throw new PlumblineError('USAGE', `${text.slice(0, 60)} is no length of time`, {
    hint: 'write it like 30m, 2h or 7d',
  });
}
