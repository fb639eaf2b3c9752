import type { Change, Policy } from './change.ts';
import type { Hold } from './hold.ts';

/** Why a change waits because a class of its fields does: the fields and classes are those that the plan shows. */
export function classHold({ classes }: Policy, change: Change): Hold | undefined {
  if (!Object.values(classes).includes('hold')) return undefined;
  const waiting = change.fields.filter((it) => classes[it.class] === 'hold');
  const [first] = waiting;
  if (first === undefined) return undefined;
  const names = [...new Set(waiting.map((it) => it.class))].join(', ');
  const paths = waiting.map((it) => it.path);
  const shown = paths.length > 3 ? [...paths.slice(0, 3), `${paths.length - 3} more`] : paths;
  return {
    guard: 'class',
    reason: `policy holds changes of ${names} (${shown.join(', ')}); approve the plan to let it go`,
  };
}
