import type { Diagnostic } from '../lib/diagnostic.ts';
import type { JsonValue } from '../lib/json.ts';
import type { RiskClass } from '../manifest/kind.ts';
import type { LoadedManifest, Manifest, ResourceKey } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Allowance } from './allowance.ts';

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
  /** Normal form of what the record holds afterwards; absent where no field of it is written. */
  readonly write?: Manifest;
  /** What the inventory remembers as applied once this change is done; absent for delete. */
  readonly desired?: LoadedManifest;
  /** What is there; absent for create. */
  readonly live?: LiveRecord;
  /** What this source applied before, if it did. */
  readonly owned?: OwnedRecord;
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
  readonly summary: Summary;
  readonly changes: readonly Change[];
  readonly problems: readonly Diagnostic[];
  /** Records that somebody changed since they were applied and that this plan leaves so, because the policy only reports drift. */
  readonly left: number;
  /** What the inventory must follow although no record changes. */
  readonly bookkeeping: readonly Bookkeeping[];
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
  readonly deletes: { readonly count: number; readonly percent: number };
  /** What it may declare; everything without it. */
  readonly allow?: Allowance;
}
