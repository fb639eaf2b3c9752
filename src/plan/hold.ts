import type { Change, Guard } from './change.ts';
import { revised } from './creation.ts';

/** Why a change waits, and until when at the latest where time alone lets it go. */
export interface Hold {
  readonly guard: Guard;
  readonly reason: string;
  /** ISO 8601. */
  readonly until?: string | undefined;
}

/** A change that waits. One that is blocked or waits already stays as it is. */
export function hold(change: Change, { guard, reason, until }: Hold): Change {
  if (change.held === true || change.action === 'blocked') return change;
  const said = { held: true, guard, reason, ...(until === undefined ? {} : { until }) } as const;
  return revised(change, said);
}

/** A moment as people read it: to the second, in UTC. */
export function moment(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}

/** A moment so many milliseconds after another. */
export function later(iso: string, milliseconds: number): string {
  return new Date(Date.parse(iso) + milliseconds).toISOString();
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** A length of time in the largest unit that fits it: `24h` is `1d`. */
export function lengthText(milliseconds: number): string {
  const [unit, size] = units.find(([, it]) => milliseconds % it === 0) ?? ['ms', 1];
  return `${milliseconds / size}${unit}`;
}
