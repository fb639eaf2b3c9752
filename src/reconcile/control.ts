import { digestOf } from '../lib/digest.ts';
import type { JsonValue } from '../lib/json.ts';
import { keyId } from '../manifest/manifest.ts';
import type { Control, Reversal, Suspension } from '../plan/control.ts';
import { later } from '../plan/hold.ts';
import { type ApprovalRow, approvals } from '../store/approvals.ts';
import type { Query } from '../store/database.ts';
import type { RecordKey } from '../store/inventory.ts';
import { type RetryRow, retries } from '../store/retries.ts';
import { reversals } from '../store/reversals.ts';
import { spentSince } from '../store/spending.ts';
import { type SuspensionRow, suspensions } from '../store/suspensions.ts';
import type { Ports, Target } from './ports.ts';
import type { Trigger } from './status.ts';

/** What restrains a source at one moment, with the rows that say so. */
export interface ControlState {
  readonly control: Control;
  readonly approved: readonly ApprovalRow[];
  readonly waiting: readonly RetryRow[];
  readonly suspended: readonly SuspensionRow[];
}

/** Moves when a person suspends, resumes or approves, and when one of these ends. */
export function controlDigest({
  suspended,
  approved,
}: Pick<ControlState, 'suspended' | 'approved'>): string {
  return digestOf([suspended, approved]);
}

/** Somebody who asks for a run wants every record tried, also one whose next try is not due. */
export function isImpatient(trigger: Trigger): boolean {
  return ['command', 'request', 'signal'].includes(trigger);
}

export function readControl(ports: Ports, target: Target, trigger: Trigger): Promise<ControlState> {
  const now = ports.clock.now().toISOString();
  return ports.database.read((query) => controlOf(query, target, now, trigger));
}

async function controlOf(
  query: Query,
  { source: { name }, policy }: Target,
  now: string,
  trigger: Trigger,
): Promise<ControlState> {
  const suspended = await suspensions(query, now);
  const approved = await approvals(query, now, name);
  const waiting = await retries(query, name);
  const records = suspended.flatMap((row) => {
    const key = recordKeyOf(row);
    return key === undefined ? [] : [[keyId(key), suspensionOf(row)] as const];
  });
  const whole = suspended.find((row) => row.source === name);
  const control: Control = {
    now,
    source: whole && suspensionOf(whole),
    records: new Map(records),
    approvals: approved.map(({ basis, lines }) => ({ basis, lines: JSON.parse(lines) })),
    spent: await spentSince(query, name, later(now, -policy.limits.window)),
    retries: new Map(isImpatient(trigger) ? [] : waiting.map((row) => [keyId(row), row] as const)),
    reversals: await reversalsOf(query, name),
  };
  return { control, approved, waiting, suspended };
}

export function suspensionOf({ reason, actor, since, until }: SuspensionRow): Suspension {
  return { reason, actor, since, until: until ?? undefined };
}

/** The key of a suspended record; undefined for a suspended source. */
export function recordKeyOf({ account, space, name }: SuspensionRow): RecordKey | undefined {
  return account === null || space === null || name === null ? undefined : { account, space, name };
}

async function reversalsOf(query: Query, source: string): Promise<Control['reversals']> {
  const byKey = new Map<string, Reversal[]>();
  for (const { path, at, ours, theirs, ...key } of await reversals(query, source)) {
    const one = { path, at, ours: jsonValue(ours), theirs: jsonValue(theirs) };
    const known = byKey.get(keyId(key));
    if (known === undefined) byKey.set(keyId(key), [one]);
    else known.push(one);
  }
  return byKey;
}

function jsonValue(json: string): JsonValue {
  return JSON.parse(json) as JsonValue;
}
