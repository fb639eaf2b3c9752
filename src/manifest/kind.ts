import type * as z from 'zod';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { Manifest, ResourceKey } from './manifest.ts';
import type { LiveRecord } from './record.ts';

/** What a change of a field puts at stake, from worst to least. */
export const riskClasses = ['exposure', 'capability', 'cost', 'behaviour', 'cosmetic'] as const;
export type RiskClass = (typeof riskClasses)[number];

export type ColumnType = 'text' | 'integer' | 'real' | 'boolean' | 'json' | 'timestamp';

/**
 * Where a field lives in the record. A `column` of the kind's main table or, with `table`, of one of
 * its one-to-one tables; or the rows of a `list` table, one per item, in `position` order. A column
 * with `references` holds the id of a record of that name space instead of its name.
 */
export type Storage =
  | { readonly column: string; readonly type: ColumnType; readonly table?: string }
  | { readonly list: string; readonly column: string };

/** One row of a kind's table of fields: the one place that knows a field's meaning and its column. */
export interface Field {
  /** Dotted path in the manifest, such as `spec.config.defaultModel`. */
  readonly path: string;
  readonly storage: Storage;
  readonly class: RiskClass;
  /** What absent and null mean; without it they mean "nothing". */
  readonly default?: JsonValue;
  /** A set is compared without regard to order; everything else is compared as it stands. */
  readonly compare?: 'set';
  /** Its maps have fixed keys, so a null inside of it means nothing too; elsewhere it is content. */
  readonly sparse?: true;
  /** The name space whose records this field names; one name, or a list of them. */
  readonly references?: string;
  /** Without a value the published resource is open to anonymous callers. */
  readonly guards?: 'anonymous';
  /** No two manifests of the account may say the same. */
  readonly unique?: true;
  /** Printed even where it equals the default, because other readers of manifests insist on the key. */
  readonly always?: true;
}

/**
 * A one-to-one table beside the main one. Without `path` it has a row for every record, with it only where
 * that value is set.
 */
export interface OneTable {
  readonly table: string;
  readonly path?: string;
}

/** The tables of a kind; every child table has a column named `<main>_id`. */
export interface RecordTables {
  readonly main: string;
  /** Tells the kinds apart that share a main table. */
  readonly discriminator?: { readonly column: string; readonly value: string };
  readonly ones: readonly OneTable[];
  /** Columns of the main table that must be unique within an account, besides the name. */
  readonly unique?: readonly string[];
}

/**
 * Where a kind keeps a secret value. In the normal form the field `value` holds a keyed hash, so that
 * values are compared without being known; what is sealed travels beside the manifest.
 */
export interface SecretStorage {
  /** The field that manifests write the value to. */
  readonly value: string;
  /** The field that says where the value comes from instead. */
  readonly from: string;
  /** A server-owned text column of the main table for the sealed value. */
  readonly column: string;
}

/** A problem that a kind's own check found, at a dotted path of the manifest as written. */
export interface KindProblem {
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Where clients run and for whom, as far as the configuration says: it goes into their status, and nowhere else. */
export interface Platform {
  readonly scheme: 'http' | 'https';
  /** Host, and port if need be, of the platform itself; without it no address can be derived. */
  readonly domain?: string;
  /** That default hosts lie below. */
  readonly apiDomain?: string;
  /** In place of the account of a record. */
  readonly accountNumber?: string;
  readonly username: string;
}

/** Everything Plumbline must know of a kind of manifest. Kinds are values; the list of all is `kinds/kinds.ts`. */
export interface Kind {
  /** As manifests write it: `LLMClient`. */
  readonly name: string;
  /** The name space of its names. */
  readonly space: string;
  /** Other words a person may type for it, in lower case; the plural is understood by itself. */
  readonly aliases: readonly string[];
  /** Others have a kind of this name, so with an apiVersion that is not ours it is theirs. */
  readonly sharesName?: true;
  /** One sentence for listings and the schema. */
  readonly summary: string;
  /** Shape of `spec`, strict, without defaults and without coercion; made when a manifest of the kind is met. */
  readonly spec: () => z.ZodType;
  /** Metadata keys beyond the common ones. */
  readonly metadata?: () => Readonly<Record<string, z.ZodType>>;
  /** Dotted paths of keys that old manifests carry: accepted with a warning, dropped by the loader. */
  readonly legacy: readonly string[];
  readonly fields: readonly Field[];
  readonly tables: RecordTables;
  /** The field that says whether the resource is published, for kinds that have an endpoint. */
  readonly deployment?: string;
  /** Verbs that only some kinds have; deploy and undeploy come with \`deployment\`. */
  readonly verbs?: readonly ('logs' | 'prompt')[];
  /** Status fields that a list of the reference platform shows besides name and times, with their types there. */
  readonly listed?: readonly { readonly name: string; readonly type: string }[];
  /** For kinds that keep a secret value. */
  readonly secret?: SecretStorage;
  /** Rules across fields; called with the normal form of a manifest whose shape is right. */
  readonly check?: (manifest: Manifest) => readonly KindProblem[];
  /** Columns of the main table that follow from the manifest and are not in it, such as the host label. */
  readonly derive?: (
    manifest: Manifest,
    key: ResourceKey,
  ) => Readonly<Record<string, string | number | null>>;
  /** Server-owned columns with their types, which no manifest sets. */
  readonly serverColumns?: Readonly<Record<string, ColumnType>>;
  /** Status fields beyond the common ones. */
  readonly status: (record: LiveRecord, platform: Platform) => JsonObject;
  /** A commented manifest to start from, as YAML text. */
  readonly example: string;
}

/** All kinds, with the look-ups everybody needs. */
export interface KindSet {
  readonly all: readonly Kind[];
  /** By the exact name a manifest must use. */
  byName(name: string): Kind | undefined;
  /** By any name a person may type: exact, lower case, plural, or an alias. */
  find(word: string): Kind | undefined;
  /** Position of a name space in apply order: what is referred to comes first. */
  rank(space: string): number;
}
