import type { Diagnostic } from '../lib/diagnostic.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import {
  EncodedManifest,
  encoded,
  keyId,
  type LoadedManifest,
  type Manifest,
} from '../manifest/manifest.ts';
import { beyondAllowance } from './allowance.ts';
import type {
  Action,
  Bookkeeping,
  Change,
  FieldChange,
  LiveRecord,
  OwnedRecord,
  Policy,
} from './change.ts';
import { Creation } from './creation.ts';
import { diffFields, type Switched, switchedFields } from './diff.ts';
import { kindNamed, referenceTitle, targetsOf, title, type World } from './world.ts';
import { keeping, settled } from './written.ts';

/** What a plan does about one declared resource; no changes mean that it is left as it is. */
export interface Verdict {
  readonly changes: readonly Change[];
  readonly book?: Bookkeeping;
  readonly problem?: Diagnostic;
}

/** One declared resource with all that is known of it. */
interface Case {
  readonly desired: LoadedManifest;
  readonly kind: Kind;
  readonly live: LiveRecord | undefined;
  readonly owned: OwnedRecord | undefined;
  readonly policy: Policy;
}

type Write =
  | { readonly action: 'create'; readonly manifest: Manifest }
  | {
      readonly action: 'update' | 'adopt';
      readonly fields: readonly FieldChange[];
      /** Undefined when a record that already is as desired is only taken over. */
      readonly manifest: Manifest | undefined;
    };

/**
 * Compares one declared resource with its record. `exists` tells whether a record is there by the time this
 * one is written.
 */
export function judgeDeclared(
  world: World,
  desired: LoadedManifest,
  exists: (id: string) => boolean,
): Verdict {
  const id = keyId(desired.key);
  const live = world.records.get(id);
  const owned = world.inventory.get(id);
  const kind = kindNamed(world.kinds, desired.kind);
  const it: Case = { desired, kind, live, owned, policy: world.policy };
  const beyond = beyondAllowance(world.policy, kind.name, desired.key);
  if (beyond !== undefined) return notAllowed(it, beyond);
  const owner = world.ownerOf(id);
  if (owner !== undefined) return conflict(it, owner);
  if (live !== undefined && live.kind !== kind.name)
    return blocked(
      it,
      `the record of that name is of kind ${live.kind}, and a record cannot change its kind; delete it first or choose another name`,
    );
  if (live === undefined && owned !== undefined && world.policy.drift === 'report')
    return { changes: [] };
  const write = writeOf(it);
  const change = switchOf(it);
  if (isForeign(it, write, change))
    return blocked(
      it,
      'the record is there, belongs to no source and differs; set adopt: true for this source to take it over, or delete the record',
      fieldsOf(it, write),
    );
  const missing = missingReference(it, write, exists);
  if (missing !== undefined)
    return blocked(
      it,
      `it refers to ${referenceTitle(world.kinds, missing)}, whose record this run does not make`,
      fieldsOf(it, write),
    );
  return withRivals(it, due(it, write, change), world.rivals?.get(id));
}

/** The owner of a record that another source declares too is told at its own manifest; the other is told at its. */
function withRivals(it: Case, verdict: Verdict, rivals: readonly string[] | undefined): Verdict {
  const { desired, kind } = it;
  const [rival] = rivals ?? [];
  if (rival === undefined) return verdict;
  const { file, line, key } = desired;
  const message = `${title({ kind: kind.name, key })} is declared by the source ${rival} too; it stays as it is declared here`;
  const hint = 'remove one of the two manifests';
  return {
    ...verdict,
    problem: {
      ...{ severity: 'warning', code: 'MANIFEST_CONFLICT', file, line, column: 1 },
      ...{ message, hint },
    },
  };
}

function writeOf({ desired, kind, live, owned, policy }: Case): Write | undefined {
  if (live === undefined) return { action: 'create', manifest: desired.manifest };
  const fields =
    live.digest === desired.digest
      ? []
      : diffFields(kind, live.manifest, desired.manifest, owned?.applied);
  if (owned === undefined)
    return {
      action: 'adopt',
      fields,
      manifest: fields.length === 0 ? undefined : desired.manifest,
    };
  const left = policy.drift === 'report' ? fields.filter((field) => field.cause === 'drift') : [];
  if (left.length === fields.length) return undefined;
  return {
    action: 'update',
    fields: fields.filter((field) => !left.includes(field)),
    manifest: keeping(
      desired.manifest,
      live.manifest,
      left.map((field) => field.path),
    ),
  };
}

function switchOf({ desired, kind, live, owned, policy }: Case): Switched | undefined {
  const from = live?.deployed ?? false;
  const owed = live?.owed;
  // Whoever decides on deployment, an endpoint that has not followed yet still must.
  const to = desired.deployed ?? (owed === undefined ? undefined : from);
  if (kind.deployment === undefined || to === undefined) return undefined;
  if (to === from) {
    if (owed === undefined) return undefined;
    // What is to be published anew is published, but not as it is now.
    return switchedFields(kind, owed.verb === 'redeploy' ? to : !to, to, undefined);
  }
  const change = switchedFields(kind, from, to, owned?.applied);
  return change[0].cause === 'drift' && policy.drift === 'report' ? undefined : change;
}

