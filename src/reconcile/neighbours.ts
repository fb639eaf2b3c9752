import type { Plan } from '../plan/change.ts';
import type { Control } from '../plan/control.ts';
import { later } from '../plan/hold.ts';
import { readSourceState } from '../store/source-state.ts';
import type { Ports, Target } from './ports.ts';

/** How long deletes wait before a neighbour is asked again, in milliseconds. */
const askEvery = 30_000;

/**
 * The control of a plan that deletes while a neighbour has moved and nobody has read it: what leaves
 * here may have gone there, in the very same commit, so the deletes wait for it. Undefined where
 * nothing has to wait. A neighbour that cannot be reached, or could not be read as a whole, is taken
 * for what it was last.
 */
export async function waitingForNeighbours(
  { database, clock }: Ports,
  { neighbours = [] }: Target,
  plan: Plan,
  control: Control,
  signal: AbortSignal,
): Promise<Control | undefined> {
  const isDeleting = plan.changes.some((it) => it.action === 'delete' && it.held !== true);
  if (!isDeleting) return undefined;
  const moved: string[] = [];
  for (const source of neighbours) {
    const state = await database.read((query) => readSourceState(query, source.name));
    if (state?.policyDigest === '') continue;
    const revision = await source.revision(signal).catch(() => state?.revision);
    if (revision !== state?.revision) moved.push(source.name);
  }
  if (moved.length === 0) return undefined;
  const until = later(clock.now().toISOString(), askEvery);
  return { ...control, unread: { sources: moved, until } };
}
