import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import { lineOf } from './approval.ts';
import type { Change } from './change.ts';
import type { Control, Suspension } from './control.ts';
import { type Hold, moment } from './hold.ts';

/** Why nothing is done to a record now: it or its source is suspended, or its next try is not due yet. */
export function recordHold(control: Control, change: Change): Hold | undefined {
  return suspensionHold(control, change.key) ?? retryHold(control, change);
}

function suspensionHold(control: Control, key: ResourceKey): Hold | undefined {
  const { source } = control;
  if (source !== undefined) return hold(source, 'the source is suspended');
  const record = control.records.get(keyId(key));
  return record === undefined ? undefined : hold(record, 'suspended');
}

function hold(suspension: Suspension, what: string): Hold {
  return {
    guard: 'suspended',
    reason: `${what} ${suspensionText(suspension)}`,
    until: suspension.until,
  };
}

/** `by user:ann since … until …: REASON`. */
export function suspensionText({ actor, since, until, reason }: Suspension): string {
  const end = until === undefined ? '' : ` until ${moment(until)}`;
  return `by ${actor} since ${moment(since)}${end}${reason === '' ? '' : `: ${reason}`}`;
}

/** A change whose last try failed waits; undefined once another try is due, or for another change. */
function retryHold(control: Control, change: Change): Hold | undefined {
  const retry = control.retries.get(keyId(change.key));
  if (retry === undefined || retry.dueAt <= control.now || retry.line !== lineOf(change))
    return undefined;
  const tries = retry.failures === 1 ? 'the last try' : `${retry.failures} tries`;
  return {
    guard: 'retry',
    reason: `${tries} failed (${retry.error}); the next is due at ${moment(retry.dueAt)}`,
    until: retry.dueAt,
  };
}
