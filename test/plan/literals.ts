import { z } from 'zod';
import { type JsonObject, type JsonValue, putAt, valueAt } from '../../src/lib/json.ts';
import type { Field, Kind } from '../../src/manifest/kind.ts';
import { comparableOf, kindSet } from '../../src/manifest/kind-set.ts';
import {
  apiVersion,
  contentDigest,
  decoded,
  type LoadedManifest,
  type Manifest,
  type ResourceKey,
} from '../../src/manifest/manifest.ts';
import { buildPlan } from '../../src/plan/build.ts';
import type { Change, LiveRecord, OwnedRecord, Plan, Policy } from '../../src/plan/change.ts';
import type { PlanInput } from '../../src/plan/world.ts';

/** Three small kinds with everything a plan must know of a kind: a reference, a set, a default, an endpoint, a guard. */
function kind(name: string, space: string, fields: readonly Omit<Field, 'storage'>[]): Kind {
  return {
    name,
    space,
    aliases: [],
    summary: name,
    spec: () => z.any(),
    legacy: [],
    fields: [
      { path: 'metadata.annotations', class: 'cosmetic' as const, default: [] },
      ...fields,
    ].map((field) => ({ ...field, storage: { column: field.path, type: 'json' } })),
    tables: { main: space, ones: [] },
    ...(name === 'Bot' ? { deployment: 'spec.deployed' } : {}),
    status: () => ({}),
    example: '',
  };
}

const key = kind('Key', 'key', [{ path: 'spec.active', class: 'exposure', default: false }]);
const tool = kind('Tool', 'tool', [
  { path: 'spec.prompt', class: 'behaviour' },
  { path: 'spec.table', class: 'behaviour' },
]);
/** Shares the name space of Tool, as the plugin kinds share theirs. */
const sqlTool = kind('SqlTool', 'tool', [{ path: 'spec.query', class: 'behaviour' }]);
const bot = kind('Bot', 'bot', [
  { path: 'spec.deployed', class: 'exposure' },
  { path: 'spec.model', class: 'cost' },
  { path: 'spec.prompt', class: 'behaviour' },
  { path: 'spec.examples', class: 'cosmetic', default: [] },
  { path: 'spec.attach', class: 'capability', default: false },
  { path: 'spec.domain.name', class: 'exposure' },
  { path: 'spec.tools', class: 'capability', default: [], compare: 'set', references: 'tool' },
  { path: 'spec.key', class: 'exposure', references: 'key', guards: 'anonymous' },
]);
export const kinds = kindSet([bot, tool, sqlTool, key]);

export function kindOf(name: string): Kind {
  return kinds.byName(name) as Kind;
}

/** A manifest in normal form; defaults are filled in as the loader does. */
export function manifest(
  kindName: string,
  name: string,
  spec: JsonObject = {},
  annotations: readonly JsonObject[] = [],
): Manifest {
  const metadata = annotations.length === 0 ? { name } : { name, annotations };
  const out: Record<string, unknown> = { apiVersion, kind: kindName, metadata, spec: { ...spec } };
  for (const { path, default: value } of kindOf(kindName).fields)
    if (typeof value === 'boolean' && valueAt(out, path) === undefined) putAt(out, path, value);
  return out as unknown as Manifest;
}

export function keyOf({ kind: kindName, metadata }: Manifest): ResourceKey {
  return { account: 'acme', space: kindOf(kindName).space, name: metadata.name };
}

function digestOf(it: Manifest): string {
  return contentDigest(it, comparableOf(kindOf(it.kind)));
}

function deployedOf(it: Manifest): boolean | undefined {
  const path = kindOf(it.kind).deployment;
  return path === undefined ? undefined : (valueAt(it, path) as boolean | undefined);
}

/** A manifest as loaded from `<name>.yaml`, line 1. */
export function desired(it: Manifest, more: Partial<LoadedManifest> = {}): LoadedManifest {
  const references = kindOf(it.kind).fields.flatMap(({ path, references: space }) => {
    if (space === undefined) return [];
    const value = valueAt(it, path) ?? [];
    const names = Array.isArray(value) ? value : [value];
    return names.map((name: JsonValue, index) => ({
      path: Array.isArray(value) ? `${path}.${index}` : path,
      space,
      name: String(name),
      line: 7,
      column: 3 + index,
    }));
  });
  return {
    manifest: it,
    key: keyOf(it),
    kind: it.kind,
    digest: digestOf(it),
    deployed: deployedOf(it),
    references,
    file: `${it.metadata.name}.yaml`,
    document: 0,
    line: 1,
    blob: `sha1:${it.metadata.name}`,
    ...more,
  };
}

/** A record that holds a manifest; it is not deployed unless the manifest says so. */
export function live(it: Manifest, more: Partial<LiveRecord> = {}): LiveRecord {
  const record = structuredClone(it) as Manifest & Record<string, unknown>;
  const path = kindOf(it.kind).deployment;
  const deployed = path === undefined ? undefined : (deployedOf(it) ?? false);
  if (path !== undefined) putAt(record, path, deployed as boolean);
  return {
    key: keyOf(it),
    kind: it.kind,
    id: 1,
    manifest: record,
    digest: digestOf(it),
    deployed,
    generation: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    columns: {},
    ...more,
  };
}

/** The inventory row of a manifest that was applied from `<name>.yaml`, line 1. */
export function owned(it: Manifest, more: Partial<OwnedRecord> = {}): OwnedRecord {
  return {
    key: keyOf(it),
    kind: it.kind,
    source: 'example',
    file: `${it.metadata.name}.yaml`,
    document: 0,
    line: 1,
    blob: `sha1:${it.metadata.name}`,
    digest: digestOf(it),
    applied: it,
    revision: 'main@1',
    orphaned: false,
    ...more,
  };
}

export const policy: Policy = {
  prune: true,
  drift: 'enforce',
  adopt: false,
  history: 'follow',
  allowEmpty: false,
  limits: {
    deletes: { count: 10, percent: 20 },
    updates: {},
    exposure: {},
    window: 86_400_000,
  },
  classes: {
    exposure: 'auto',
    capability: 'auto',
    cost: 'auto',
    behaviour: 'auto',
    cosmetic: 'auto',
  },
  fightWindow: 3_600_000,
};

/** What one test knows; the rest is empty. */
export type Given = Partial<Omit<PlanInput, 'policy'>> & { readonly policy?: Partial<Policy> };

export function input(given: Given): PlanInput {
  return {
    source: 'example',
    revision: 'main@2',
    desired: [],
    live: [],
    owned: [],
    ownerOf: () => undefined,
    problems: [],
    declaredButInvalid: [],
    unknownContent: [],
    kinds,
    toolVersion: '1.0.0',
    ...given,
    policy: { ...policy, ...given.policy },
  };
}

export function plan(given: Given): Plan {
  return buildPlan(input(given));
}

/** The changes in a few words each: `held deploy bot`. */
export function told({ changes }: Plan): string[] {
  return changes.map(
    ({ action, key: { name }, held }) => `${held === true ? 'held ' : ''}${action} ${name}`,
  );
}

/** Records with their inventory rows: what a source has applied before. */
export function applied(...all: readonly Manifest[]): { live: LiveRecord[]; owned: OwnedRecord[] } {
  return { live: all.map((it) => live(it)), owned: all.map((it) => owned(it)) };
}

/** What a change writes. */
export function written(change: Change | undefined): Manifest | undefined {
  return change?.write === undefined ? undefined : decoded(change.write);
}
