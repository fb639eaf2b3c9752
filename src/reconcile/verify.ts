import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import type { ChangeResult, Plan } from '../plan/change.ts';
import type { Control } from '../plan/control.ts';
import { type Judgement, judgeAgain } from './judge.ts';
import type { Ports, Target } from './ports.ts';

/** Records judged at once, so that memory stays bounded and the event loop goes on however many were written. */
const recordsAtOnce = 500;

/**
 * Reads what was written and plans again; only an empty plan is convergence. What was not written is as
 * it was found, so it is judged again only where something waits or did not take: then the plan is that
 * of everything in scope.
 */
export async function verify(
  ports: Ports,
  target: Target,
  judgement: Judgement,
  outcomes: readonly ChangeResult[],
  control: Control,
): Promise<Plan> {
  const { plan, keys } = judgement;
  if (outcomes.length === 0 && plan.left === 0) return plan;
  const judged = (parts: Iterable<readonly ResourceKey[]>) =>
    judgeAgain(ports, target, judgement, parts, control);
  let last = plan;
  if (plan.left === 0 && outcomes.every((it) => it.outcome === 'applied')) {
    for await (const again of judged(writtenKeys(outcomes))) {
      last = again;
      if (again.changes.length > 0 || again.left > 0) break;
    }
    if (last.changes.length === 0 && last.left === 0) return last;
  }
  for await (const again of judged([keys])) last = again;
  return last;
}

/** Part by part; changes of one record mostly follow one another, and what is judged twice is judged alike. */
function* writtenKeys(outcomes: readonly ChangeResult[]): Generator<readonly ResourceKey[]> {
  let part = new Map<string, ResourceKey>();
  for (const { change } of outcomes) {
    part.set(keyId(change.key), change.key);
    if (part.size < recordsAtOnce) continue;
    yield [...part.values()];
    part = new Map();
  }
  if (part.size > 0) yield [...part.values()];
}
