import { ahead } from '../lib/ahead.ts';
import { valueAt } from '../lib/json.ts';
import { inTurns } from '../lib/turns.ts';
import type { KindSet } from '../manifest/kind.ts';
import {
  keyId,
  type LoadedManifest,
  type ManifestOutline,
  type Reference,
  type ResourceKey,
} from '../manifest/manifest.ts';
import { planning } from '../plan/build.ts';
import type { OwnedRecord, Plan } from '../plan/change.ts';
import type { Control } from '../plan/control.ts';
import type { Beyond, PlanInput } from '../plan/world.ts';
import type { SnapshotFile } from '../source/source.ts';
import { type Rival, rivalsOf } from '../store/contested.ts';
import type { Query } from '../store/database.ts';
import { countOwned } from '../store/inventory.ts';
import { readLiveCounter } from '../store/live-counter.ts';
import { readControl } from './control.ts';
import { type Base, type Intake, takeIn } from './intake.ts';
import { ownedRecord, readRecords } from './live.ts';
import { lastRun, lookBack } from './look-back.ts';
import { waitingForNeighbours } from './neighbours.ts';
import { lookOn } from './parse-watch.ts';
import type { Ports, Target } from './ports.ts';
import { referredTo } from './referred.ts';
import { decideScope, readScope, type Scope } from './scope.ts';
import { type Survey, survey } from './survey.ts';

/** A plan with what it rests on. */
export interface Judgement {
  readonly plan: Plan;
  readonly survey: Survey;
  readonly intake: Intake;
  /** What is in scope; everything else is as declared. */
  readonly keys: readonly ResourceKey[];
  /** The live counter when the records were read. */
  readonly counter: number;
  /** The neighbours that its deletes wait for. */
  readonly unread?: NonNullable<Control['unread']>;
}

/** What a run would do, as a value: reads both sides, as far as they are in scope, and compares them. */
export async function judge(
  ports: Ports,
  target: Target,
  base: Base,
  intake: Intake,
  control: Control,
  signal: AbortSignal,
): Promise<Judgement> {
  const { surveyed, keys, counter, ...sides } = await ports.database.read(async (query) => {
    const surveyed = await survey(query, target.source.name, intake);
    const counter = await readLiveCounter(query);
    // Somebody may have written while the source was read.
    const settled = base.settled && base.counter === counter;
    const scope = await decideScope(query, ports, target, { intake, settled, survey: surveyed });
    return {
      surveyed,
      keys: scope.keys,
      counter,
      ...(await bothSides(query, ports, target, surveyed, scope)),
    };
  });
  const found = { survey: surveyed, intake, keys, counter };
  const plan = await planOf(ports, target, intake, surveyed, sides, control);
  const waiting = await waitingForNeighbours(ports, target, plan, control, signal);
  if (waiting === undefined) return { plan, ...found };
  const { unread } = waiting;
  return {
    plan: await planOf(ports, target, intake, surveyed, sides, waiting),
    ...found,
    ...(unread === undefined ? {} : { unread }),
  };
}

/**
 * Judges some resources once more, after they were written. It goes part by part, and the next is read while
 * one is judged.
 */
export async function* judgeAgain(
  ports: Ports,
  target: Target,
  { survey: surveyed, intake, unread }: Judgement,
  parts: Iterable<readonly ResourceKey[]>,
  control: Control,
): AsyncGenerator<Plan> {
  async function* read() {
    for (const keys of parts)
      yield await ports.database.read(async (query) =>
        bothSides(query, ports, target, surveyed, await readScope(query, surveyed, keys)),
      );
  }
  const restrained = unread === undefined ? control : { ...control, unread };
  for await (const sides of ahead(read()))
    yield await planOf(ports, target, intake, surveyed, sides, restrained);
}

/** Reads both sides and judges: all of `plan`, and the first half of a run. Writes nothing. */
export async function planTarget(
  ports: Ports,
  target: Target,
  signal: AbortSignal,
): Promise<Judgement> {
  const { base } = await lookBack(ports, target, await lastRun(ports, target), 'command');
  const intake = await takeIn(ports, target, base, await lookOn(ports, target.source.name), signal);
  const { control } = await readControl(ports, target, 'command');
  return judge(ports, target, base, intake, control, signal);
}

type Sides = Pick<PlanInput, 'desired' | 'live' | 'owned' | 'ownerOf' | 'rivals'> & {
  readonly beyond: Beyond;
  /** Declared by unchanged files and kept nowhere, so that these files must be loaded. */
  readonly unloaded: readonly ManifestOutline[];
  readonly files: readonly SnapshotFile[];
};

