import type { Brokers } from '../broker/brokers.ts';
import { type Claim, keyId, type ResourceKey } from '../manifest/manifest.ts';
import { contestedKeys } from '../store/contested.ts';
import type { Query } from '../store/database.ts';
import { owedEffects } from '../store/effects.ts';
import { type InventoryRow, inventoryOfKeys, ownedByFiles } from '../store/inventory.ts';
import { differing } from './differing.ts';
import { holders } from './holders.ts';
import type { Intake } from './intake.ts';
import type { Ports, Target } from './ports.ts';
import type { KnownEntry, Survey } from './survey.ts';

/** The resources that a run has to look at; of all others it is known that they are as declared. */
export interface Scope {
  readonly keys: readonly ResourceKey[];
  /** What unchanged files declare of them. */
  readonly outlines: readonly KnownEntry[];
  /** What the inventory says of them, whoever owns them. */
  readonly inventory: readonly InventoryRow[];
}

/**
 * Decides what is in scope: all that the changed files declare, declared or put there, and what others
 * declare too; where more than the source may have moved, all that differs as well; and in either case
 * what refers to records that leave, and what has a value that one of these is to have.
 */
export async function decideScope(
  query: Query,
  { brokers }: Ports,
  { source, account }: Target,
  { intake, settled, survey }: { intake: Intake; settled: boolean; survey: Survey },
): Promise<Scope> {
  const paths = [...intake.files.keys(), ...intake.gone];
  const keys = new Map<string, ResourceKey>();
  const add = (more: Iterable<ResourceKey>) => {
    for (const key of more) if (key.account === account) keys.set(keyId(key), key);
  };
  add(survey.touched);
  add(await ownedByFiles(query, source.name, paths));
  add(await contestedKeys(query, source.name));
  if (!settled) {
    add(
      (await owedEffects(query)).map(({ space, name, account: of }) => ({
        account: of,
        space,
        name,
      })),
    );
    for await (const page of differing(query, brokers, { source: source.name, account })) add(page);
  }
  const scope = await readScope(query, survey, [...keys.values()]);
  const before = keys.size;
  add(await dependents(query, brokers, account, leaving(source.name, survey, scope)));
  add(await holders(query, brokers, account, claimsIn(intake, survey, scope)));
  if (keys.size === before) return scope;
  const more = await readScope(query, survey, [...keys.values()].slice(before));
  return {
    keys: [...scope.keys, ...more.keys],
    outlines: [...scope.outlines, ...more.outlines],
    inventory: [...scope.inventory, ...more.inventory],
  };
}

/** All that is claimed, by what the changed files declare rightly and by what is in scope. */
function* claimsIn(intake: Intake, survey: Survey, scope: Scope): Generator<Claim> {
  for (const { entries } of intake.files.values())
    for (const entry of entries) if (!survey.spoiled.has(entry)) yield* entry.claims;
  for (const { claims } of scope.outlines) yield* claims;
}

/** What is known of these resources besides their records. */
export async function readScope(
  query: Query,
  survey: Survey,
  keys: readonly ResourceKey[],
): Promise<Scope> {
  const unchanged = keys.filter((key) => !survey.fresh.has(keyId(key)));
  return {
    keys,
    outlines: await survey.outlines(query, unchanged),
    inventory: await inventoryOfKeys(query, keys),
  };
}

/** What this source owns and no manifest declares any more. */
function leaving(source: string, survey: Survey, scope: Scope): ResourceKey[] {
  const declared = new Set([
    ...survey.fresh.keys(),
    ...survey.invalid.map(keyId),
    ...scope.outlines.map(({ declares }) => keyId(declares.key)),
  ]);
  return scope.inventory.filter((it) => it.source === source && !declared.has(keyId(it)));
}

/** Every record of the account that refers to one of these. */
export async function dependents(
  query: Query,
  brokers: Brokers,
  account: string,
  keys: readonly ResourceKey[],
): Promise<ResourceKey[]> {
  const found: ResourceKey[] = [];
  for (const [space, names] of namesBySpace(keys))
    for (const broker of brokers.all)
      for (const name of await broker.referents(query, account, space, names))
        found.push({ account, space: broker.kind.space, name });
  return found;
}

/** The names of some keys of one account, by name space. */
export function namesBySpace(keys: Iterable<ResourceKey>): Map<string, string[]> {
  const bySpace = new Map<string, string[]>();
  for (const { space, name } of keys) {
    const names = bySpace.get(space);
    if (names === undefined) bySpace.set(space, [name]);
    else names.push(name);
  }
  return bySpace;
}
