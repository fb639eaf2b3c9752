import type { Diagnostic } from '../lib/diagnostic.ts';
import type { JsonValue } from '../lib/json.ts';
import type { RiskClass } from '../manifest/kind.ts';
import type { LoadedManifest, Manifest, ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Allowance } from './allowance.ts';
import type { Suspension } from './control.ts';

export type { LiveRecord };

/**
 * What a run would do to one resource. Desired state is what the source says; live state is what the
 * records say; the inventory is what the source itself put there. A record that is live but in no
 * inventory is foreign: it is adopted only when the source declares it and may, and never touched
 * otherwise.
 */
export type Action = 'create' | 'update' | 'delete' | 'deploy' | 'undeploy' | 'adopt' | 'blocked';

/** Where a difference comes from: the source changed, the record changed, or both did. */
export type Cause = 'git' | 'drift' | 'both';

/** One field that differs: `from` is what is live, `to` what would be written; null where there is nothing. */
export interface FieldChange {
  readonly path: string;
  readonly from: JsonValue;
  readonly to: JsonValue;
  readonly cause: Cause;
  readonly class: RiskClass;
}

/** What the inventory says of one resource of a source. */
export interface OwnedRecord {
  readonly key: ResourceKey;
  readonly kind: string;
  readonly source: string;
  readonly file: string;
  readonly document: number;
  readonly line: number;
  readonly blob: string;
  /** Digest of the manifest last applied. */
  readonly digest: string;
  /** The manifest last applied, in normal form: the base of the three-way comparison. */
  readonly applied: Manifest;
  readonly revision: string;
  /** Set while the file is gone but the record is kept, because `prune` is off or a guard held it. */
  readonly orphaned: boolean;
}

/**
 * What holds a change, and with it what lets it go: a person who approves the plan lifts all but the
 * last five, which end when the suspension is lifted, the field has been quiet, the next try is due,
 * what the change refers to is no longer held, or another source has been read.
 */
export const guards = [
  'anonymous',
  'class',
  'deletes',
  'updates',
  'exposure',
  'empty',
  'history',
  'suspended',
  'fight',
  'retry',
  'reference',
  'neighbour',
] as const;
export type Guard = (typeof guards)[number];

/** One entry of a plan. What cannot or must not be done now says so in `blocked` or `held`, with the reason. */
export interface Change {
  readonly action: Action;
  readonly key: ResourceKey;
  readonly kind: string;
  /** Of the declaring file, or of the one that declared it last. */
  readonly file?: string;
  readonly line?: number;
  readonly fields: readonly FieldChange[];
  /** Why it is blocked (an action that must not happen) or held (one that waits for a person). */
  readonly reason?: string;
  readonly held?: true;
  /** What holds it. */
  readonly guard?: Guard;
  /** When it may go on although nobody does anything; ISO 8601. */
  readonly until?: string;
  /** A person has approved just this change, so no budget counts it. */
  readonly approved?: true;
  /** Normal form of what the record holds afterwards, encoded; absent where no field of it is written. */
  readonly write?: string;
  /** What the inventory remembers as applied once this change is done; absent for delete. */
  readonly desired?: LoadedManifest;
  /** What is there; absent for create. */
  readonly live?: LiveRecord;
  /** What this source applied before, if it did. */
  readonly owned?: OwnedRecord;
  /** Set for a create that brings back a deleted record as the one that it was. */
  readonly restores?: Deleted;
}

/** What a deleted record had besides its manifest. */
export interface Deleted {
  /** Of its row in the trash. */
  readonly trash: number;
  readonly id: number;
  readonly generation: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly columns: LiveRecord['columns'];
}

/** A switch of deployment, which goes with a write of the same record or alone. */
export function isSwitch({ action }: Change): boolean {
  return action === 'deploy' || action === 'undeploy';
}

export const summaryKeys = [
  'create',
  'update',
  'delete',
  'deploy',
  'undeploy',
  'adopt',
  'unchanged',
  'held',
  'blocked',
  'invalid',
] as const;
/**
 * Counts of changes per action; a held one counts as held only. `unchanged` counts the declared
 * resources that the plan leaves as they are, `invalid` those that a problem keeps from being looked
 * at, with a file that could not be read at all as one.
 */
export type Summary = Readonly<Record<(typeof summaryKeys)[number], number>>;

/**
 * A value saying what a run would do, in the order it would do it: what is referred to before what
 * refers to it, deletes last and the other way about. `id` is a digest of everything the plan rests
 * on, so equal ids mean equal plans.
 */
export interface Plan {
  readonly source: string;
  readonly revision: string;
  readonly id: string;
  /** Digest of what a plan rests on besides its changes; an approval holds only on the same. */
  readonly basis: string;
  readonly summary: Summary;
  readonly changes: readonly Change[];
  /** Set while somebody keeps Plumbline from the whole source. */
  readonly suspended?: Suspension;
  readonly problems: readonly Diagnostic[];
  /** What the source lets go of, because another source declares it now; absent where there is nothing. */
  readonly released?: readonly Release[];
  /**
   * Records that somebody changed since they were applied and that this plan leaves so, because the policy
   * only reports drift.
   */
  readonly left: number;
  /** What the inventory must follow although no record changes. */
  readonly bookkeeping: readonly Bookkeeping[];
}

/** A record that stays as it is and waits for its next owner. */
export interface Release {
  readonly key: ResourceKey;
  readonly kind: string;
  /** The source that declares it. */
  readonly to: string;
}

/** An inventory row to write although the record stays as it is, or to drop because the record is gone already. */
export type Bookkeeping =
  | { readonly kind: 'record'; readonly desired: LoadedManifest; readonly live: LiveRecord }
  | { readonly kind: 'orphan'; readonly owned: OwnedRecord }
  | { readonly kind: 'forget'; readonly owned: OwnedRecord };

/** What became of one change when the plan was executed. */
export interface ChangeResult {
  readonly change: Change;
  readonly outcome: 'applied' | 'failed' | 'held' | 'skipped';
  readonly error?: { readonly code: string; readonly message: string };
}

/** What a source allows a run to do. */
export interface Policy {
  readonly prune: boolean;
  readonly drift: 'enforce' | 'report';
  readonly adopt: boolean;
  readonly allowEmpty: boolean;
  readonly limits: Limits;
  /** For each class of fields whether their changes wait for a person. */
  readonly classes: Readonly<Record<RiskClass, 'auto' | 'hold'>>;
  /** Milliseconds in which the third change of a field by somebody else ends its enforcement. */
  readonly fightWindow: number;
  /** Whether a revision that does not follow the last one applied is taken or waits. */
  readonly history: 'follow' | 'hold';
  /** What it may declare; everything without it. */
  readonly allow?: Allowance;
}

/** How much may be done within a window without being approved; what is absent does not limit. */
export interface Limits {
  readonly deletes: Limit;
  readonly updates: Limit;
  readonly exposure: Limit;
  /** Milliseconds. */
  readonly window: number;
}

export interface Limit {
  readonly count?: number | undefined;
  /** Of what the source owns. */
  readonly percent?: number | undefined;
}
