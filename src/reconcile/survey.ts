import { compareText, type Diagnostic, sortDiagnostics } from '../lib/diagnostic.ts';
import { claimId, crossCheck } from '../manifest/cross-check.ts';
import type { Entry } from '../manifest/findings.ts';
import { distinctKeys } from '../manifest/load.ts';
import {
  type Claim,
  keyId,
  type LoadedManifest,
  type ManifestOutline,
  type Reference,
  type ResourceKey,
} from '../manifest/manifest.ts';
import type { Query } from '../store/database.ts';
import {
  claimants,
  countDeclarations,
  type Declared,
  declarationsOf,
  declaredAt,
  faultyDeclarations,
  faultyFiles,
} from '../store/file-index.ts';
import type { Intake } from './intake.ts';

/** A resource that an unchanged file declares, as the file index has it. */
export interface KnownEntry extends Entry<ManifestOutline> {
  readonly row: Declared;
}

/**
 * What a source declares as a whole: its file index with what was taken in laid over it, and all of it
 * checked across files. It holds only what is new or wrong; the rest is looked up when it is needed.
 */
export interface Survey {
  readonly problems: readonly Diagnostic[];
  /** Files whose resources could not be learned. */
  readonly unknown: readonly string[];
  /** What is declared by manifests that do not count. */
  readonly invalid: readonly ResourceKey[];
  /** How many resources are declared rightly. */
  readonly valid: number;
  /** What the index has of the files that have changed or are gone. */
  readonly before: readonly KnownEntry[];
  /** What the changed files declare rightly, by key id. */
  readonly fresh: ReadonlyMap<string, LoadedManifest>;
  /** Resources of which more may have changed than the index says. */
  readonly touched: readonly ResourceKey[];
  /** Entries of the changed files that must not count, because of another file. */
  readonly spoiled: ReadonlySet<Entry<ManifestOutline>>;
  /** Unchanged entries that count from now on, or do so no longer. */
  readonly turned: readonly KnownEntry[];
  /** What unchanged files declare rightly of these resources. */
  outlines(query: Query, keys: readonly ResourceKey[]): Promise<KnownEntry[]>;
}

/**
 * Surveys a source. The checks across files look at what has changed and at whatever that may stand
 * in the way of, so they cost what has changed, and find what a look at all of it would find.
 */
export async function survey(query: Query, source: string, intake: Intake): Promise<Survey> {
  const taken = [...intake.files.values()];
  const changed = new Set([...intake.files.keys(), ...intake.gone]);
  const known = knownBut(intake, [...changed]);

  const fresh = taken.flatMap((it) => it.entries);
  const before = intake.indexed ? (await declaredAt(query, source, [...changed])).map(entryOf) : [];
  const faulty = await known((but) => faultyDeclarations(query, source, but));
  const keys = distinctKeys(
    [...before, ...fresh, ...faulty.filter(({ row }) => row.spoiled)].map((it) => it.declares.key),
  );
  const namesakes = await known((but) => declarationsOf(query, source, keys, but));
  const rivals = await known((but) =>
    claimants(query, source, claimIdsOf([...before, ...fresh, ...namesakes]), but),
  );
  const others = distinct([...faulty, ...namesakes, ...rivals]);

  const all = [...fresh, ...others].sort(
    ({ declares: a }, { declares: b }) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column,
  );
  const { spoiled, problems } = crossCheck<Entry<ManifestOutline>>(all);
  const counts = (it: Entry<ManifestOutline>) => it.loaded !== undefined && !spoiled.has(it);
  const turned = others.filter((it) => it.row.spoiled !== spoiled.has(it));
  const turning = new Set(turned.map(({ row }) => placeId(row)));
  const files = intake.indexed
    ? (await faultyFiles(query, source)).filter(({ path }) => !changed.has(path))
    : [];
  const elsewhere = intake.indexed
    ? (await countDeclarations(query, source)) -
      before.length -
      others.filter((it) => !counts(it)).length
    : 0;
  return {
    problems: sortDiagnostics([
      ...files.flatMap((it) => JSON.parse(it.problems as string) as Diagnostic[]),
      ...taken.flatMap((it) => it.problems),
      ...problems,
    ]),
    unknown: [...files.filter((it) => it.unknown), ...taken.filter((it) => it.unknown)].map(
      ({ path }) => path,
    ),
    invalid: distinctKeys(all.filter((it) => !counts(it)).map((it) => it.declares.key)),
    valid: elsewhere + fresh.filter(counts).length,
    before,
    fresh: new Map(
      fresh.flatMap((it) =>
        it.loaded !== undefined && !spoiled.has(it) ? [[keyId(it.loaded.key), it.loaded]] : [],
      ),
    ),
    touched: distinctKeys([...before, ...fresh, ...turned].map((it) => it.declares.key)),
    spoiled,
    turned,
    outlines: outlinesOf(source, known, turning),
  };
}

/** Each once. */
function claimIdsOf(entries: readonly Entry<ManifestOutline>[]): string[] {
  return [...new Set(entries.flatMap((it) => it.claims.map(claimId)))];
}

type Known = (
  ask: (but: readonly string[]) => Promise<readonly Declared[]>,
) => Promise<KnownEntry[]>;

/** Asks the index, as far as it still counts: without the files that have changed. */
function knownBut({ indexed }: Intake, changed: readonly string[]): Known {
  return async (ask) => (indexed ? (await ask(changed)).map(entryOf) : []);
}

/** Apart from the survey, so that what was only needed on the way is not in memory as long as it. */
function outlinesOf(
  source: string,
  known: Known,
  turning: ReadonlySet<string>,
): Survey['outlines'] {
  return async (query, wanted) => {
    const found = await known((but) => declarationsOf(query, source, wanted, but));
    return found.filter(
      ({ loaded, row }) => loaded !== undefined && row.spoiled === turning.has(placeId(row)),
    );
  };
}

function entryOf(row: Declared): KnownEntry {
  const { account, space, name, kind, written, path, line, column } = row;
  const key = { account, space, name };
  const declares = { key, kind, written, file: path, line, column };
  const claims = JSON.parse(row.claims) as Claim[];
  const entry = { declares, claims, row: { ...row, spoiled: Boolean(row.spoiled) } };
  if (row.digest === null) return entry;
  const loaded: ManifestOutline = {
    key,
    kind,
    digest: row.digest,
    deployed: row.deployed === null ? undefined : Boolean(row.deployed),
    references: JSON.parse(row.refers) as Reference[],
    file: path,
    document: row.document,
    line: row.start,
    blob: row.blob,
  };
  return { ...entry, loaded };
}

function distinct(entries: readonly KnownEntry[]): KnownEntry[] {
  return [...new Map(entries.map((it) => [placeId(it.row), it])).values()];
}

function placeId({ path, position }: Declared): string {
  return `${position} ${path}`;
}
