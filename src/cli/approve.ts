import { PlumblineError } from '../lib/errors.ts';
import { shortPlanId } from '../plan/approval.ts';
import { moment } from '../plan/hold.ts';
import { approve, waitingPlans } from '../reconcile/approve.ts';
import { planTarget } from '../reconcile/judge.ts';
import { plural } from '../reconcile/outcome.ts';
import { type Assembly, actor, withPorts } from './assemble.ts';
import { flag, type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { tellNoDatabase } from './no-database.ts';
import { table } from './table.ts';

/** Lets go what a plan holds, or lists what waits. */
export async function run(invocation: Invocation): Promise<number> {
  const [plan] = invocation.arguments;
  if (flag(invocation, 'list')) return withPorts(invocation, 'read', (it) => list(invocation, it));
  if (plan === undefined)
    throw new PlumblineError('USAGE', 'approve needs the id of a plan', {
      hint: "see what waits with 'plumbline approve --list'",
    });
  return withPorts(invocation, 'write', async ({ ports, targets, close }) => {
    const { terminal } = invocation;
    const all = targets([], {});
    for (const { source } of all) close.add(() => source.close());
    const plannable = all.map((target) => ({
      name: target.source.name,
      plan: async () => (await planTarget(ports, target, terminal.signal)).plan,
    }));
    const done = await approve(ports, plannable, plan, actor());
    const changes = done.changes.map(({ action, kind, name }) => `  ${action} ${kind} ${name}\n`);
    const { source } = done;
    terminal.out(
      `Approved for ${source}, until ${moment(done.expiresAt)}: ${plural(changes.length, 'change')}\n` +
        `${changes.slice(0, mostShown).join('')}` +
        `${changes.length > mostShown ? `  and ${changes.length - mostShown} more\n` : ''}` +
        `A running daemon does it at its next look, else 'plumbline sync ${source}' does.\n`,
    );
    return 0;
  });
}

/** Changes that are named one by one; the plan has shown all of them. */
const mostShown = 20;

async function list(invocation: Invocation, assembly: Assembly): Promise<number> {
  const { terminal } = invocation;
  const { ports } = assembly;
  tellNoDatabase(assembly, terminal);
  const plans = await waitingPlans(ports);
  if (textOption(invocation, 'output') === 'json')
    terminal.out(jsonDocument({ kind: 'List', items: plans }));
  else if (plans.length === 0) terminal.err('nothing waits for approval\n');
  else
    terminal.out(
      table(
        ['PLAN', 'SOURCE', 'HELD', 'SINCE', 'APPROVED', 'REASON'],
        plans.map((it) => [
          shortPlanId(it.plan),
          it.source,
          String(it.changes.length),
          moment(it.since),
          it.approved === undefined ? 'no' : `by ${it.approved.by}`,
          it.changes[0]?.reason ?? '',
        ]),
        terminal.width,
      ),
    );
  return 0;
}
