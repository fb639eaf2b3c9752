import { randomUUID } from 'node:crypto';
import { recordNotFound } from '../broker/not-found.ts';
import { requireVerb } from '../broker/verbs.ts';
import { PlumblineError } from '../lib/errors.ts';
import { putAt, valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import type { LoadResult } from '../manifest/load.ts';
import {
  keyId,
  type LoadedManifest,
  type Manifest,
  type ResourceKey,
} from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { buildPlan } from '../plan/build.ts';
import type { ChangeResult, OwnedRecord, Plan, Policy } from '../plan/change.ts';
import { isProtected, protect } from '../plan/guard.ts';
import { type Errand, readAround, type Surroundings } from './around.ts';
import { refuseUndone, refuseUnready } from './conclude.ts';
import { execute } from './execute.ts';
import type { Ports } from './ports.ts';

/** The source name that reports show for what a person does by hand; no record is owned by it. */
export const manual = 'manual';

/** Who does something by hand, and when to stop. */
export interface By {
  readonly actor: string;
  readonly signal: AbortSignal;
  /** A command, unless it came over HTTP. */
  readonly trigger?: 'command' | 'request';
}

/** A person who types a command has decided; budgets are for what happens at night. */
const policy: Policy = {
  prune: true,
  drift: 'enforce',
  adopt: true,
  history: 'follow',
  allowEmpty: true,
  limits: { deletes: {}, updates: {}, exposure: {}, window: 0 },
  classes: {
    exposure: 'auto',
    capability: 'auto',
    cost: 'auto',
    behaviour: 'auto',
    cosmetic: 'auto',
  },
  fightWindow: 0,
};

/** What applying these manifests by hand would do. Records that a source owns, and still declares, are blocked. */
export async function planApply(ports: Ports, account: string, loaded: LoadResult): Promise<Plan> {
  const state = await around(ports, { account, manifests: loaded.manifests });
  const declared = new Set(loaded.manifests.map((it) => keyId(it.key)));
  const isFree = (id: string) => state.rows.get(id)?.orphaned !== false;
  const mine = state.live.filter(({ key }) => declared.has(keyId(key)) && isFree(keyId(key)));
  return plan(ports, state, loaded.manifests, mine, loaded);
}

/** A record that somebody names: its kind, and its key. */
export interface Named {
  readonly kind: Kind;
  readonly key: ResourceKey;
}

/**
 * What deleting these records by hand would do. Throws RECORD_NOT_FOUND, RECORD_OWNED for what a source
 * owns, and RECORD_PROTECTED.
 */
export async function planDelete(
  ports: Ports,
  account: string,
  named: readonly Named[],
): Promise<Plan> {
  const state = await around(ports, { account, leaving: named.map((it) => it.key) });
  const records = named.map((it) => found(state, it));
  for (const record of records) {
    refuseOwned(state, record);
    refuseProtected(record);
  }
  return plan(ports, state, [], records);
}

/**
 * What switching the deployment of a record by hand would do. Throws VERB_NOT_IMPLEMENTED for a kind
 * without an endpoint, and RECORD_OWNED where a manifest says otherwise, because the next sync would
 * undo the switch.
 */
export async function planDeployment(
  ports: Ports,
  kind: Kind,
  key: ResourceKey,
  deployed: boolean,
): Promise<Plan> {
  requireVerb(kind, deployed ? 'deploy' : 'undeploy');
  const path = kind.deployment as string;
  const state = await around(ports, { account: key.account, keys: [key] });
  const record = found(state, { kind, key });
  refuseManaged(state, record, deployed, path);
  const manifest = structuredClone(record.manifest) as Manifest & Record<string, unknown>;
  putAt(manifest, path, deployed);
  return plan(ports, state, [asLoaded(record, manifest, deployed)], [record]);
}

/** Executes a plan made here; the records it writes stay owned by nobody. */
export function executeManual(
  ports: Ports,
  plan: Plan,
  { actor, signal, trigger = 'command' }: By,
): Promise<ChangeResult[]> {
  const run = {
    id: randomUUID(),
    trigger,
    actor,
    source: undefined,
    revision: '',
    counter: 0,
  };
  return execute(ports, plan, run, signal);
}

/**
 * Executes a plan made here as a whole or not at all: throws what refuses it before anything is
 * written, and what a write or an endpoint failed with.
 */
export async function perform(ports: Ports, plan: Plan, by: By): Promise<ChangeResult[]> {
  refuseUnready(plan);
  const results = await executeManual(ports, plan, by);
  refuseUndone(results);
  return results;
}

function around({ database, brokers }: Ports, errand: Errand): Promise<Surroundings> {
  return database.read((query) => readAround(query, brokers, errand));
}

function plan(
  ports: Ports,
  state: Surroundings,
  desired: readonly LoadedManifest[],
  mine: readonly LiveRecord[],
  loaded?: LoadResult,
): Plan {
  const free = new Set(mine.map((record) => keyId(record.key)));
  return buildPlan({
    source: manual,
    revision: '',
    desired,
    live: state.live,
    owned: mine.map(asOwned),
    beyond: state.beyond,
    ownerOf: (id) => (free.has(id) ? undefined : state.rows.get(id)?.source),
    problems: loaded?.problems ?? [],
    declaredButInvalid: loaded?.declared ?? [],
    unknownContent: loaded?.unknown ?? [],
    kinds: ports.brokers.kinds,
    policy,
    toolVersion: ports.version,
  });
}

/** What writing these manifests by hand would do; none of them has a record yet. */
export async function planWritten(
  ports: Ports,
  account: string,
  manifests: readonly LoadedManifest[],
): Promise<Plan> {
  return plan(ports, await around(ports, { account, manifests }), manifests, []);
}

/** A record of another kind that has the name, as plugins can have it, is not the one that was named. */
function found(state: Surroundings, { kind, key }: Named): LiveRecord {
  const record = state.live.find((it) => keyId(it.key) === keyId(key) && it.kind === kind.name);
  if (record === undefined) throw recordNotFound(kind.name, key.name);
  return record;
}

function refuseOwned({ rows }: Surroundings, record: LiveRecord): void {
  const row = rows.get(keyId(record.key));
  // What is orphaned was let go of by its source already; the record is kept for a person to decide.
  if (row === undefined || row.orphaned) return;
  throw new PlumblineError(
    'RECORD_OWNED',
    `${record.kind} ${record.key.name} belongs to the source ${row.source}`,
    {
      hint: `remove its manifest from ${row.file} there; the next sync deletes it where prune is true, and leaves it to you where it is not. A source that is gone for good is let go of with 'plumbline release ${row.source}'`,
      place: { file: row.file, line: row.line },
    },
  );
}

function refuseProtected({ kind, key, manifest }: LiveRecord): void {
  if (!isProtected(manifest)) return;
  throw new PlumblineError(
    'RECORD_PROTECTED',
    `${kind} ${key.name} is protected by the annotation ${protect}`,
    { hint: `apply it without that annotation first; 'plumbline export' prints its manifest` },
  );
}

function refuseManaged(
  { rows }: Surroundings,
  record: LiveRecord,
  deployed: boolean,
  path: string,
): void {
  const row = rows.get(keyId(record.key));
  if (row === undefined || row.orphaned) return;
  const said = valueAt(JSON.parse(row.applied), path);
  if (said === undefined || said === deployed) return;
  throw new PlumblineError(
    'RECORD_OWNED',
    `the source ${row.source} says ${path}: ${said} for ${record.kind} ${record.key.name}`,
    {
      hint: `change it in the document at ${row.file}:${row.line}, or remove ${path} there to decide it by hand`,
      place: { file: row.file, line: row.line },
    },
  );
}

/** What is live counts as what was applied last, so that every difference is the person's doing. */
function asOwned(record: LiveRecord): OwnedRecord {
  return {
    key: record.key,
    kind: record.kind,
    source: manual,
    file: '',
    document: 0,
    line: 0,
    blob: '',
    digest: record.digest,
    applied: record.manifest,
    revision: '',
    orphaned: false,
  };
}

function asLoaded(record: LiveRecord, manifest: Manifest, deployed: boolean): LoadedManifest {
  return {
    manifest,
    key: record.key,
    kind: record.kind,
    digest: record.digest,
    deployed,
    references: [],
    file: '',
    document: 0,
    line: 0,
    blob: '',
  };
}
