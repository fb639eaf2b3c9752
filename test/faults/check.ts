import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ground, type Scenario, treeOf } from './ground.ts';
import { type Standing, standingOf } from './standing.ts';

/*
 * The checker: what must be true after a fault, whatever the fault was. It gives sentences about what
 * is not; none is the answer wanted.
 */

/** Straight after the fault, before anybody has mended anything. */
export async function faultsAfter(folder: string, scenario: Scenario): Promise<string[]> {
  const now = await standingOf(folder);
  return [...now.faults, ...halfApplied(now, scenario), ...effectFaults(now)];
}

/** Starts again, as a daemon would, and compares the end with that of a run without a fault. */
export async function faultsAtTheEnd(
  ground: Ground,
  folder: string,
  scenario: Scenario,
): Promise<string[]> {
  const faults: string[] = [];
  await ground.settle(folder).catch((error: unknown) => faults.push(String(error)));
  const now = await standingOf(folder);
  const { wanted } = scenario;
  faults.push(...now.faults, ...effectFaults(now));
  faults.push(...differences('record', now.records, wanted.records));
  faults.push(...differences('inventory row', now.applied, wanted.applied));
  faults.push(...journalFaults(now, wanted));
  if (now.owed.length > 0) faults.push(`the endpoint still owes ${now.owed.join(', ')}`);
  const bytes = readFileSync(join(folder, 'plumbline.db'));
  const plan = await ground.command(folder, 'plan', 'team');
  if (plan.exit !== 0) faults.push(`one more plan is not empty: ${plan.out}`);
  if (!bytes.equals(readFileSync(join(folder, 'plumbline.db')))) faults.push('a plan wrote');
  faults.push(...(await exportFaults(ground, folder, scenario)));
  return faults;
}

/** Every record is the old one or the new one, and says so everywhere: row, inventory and journal. */
function halfApplied(now: Standing, { old, wanted }: Scenario): string[] {
  const faults: string[] = [];
  const keys = new Set([...old.records.keys(), ...wanted.records.keys(), ...now.records.keys()]);
  for (const key of keys) {
    const record = now.records.get(key);
    const isOld = record === old.records.get(key);
    const isNew = record === wanted.records.get(key);
    // An undeploy that comes before a delete is a state of its own.
    const between = leaving(key, now) && wanted.records.get(key) === undefined;
    if (!isOld && !isNew && !between) faults.push(`${key} is neither its old nor its new self`);
    if (isOld && isNew) continue;
    const told = [now.applied.get(key), old.applied.get(key), wanted.applied.get(key)];
    if (isOld && told[0] !== told[1]) faults.push(`${key} is old and its inventory row is not`);
    if (isNew && told[0] !== told[2]) faults.push(`${key} is new and its inventory row is not`);
    const news = now.journal.filter((it) => it.endsWith(` ${key}`)).length;
    const due = [old, wanted].map(
      (it) => it.journal.filter((line) => line.endsWith(` ${key}`)).length,
    );
    if (isOld && news !== due[0]) faults.push(`${key} is old and the journal tells of ${news}`);
    if (isNew && news !== due[1]) faults.push(`${key} is new and the journal tells of ${news}`);
  }
  return faults;
}

function leaving(key: string, now: Standing): boolean {
  return now.journal.includes(`undeploy ${key}`) && !now.journal.includes(`delete ${key}`);
}

/** No effect without a record of the intent, and one idempotency key to each intent. */
function effectFaults({ effects, journal }: Standing): string[] {
  const faults: string[] = [];
  const keys = new Map<string, Set<string>>();
  for (const { verb, key, idempotencyKey } of effects) {
    const title = `${verb} ${key}`;
    keys.set(title, (keys.get(title) ?? new Set()).add(idempotencyKey));
  }
  for (const [title, ids] of keys) {
    const meant = journal.filter((it) => it === title).length;
    if (ids.size > meant) faults.push(`${title}: ${ids.size} effects for ${meant} in the journal`);
  }
  return faults;
}

function differences(
  what: string,
  now: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): string[] {
  const keys = [...new Set([...now.keys(), ...wanted.keys()])];
  return keys
    .filter((key) => now.get(key) !== wanted.get(key))
    .map((key) => `the ${what} of ${key} is not as after a run without a fault`);
}

/**
 * One line to each change. A switch whose endpoint was not known to have followed is tried again,
 * under the idempotency key it had, and each try that succeeds has its line.
 */
function journalFaults(now: Standing, wanted: Standing): string[] {
  return [...new Set([...now.journal, ...wanted.journal])].flatMap((line) => {
    const [found, due] = [now, wanted].map((it) => it.journal.filter((at) => at === line).length);
    const tried = /^(?:un)?deploy /.test(line) && (found ?? 0) > (due ?? 0) && (due ?? 0) > 0;
    return found === due || tried
      ? []
      : [`the journal tells of ${line} ${found} times, not ${due}`];
  });
}

/** The trees that a run without a fault exports, by scenario. */
const exported = new WeakMap<Scenario, Record<string, string>>();

/** What is exported is what is exported after a run without a fault. */
async function exportFaults(ground: Ground, folder: string, scenario: Scenario): Promise<string[]> {
  const tree = await exportOf(ground, folder, 'export-of-check');
  const known = exported.get(scenario) ?? (await cleanExport(ground, scenario));
  exported.set(scenario, known);
  return treeDifferences(tree, known);
}

/** Whole files only: what a killed export left is found here and there, and never half. */
export async function exportFaultsAfter(
  ground: Ground,
  folder: string,
  scenario: Scenario,
): Promise<string[]> {
  const known = exported.get(scenario) ?? (await cleanExport(ground, scenario));
  const left = Object.entries(treeOf(join(folder, 'out'))).filter(([path]) => isManifest(path));
  const torn = left.filter(([path, text]) => text !== known[path]).map(([path]) => path);
  const ended = await exportOf(ground, folder, 'out');
  return [...torn.map((path) => `${path} is torn`), ...treeDifferences(ended, known)];
}

function treeDifferences(
  tree: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string>>,
): string[] {
  const paths = [...new Set([...Object.keys(tree), ...Object.keys(known)])].filter(isManifest);
  return paths
    .filter((path) => tree[path] !== known[path])
    .map((path) => `${path} of the export is not as after a run without a fault`);
}

/** Drafts of a killed export stay hidden, and files that it never listed are never removed. */
function isManifest(path: string): boolean {
  return path.endsWith('.yaml');
}

async function cleanExport(ground: Ground, scenario: Scenario) {
  const folder = ground.copy(scenario.template);
  await ground.settle(folder);
  return exportOf(ground, folder, 'out');
}

async function exportOf(
  ground: Ground,
  folder: string,
  to: string,
): Promise<Record<string, string>> {
  const { exit, err } = await ground.command(folder, 'export', '--to', to);
  if (exit !== 0) throw new Error(err);
  return treeOf(join(folder, to));
}
