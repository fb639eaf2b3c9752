import { keyId } from '../manifest/manifest.ts';
import { type Change, type FieldChange, isSwitch } from './change.ts';
import type { Control, Reversal } from './control.ts';
import { type Hold, later, lengthText, moment } from './hold.ts';
import { valueText } from './value-text.ts';

/** So many reversals of a field in a window are a fight. */
const fight = 3;

/** A field that somebody else changes as often as Plumbline puts it back. */
export interface Fight {
  readonly field: FieldChange;
  /** Every reversal of the window, this one the last. */
  readonly reversals: readonly Reversal[];
  /** Whether this one has not been remembered yet. */
  readonly isNew: boolean;
  /** When it is enforced again, if nobody changes it until then. */
  readonly until: string;
}

/** The fields of a change that are fought over, and so are not enforced for now. */
export function fightsOf(control: Control, change: Change, window: number): Fight[] {
  const known = control.reversals.get(keyId(change.key));
  if (known === undefined || !(change.action === 'update' || isSwitch(change))) return [];
  return change.fields.flatMap((field) => {
    if (field.cause !== 'drift') return [];
    const found = fightOver(
      field,
      known.filter((it) => it.path === field.path),
      control.now,
      window,
    );
    return found === undefined ? [] : [found];
  });
}

/**
 * The fight over a field that somebody has changed once more: a new reversal, unless the value is the
 * one that was left to them. It ends once a whole window has passed since the last one.
 */
function fightOver(
  field: FieldChange,
  known: readonly Reversal[],
  now: string,
  window: number,
): Fight | undefined {
  const last = known.at(-1);
  if (last === undefined || later(last.at, window) <= now) return undefined;
  const before = known.filter((it) => later(it.at, window) > last.at);
  const left = before.length >= fight && sameValue(last.theirs, field.from);
  const reversals = left
    ? before
    : [...before, { path: field.path, at: now, ours: field.to, theirs: field.from }];
  if (reversals.length < fight) return undefined;
  const until = later((reversals.at(-1) as Reversal).at, window);
  return { field, reversals, isNew: !left, until };
}

/** Both values and the times, for the person who must make the two agree. */
export function fightHold(fights: readonly Fight[], window: number): Hold {
  const told = fights.map(({ field, reversals }) => {
    const times = reversals.map((it) => moment(it.at)).join(', ');
    return `somebody else set ${field.path} to ${valueText(field.from)} again and again (${times}), and the source says ${valueText(field.to)}`;
  });
  const until = fights.map((it) => it.until).reduce((a, b) => (a > b ? a : b));
  return {
    guard: 'fight',
    reason: `${told.join('; ')}; not enforced until it has been quiet for ${lengthText(window)}, at ${moment(until)}`,
    until,
  };
}

function sameValue(a: Reversal['theirs'], b: Reversal['theirs']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
