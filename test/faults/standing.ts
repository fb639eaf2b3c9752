import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Brokers } from '../../src/broker/brokers.ts';
import { recordMigrations } from '../../src/broker/record-schema.ts';
import { recordShape } from '../../src/broker/record-shape.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { keyId, type Manifest } from '../../src/manifest/manifest.ts';
import { ask, closeHandle, type Handle, openHandle } from '../../src/store/driver.ts';
import { owedEffects } from '../../src/store/effects.ts';
import { history } from '../../src/store/journal.ts';
import { openStore } from '../../src/store/open.ts';
import { readLive } from '../support/standing.ts';
import { type Effect, effectsFile } from './subject.ts';

/** All that a folder's database and endpoint hold, as texts to compare. */
export interface Standing {
  /** Records as manifests, by key. */
  readonly records: ReadonlyMap<string, string>;
  /** What the inventory says was applied last, by key. */
  readonly applied: ReadonlyMap<string, string>;
  /** `verb key` of every change that the journal tells as applied, sorted. */
  readonly journal: readonly string[];
  readonly effects: readonly Effect[];
  /** Keys of records whose endpoint has yet to follow. */
  readonly owed: readonly string[];
  /** What is wrong whatever the state should be. */
  readonly faults: readonly string[];
}

const nothing = { records: new Map(), applied: new Map(), journal: [], owed: [] };

/** Reads a folder without changing a byte of it, but for undoing a write that a journal says was cut short. */
export async function standingOf(folder: string): Promise<Standing> {
  const path = join(folder, 'plumbline.db');
  const effects = effectsOf(folder);
  if (!existsSync(path)) return { ...nothing, effects, faults: [] };
  const { faults, tables } = await soundness(path);
  try {
    return { ...(await read(path)), effects, faults };
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    // Between two migrations of a new database there are no records yet.
    if (error.code === 'STORE_OLDER' || tables === 0) return { ...nothing, effects, faults };
    return { ...nothing, effects, faults: [...faults, `${error.code}: ${error.message}`] };
  }
}

function effectsOf(folder: string): Effect[] {
  const path = join(folder, effectsFile);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect);
}

async function read(path: string): Promise<Omit<Standing, 'effects' | 'faults'>> {
  const store = await openStore(`sqlite:${path}`, {
    mode: 'read',
    migrations: recordMigrations(kinds),
  });
  try {
    const { database } = store;
    const state = await readLive(database, new Brokers(kinds), 'default', 'team');
    const entries = await database.read((query) => history(query, { limit: 100_000 }));
    const owed = await database.read((query) => owedEffects(query));
    return {
      records: new Map(
        state.live.map(({ key, manifest, deployed }) => [
          keyId(key),
          digestOf({ manifest: comparable(manifest), deployed: deployed === true }),
        ]),
      ),
      applied: new Map(
        state.owned.map(({ key, file, applied }) => [
          keyId(key),
          `${file} ${digestOf(comparable(applied))}`,
        ]),
      ),
      journal: entries
        .filter((it) => it.outcome === 'applied' && it.name !== null)
        .map((it) => `${it.verb} ${it.account}/${it.space}/${it.name}`)
        .sort(),
      owed: owed.map(keyId).sort(),
    };
  } finally {
    await store.close();
  }
}

/** The value of a Secret is hashed with a key that every folder makes for itself. */
function comparable(manifest: Manifest): unknown {
  if (manifest.kind !== 'Secret') return manifest;
  const { config, ...spec } = manifest.spec as { config?: JsonObject };
  return { ...manifest, spec: { ...spec, config: { ...config, value: null } } };
}

/** What SQLite and plain counting say of the file: pages, references, children without a parent. */
async function soundness(
  path: string,
): Promise<{ readonly faults: readonly string[]; readonly tables: number }> {
  // Only a writer may undo what a write in a journal had begun; a log is left for the next run to take in.
  const handle = await openHandle(path, existsSync(`${path}-journal`) ? 'write' : 'read');
  try {
    const faults: string[] = [];
    for (const row of await ask(handle, 'PRAGMA integrity_check'))
      if (row['integrity_check'] !== 'ok') faults.push(`integrity: ${row['integrity_check']}`);
    for (const row of await ask(handle, 'PRAGMA foreign_key_check'))
      faults.push(`a reference to nothing in ${row['table']}`);
    const found = await ask<{ name: string }>(
      handle,
      "SELECT name FROM sqlite_schema WHERE type = 'table'",
    );
    const tables = new Set(found.map((it) => it.name));
    for (const { main, parent, children } of families())
      for (const child of children)
        if (tables.has(child)) faults.push(...(await strays(handle, { main, parent, child })));
    return { faults, tables: tables.size };
  } finally {
    await closeHandle(handle);
  }
}

function families() {
  return kinds.all.map((kind) => {
    const { main, parent, ones, lists } = recordShape(kind, kinds);
    return { main, parent, children: [...ones, ...lists].map((it) => it.table) };
  });
}

async function strays(
  handle: Handle,
  { main, parent, child }: { main: string; parent: string; child: string },
): Promise<string[]> {
  const sql = `SELECT count(*) AS n FROM "${child}" WHERE "${parent}" NOT IN (SELECT id FROM "${main}")`;
  const [row] = await ask<{ n: number }>(handle, sql);
  return row?.n === 0 ? [] : [`${row?.n} rows of ${child} without a record`];
}
