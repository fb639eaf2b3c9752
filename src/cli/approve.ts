import { PlumblineError } from '../lib/errors.ts';
import { shortPlanId } from '../plan/approval.ts';
import { moment } from '../plan/hold.ts';
import { approve } from '../reconcile/approve.ts';
import { plural } from '../reconcile/outcome.ts';
import { approvals, heldPlans } from '../store/approvals.ts';
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
    const done = await approve(ports, all, plan, actor(), terminal.signal);
    const changes = done.changes.map(
      ({ action, kind, key }) => `  ${action} ${kind} ${key.name}\n`,
    );
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
  const now = ports.clock.now().toISOString();
  const { waiting, approved } = await ports.database.read(async (query) => ({
    waiting: await heldPlans(query),
    approved: await approvals(query, now),
  }));
  // Plans of a source that hold the same differ in what a run has done already; the newest stands for them.
  const newest = waiting.filter((row, at) => row.source !== waiting[at - 1]?.source);
  const plans = newest.map((row) => {
    const changes = JSON.parse(row.changes) as { readonly reason: string }[];
    const given = approved.find((it) => it.basis === row.basis && it.lines === row.lines);
    const { plan, source, revision } = row;
    const since = waiting.findLast((it) => it.source === source)?.seenAt ?? row.seenAt;
    return {
      plan,
      source,
      revision,
      since,
      changes,
      ...(given === undefined
        ? {}
        : { approved: { by: given.actor, at: given.approvedAt, until: given.expiresAt } }),
    };
  });
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