/** Everything that a plan over a scope rests on, of one committed moment. */
async function bothSides(
  query: Query,
  { brokers }: Ports,
  { source: { name }, account }: Target,
  surveyed: Survey,
  scope: Scope,
): Promise<Sides> {
  const rows = new Map(scope.inventory.map((row) => [keyId(row), row]));
  const owned = new Map<string, OwnedRecord>();
  for (const [id, row] of rows) if (row.source === name) owned.set(id, ownedRecord(row));
  const desired: LoadedManifest[] = [];
  for (const key of scope.keys) {
    const loaded = surveyed.fresh.get(keyId(key));
    if (loaded !== undefined) desired.push(loaded);
  }
  const unloaded: ManifestOutline[] = [];
  const files = new Map<string, SnapshotFile>();
  for (const { loaded, declares, row } of scope.outlines) {
    if (loaded === undefined) continue;
    const applied = asApplied(brokers.kinds, loaded, declares.kind, owned.get(keyId(loaded.key)));
    if (applied !== undefined) desired.push(applied);
    else {
      unloaded.push(loaded);
      files.set(row.path, { path: row.path, blob: row.blob, size: row.size });
    }
  }
  const outlines = [...desired, ...unloaded];
  const live = await readRecords(query, brokers, account, scope.keys);
  return {
    desired,
    unloaded,
    files: [...files.values()],
    live,
    owned: [...owned.values()],
    ownerOf: (id) => {
      const row = rows.get(id);
      // What is orphaned was let go of: whoever declares it may take it.
      return row === undefined || row.source === name || row.orphaned ? undefined : row.source;
    },
    rivals: rivalsById(await rivalsOf(query, name, scope.keys)),
    beyond: {
      unchanged: surveyed.valid - outlines.length,
      owned: (await countOwned(query, name, account)) - owned.size,
      ...(await referredTo(query, brokers, {
        account,
        source: name,
        references: referencesIn(outlines),
        inScope: new Set([...outlines, ...live].map((it) => keyId(it.key))),
      })),
    },
  };
}

function* referencesIn(outlines: readonly ManifestOutline[]): Generator<Reference> {
  for (const { references } of outlines) yield* references;
}

function rivalsById(rivals: readonly Rival[]): Map<string, string[]> {
  const byId = new Map<string, string[]>();
  for (const rival of rivals) {
    const known = byId.get(keyId(rival));
    if (known === undefined) byId.set(keyId(rival), [rival.source]);
    else known.push(rival.source);
  }
  return byId;
}

/**
 * The manifest of an unchanged file as the inventory remembers it. Undefined where it remembers another
 * one, or one with a secret, whose value is sealed anew for every write.
 */
function asApplied(
  kinds: KindSet,
  outline: ManifestOutline,
  kindName: string,
  owned: OwnedRecord | undefined,
): LoadedManifest | undefined {
  const kind = kinds.byName(kindName);
  if (owned === undefined || kind === undefined || kind.secret !== undefined) return undefined;
  const deployed =
    kind.deployment === undefined ? undefined : valueAt(owned.applied, kind.deployment);
  const isSame =
    owned.kind === kindName &&
    owned.file === outline.file &&
    owned.document === outline.document &&
    owned.blob === outline.blob &&
    owned.digest === outline.digest &&
    deployed === outline.deployed;
  return isSame ? { ...outline, manifest: owned.applied } : undefined;
}

async function planOf(
  ports: Ports,
  target: Target,
  intake: Intake,
  surveyed: Survey,
  { unloaded, files, desired, ...sides }: Sides,
  control: Control,
): Promise<Plan> {
  const wanted = new Set(unloaded.map((it) => keyId(it.key)));
  const loaded = (await intake.load(files)).flatMap(({ entries }) =>
    entries.flatMap((it) =>
      it.loaded !== undefined && wanted.has(keyId(it.loaded.key)) ? [it.loaded] : [],
    ),
  );
  const input: PlanInput = {
    ...sides,
    source: target.source.name,
    revision: intake.revision,
    account: target.account,
    desired: [...desired, ...loaded],
    problems: surveyed.problems,
    declaredButInvalid: surveyed.invalid,
    unknownContent: surveyed.unknown,
    kinds: ports.brokers.kinds,
    policy: target.policy,
    control,
    toolVersion: ports.version,
  };
  return inTurns(planning(input));
}
