import { digestOf } from '../lib/digest.ts';
import type { JsonValue } from '../lib/json.ts';
import { keyId } from '../manifest/manifest.ts';
import type { Control, Reversal, Suspension } from '../plan/control.ts';
import { later } from '../plan/hold.ts';
import { type ApprovalRow, approvals } from '../store/approvals.ts';
import type { Query } from '../store/database.ts';
import type { RecordKey } from '../store/record-key.ts';
import { type RetryRow, retries } from '../store/retries.ts';
import { reversals } from '../store/reversals.ts';
import { spentSince } from '../store/spending.ts';
import { type SuspensionRow, suspensions } from '../store/suspensions.ts';
import type { Ports, Target } from './ports.ts';
import type { Trigger } from './status.ts';

/** What people have told Plumbline of a source. */
export interface Orders {
  /** Every suspension, of sources and of records. */
  readonly suspended: readonly SuspensionRow[];
  readonly approved: readonly ApprovalRow[];
}

/** What restrains a source at one moment, with the rows that say so. */
export interface ControlState extends Orders {
  readonly control: Control;
  readonly waiting: readonly RetryRow[];
}

/** Somebody who asks for a run wants every record tried, also one whose next try is not due. */
export function isImpatient(trigger: Trigger): boolean {
  return ['command', 'request', 'signal'].includes(trigger);
}

/** The orders that stand now (ISO 8601). */
export async function readOrders(query: Query, source: string, now: string): Promise<Orders> {
  return {
    suspended: await suspensions(query, now),
    approved: await approvals(query, now, source),
  };
}

/** Moves when a person suspends, resumes or approves, and when one of these ends. */
export function ordersDigest({ suspended, approved }: Orders): string {
  return digestOf([suspended, approved]);
}

/** The suspension of a whole source, if there is one. */
export function suspensionOfSource(
  { suspended }: Pick<Orders, 'suspended'>,
  name: string,
): Suspension | undefined {
  const row = suspended.find((it) => it.source === name);
  return row && suspensionOf(row);
}

export function readControl(
  { database, clock }: Ports,
  { source: { name }, policy }: Target,
  trigger: Trigger,
): Promise<ControlState> {
  const now = clock.now().toISOString();
  return database.read(async (query) => {
    const orders = await readOrders(query, name, now);
    const waiting = await retries(query, name);
    const due = isImpatient(trigger) ? [] : waiting;
    const control: Control = {
      now,
      source: suspensionOfSource(orders, name),
      records: suspendedRecords(orders),
      approvals: orders.approved.map(({ basis, lines }) => ({ basis, lines: JSON.parse(lines) })),
      spent: await spentSince(query, name, later(now, -policy.limits.window)),
      retries: new Map(due.map((row) => [keyId(row), row])),
      reversals: await reversalsOf(query, name),
    };
    return { control, waiting, ...orders };
  });
}

/** The suspensions of records, by key id. */
export function suspendedRecords({
  suspended,
}: Pick<Orders, 'suspended'>): Map<string, Suspension> {
  const records = new Map<string, Suspension>();
  for (const row of suspended) {
    const key = recordKeyOf(row);
    if (key !== undefined) records.set(keyId(key), suspensionOf(row));
  }
  return records;
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