/** A record that belongs to nobody is only taken over when it already is as declared, or when the source may. */
function isForeign(it: Case, write: Write | undefined, change: Switched | undefined): boolean {
  const { live, owned, policy } = it;
  if (live === undefined || owned !== undefined || policy.adopt) return false;
  return change !== undefined || fieldsOf(it, write).length > 0;
}

function fieldsOf({ kind, owned }: Case, write: Write | undefined): readonly FieldChange[] {
  if (write?.action !== 'create') return write?.fields ?? [];
  return diffFields(kind, undefined, write.manifest, owned?.applied);
}

function missingReference(
  { desired, kind }: Case,
  write: Write | undefined,
  exists: (id: string) => boolean,
): string | undefined {
  if (write?.manifest === undefined) return undefined;
  for (const id of targetsOf(kind, write.manifest, desired.key.account)) if (!exists(id)) return id;
  return undefined;
}

/** The write and the switch as changes; whether they must wait is decided over all changes of the plan. */
function due(it: Case, write: Write | undefined, change: Switched | undefined): Verdict {
  const { desired, kind, live, owned } = it;
  const deployed = change === undefined ? (live?.deployed ?? false) : change[0].to === true;
  const written = write === undefined ? [] : [writing(it, write, deployed)];
  const switched =
    change === undefined ? [] : [entry(it, deployed ? 'deploy' : 'undeploy', change)];
  // Not one list that grows: it would have room for many more, and there is one for each record.
  const changes: readonly Change[] = [...written, ...switched];
  if (changes.length > 0 || live === undefined) return { changes };
  const book = bookOf(kind, desired, live, owned);
  return book === undefined ? { changes } : { changes, book };
}

function writing(it: Case, write: Write, deployed: boolean): Change {
  const { desired, kind } = it;
  const text = (manifest: Manifest) => {
    const after = settled(kind, manifest, deployed);
    return after === desired.manifest ? undefined : encoded(after);
  };
  if (write.action === 'create') return new Creation(kind, desired, it.owned, text(write.manifest));
  const change = entry(it, write.action, write.fields);
  if (write.manifest === undefined) return change;
  return { ...change, write: text(write.manifest) ?? EncodedManifest.text(desired) };
}

/** The inventory row to write when the record stays as it is but its manifest moved or was reworded. */
export function bookOf(
  kind: Kind,
  desired: LoadedManifest,
  live: LiveRecord,
  owned: OwnedRecord | undefined,
): Bookkeeping | undefined {
  if (owned === undefined) return undefined;
  const { file, document, line, blob, digest, deployed } = desired;
  const path = kind.deployment;
  const same =
    !owned.orphaned &&
    owned.file === file &&
    owned.document === document &&
    owned.line === line &&
    owned.blob === blob &&
    owned.digest === digest &&
    (path === undefined || valueAt(owned.applied, path) === deployed);
  return same ? undefined : { kind: 'record', desired, live };
}

function conflict(it: Case, owner: string): Verdict {
  return refused(it, 'MANIFEST_CONFLICT', {
    reason: `it belongs to the source ${owner}; change it there, or remove its manifest there first`,
    said: `belongs to the source ${owner}`,
    hint: `change it in the source ${owner}, or remove its manifest there first; where that source is gone for good, type 'plumbline release ${owner}'`,
  });
}

function notAllowed(it: Case, reason: string): Verdict {
  return refused(it, 'MANIFEST_NOT_ALLOWED', {
    reason,
    said: `must not stand here: ${reason}`,
    hint: 'declare it in another source, or have the operator change allow for this one',
  });
}

/** A manifest that must not have an effect: the change says why, and so does a problem at its place. */
function refused(
  it: Case,
  code: ErrorCode,
  { reason, said, hint }: { readonly reason: string; readonly said: string; readonly hint: string },
): Verdict {
  const { file, line } = it.desired;
  const change = entry(it, 'blocked', []);
  const message = `${title(change)} ${said}`;
  return {
    changes: [{ ...change, reason }],
    problem: { severity: 'error', code, file, line, column: 1, message, hint },
  };
}

function blocked(it: Case, reason: string, fields: readonly FieldChange[] = []): Verdict {
  return { changes: [{ ...entry(it, 'blocked', fields), reason }] };
}

function entry({ desired, kind, live, owned }: Case, action: Action, fields: Change['fields']) {
  const { key, file, line } = desired;
  const change = { action, key, kind: kind.name, file, line, fields, desired } satisfies Change;
  if (live === undefined && owned === undefined) return change;
  return {
    ...change,
    ...(live === undefined ? {} : { live }),
    ...(owned === undefined ? {} : { owned }),
  } satisfies Change;
}
