import type { JsonValue } from '../lib/json.ts';

/** Somebody has stopped Plumbline from touching a source or a record. */
export interface Suspension {
  readonly reason: string;
  readonly actor: string;
  /** ISO 8601. */
  readonly since: string;
  /** When it ends by itself. */
  readonly until: string | undefined;
}

/** A person has seen these held changes and lets them go, as long as what they rest on stays the same. */
export interface Approval {
  /** See `Plan.basis`. */
  readonly basis: string;
  /** See `lineOf`. */
  readonly lines: readonly string[];
}

/** A record whose last write failed. */
export interface Retry {
  /** The change that failed, see `lineOf`; another one is tried at once. */
  readonly line: string;
  readonly failures: number;
  readonly error: string;
  /** ISO 8601. */
  readonly dueAt: string;
}

/** Somebody else changed a field that Plumbline enforces. */
export interface Reversal {
  readonly path: string;
  /** When it was found; ISO 8601. */
  readonly at: string;
  readonly ours: JsonValue;
  readonly theirs: JsonValue;
}

/** What a source did within its window without being approved. */
export interface Spent {
  readonly deletes: number;
  readonly updates: number;
  readonly exposure: number;
  /** When the oldest of it was done; undefined where nothing was. */
  readonly since: string | undefined;
}

/** What restrains the plans of a source besides its policy, as the store remembers it. Maps are by key id. */
export interface Control {
  /** The moment of judgement; ISO 8601. */
  readonly now: string;
  readonly source: Suspension | undefined;
  readonly records: ReadonlyMap<string, Suspension>;
  readonly approvals: readonly Approval[];
  readonly spent: Spent;
  readonly retries: ReadonlyMap<string, Retry>;
  /** Oldest first. */
  readonly reversals: ReadonlyMap<string, readonly Reversal[]>;
  /** Other sources that have moved and were not read since, and when to ask again; nothing is deleted meanwhile. */
  readonly unread?: { readonly sources: readonly string[]; readonly until: string };
}

export const unspent: Spent = { deletes: 0, updates: 0, exposure: 0, since: undefined };

/** Nothing is remembered; a person who works by hand is restrained by nothing but the policy. */
export const unrestrained: Control = {
  now: '',
  source: undefined,
  records: new Map(),
  approvals: [],
  spent: unspent,
  retries: new Map(),
  reversals: new Map(),
};
