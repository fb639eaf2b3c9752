import type { Change, Guard, Limits } from './change.ts';
import type { Spent } from './control.ts';
import { type Hold, later, lengthText } from './hold.ts';

/** What a source may do of itself only so much of. */
export const budgets = ['deletes', 'updates', 'exposure'] as const satisfies readonly Guard[];
export type Budget = (typeof budgets)[number];

/** From this many owned records up the share counts; below it every change is a large share. */
const shareCountsFrom = 10;

/**
 * The budgets that a change draws on. What is new puts nothing at risk that is there; publishing it
 * does. An undeploy that a delete asks for belongs to the delete.
 */
export function budgetsOf(change: Change): readonly Budget[] {
  const { action } = change;
  if (action === 'delete') return ['deletes'];
  if (action === 'deploy' || action === 'undeploy')
    return change.desired === undefined ? [] : ['exposure'];
  if (action !== 'update' && action !== 'adopt') return [];
  const { fields } = change;
  if (fields.length === 0) return [];
  return fields.some((it) => it.class === 'exposure') ? ['updates', 'exposure'] : ['updates'];
}

/**
 * Why the changes that draw on a budget must wait, all of them; undefined where they may go on. What
 * was done in the window before counts too, so that many small commits cannot do what one may not.
 */
export function overspent(
  budget: Budget,
  limits: Limits,
  count: { readonly due: number; readonly owned: number; readonly spent: Spent },
): Hold | undefined {
  const { count: most, percent } = limits[budget];
  const before = count.spent[budget];
  const total = count.due + before;
  // The records that were deleted are part of what the share is taken of.
  const owned = count.owned + (budget === 'deletes' ? before : 0);
  if (count.due === 0) return undefined;
  const due = `${count.due} ${nouns[budget]}`;
  const what =
    before > 0
      ? `${due} and ${before} in the last ${lengthText(limits.window)}`
      : `${due} in one run`;
  const isMany = most !== undefined && total > most;
  const isMuch = percent !== undefined && owned >= shareCountsFrom && total * 100 > percent * owned;
  if (!isMany && !isMuch) return undefined;
  const subject = isMuch ? `${what}, of ${owned} owned records,` : what;
  const limit = [...(isMany ? [`${most}`] : []), ...(isMuch ? [`${percent} %`] : [])];
  const settings = [...(isMany ? ['count'] : []), ...(isMuch ? ['percent'] : [])];
  const raise = settings.map((it) => `limits.${budget}.${it}`).join(' and ');
  return {
    guard: budget,
    reason: `${subject} are more than the limit of ${limit.join(' and of ')}; approve the plan, or raise ${raise} for this source`,
    until: before > 0 && count.spent.since ? later(count.spent.since, limits.window) : undefined,
  };
}

const nouns: Record<Budget, string> = {
  deletes: 'deletes',
  updates: 'updates',
  exposure: 'changes of exposure',
};
