import type { Diagnostic } from '../lib/diagnostic.ts';
import { isObject, valueAt } from '../lib/json.ts';
import { looksSecret } from '../lib/yaml-frame.ts';
import type { Kind, KindSet } from '../manifest/kind.ts';
import { kindsOf } from '../manifest/load-references.ts';
import {
  keyId,
  type LoadedManifest,
  type Manifest,
  type ResourceKey,
} from '../manifest/manifest.ts';
import { referencesOf } from '../manifest/references.ts';
import type { Change, LiveRecord, OwnedRecord, Policy } from './change.ts';
import { type Control, unrestrained } from './control.ts';
import { basisOf } from './plan-id.ts';

/**
 * What a plan must know of everything that its lists leave out, because nothing of it has moved and all
 * of it is known to be as declared.
 */
export interface Beyond {
  /** How many resources are declared there. */
  readonly unchanged: number;
  /** How many records the source owns there. */
  readonly owned: number;
  /** Those of its records that the lists refer to, by key id. */
  readonly records: ReadonlySet<string>;
  /** Names that somebody may have meant, by name space. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Everything a plan rests on; the order of the lists has no meaning. */
export interface PlanInput {
  readonly source: string;
  readonly revision: string;
  /**
   * The account whose records `live` holds. When given, what the source owns in other accounts is left
   * alone: nobody has looked at it.
   */
  readonly account?: string;
  /** Every valid manifest of the source that is in scope. */
  readonly desired: readonly LoadedManifest[];
  /** Every record of the account that is in scope or refers to what leaves, whoever owns it. */
  readonly live: readonly LiveRecord[];
  /** What this source owns, as far as it is in scope. */
  readonly owned: readonly OwnedRecord[];
  /** Absent where everything is in scope. */
  readonly beyond?: Beyond;
  /** The name of another source that owns a key; undefined where none does. */
  readonly ownerOf: (id: string) => string | undefined;
  /** The other sources that declare a resource as well, by key id. */
  readonly rivals?: ReadonlyMap<string, readonly string[]>;
  /** Found while loading. */
  readonly problems: readonly Diagnostic[];
  /** Keys that broken manifests declare: their records stay as they are. */
  readonly declaredButInvalid: readonly ResourceKey[];
  /** Files that may declare anything. With one of them, nothing counts as gone. */
  readonly unknownContent: readonly string[];
  readonly kinds: KindSet;
  readonly policy: Policy;
  /** What restrains the plan besides the policy; nothing when absent. */
  readonly control?: Control;
  /** Of Plumbline itself. */
  readonly toolVersion: string;
}

/** The input, ready to be looked things up in by key id. */
export interface World extends PlanInput {
  readonly control: Control;
  /** See `Plan.basis`. */
  readonly basis: string;
  /** The changes that need nobody's word any more, see `lineOf`. */
  readonly approved: ReadonlySet<string>;
  readonly declared: ReadonlyMap<string, LoadedManifest>;
  readonly records: ReadonlyMap<string, LiveRecord>;
  readonly inventory: ReadonlyMap<string, OwnedRecord>;
  readonly invalid: ReadonlySet<string>;
}

export function worldOf(input: PlanInput): World {
  const owned = input.owned.filter(
    ({ key }) => input.account === undefined || key.account === input.account,
  );
  let declared: World['declared'] | undefined;
  return {
    ...input,
    control: input.control ?? unrestrained,
    basis: basisOf(input),
    approved: new Set(),
    owned,
    // Of a first run nobody asks: nothing is owned that could be declared no more.
    get declared() {
      declared ??= byId(input.desired);
      return declared;
    },
    records: byId(input.live),
    inventory: byId(owned),
    invalid: new Set(input.declaredButInvalid.map(keyId)),
  };
}

function byId<T extends { readonly key: ResourceKey }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [keyId(item.key), item]));
}

/** Whether there is a record, in scope or beyond. */
export function isThere(world: World, id: string): boolean {
  return world.records.has(id) || world.beyond?.records.has(id) === true;
}

/** The kind of a manifest or record; every one that reaches a plan has a known one. */
export function kindNamed(kinds: KindSet, name: string): Kind {
  const kind = kinds.byName(name);
  if (kind === undefined) throw new Error(`no kind is named ${name}`);
  return kind;
}

/** Key ids of everything a manifest refers to. */
export function* targetsOf(kind: Kind, manifest: Manifest, account: string): Generator<string> {
  for (const { space, name } of referencesOf(kind, manifest)) yield keyId({ account, space, name });
}

/** What a person calls the resource that a reference means; only its name space is known. */
export function referenceTitle(kinds: KindSet, id: string): string {
  const [, space = '', name = ''] = id.split('/');
  return `${kindsOf(space, kinds)} ${looksSecret(name) ? 'of that name' : name}`;
}

/** The value of an annotation; of the last one where several have the key. */
export function annotation(manifest: Manifest, key: string): unknown {
  const list = valueAt(manifest, 'metadata.annotations');
  if (!Array.isArray(list)) return undefined;
  const holder = list.findLast((it) => isObject(it) && Object.hasOwn(it, key));
  return isObject(holder) ? holder[key] : undefined;
}

/** The name a person knows a resource by. */
export function title({ kind, key }: Pick<Change, 'kind' | 'key'>): string {
  return `${kind} ${key.name}`;
}
