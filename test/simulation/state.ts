import type { Query } from '../../src/store/database.ts';
import { clientSelf } from './model.ts';

/** What the database holds, read with plain SQL, so that no reader of ours is taken at its word. */
export interface State {
  readonly records: ReadonlyMap<string, { readonly self: string; readonly deployed: boolean }>;
  /** Source by name of the record. */
  readonly owners: ReadonlyMap<string, string>;
  /** The verbs that the journal tells as applied, in their order, by name. */
  readonly journal: ReadonlyMap<string, readonly string[]>;
  readonly owed: readonly string[];
  readonly entries: number;
}

interface ClientRow {
  readonly name: string;
  readonly default_model: string;
  readonly app_example_prompts: string | null;
  readonly deployed: number;
  readonly plugins: string | null;
}

export async function readState(query: Query): Promise<State> {
  const clients = await query.raw<ClientRow[]>(
    `SELECT name, default_model, app_example_prompts, deployed,
       (SELECT group_concat(plugin_meta.name) FROM llm_client_plugin
          JOIN plugin_meta ON plugin_meta.id = plugin_meta_id
        WHERE llm_client_id = llm_client.id) AS plugins
     FROM llm_client`,
  );
  const plugins = await query.raw<{ name: string; data: string }[]>(
    `SELECT name, static_data AS data FROM plugin_meta
     LEFT JOIN plugin_data_static ON plugin_meta_id = plugin_meta.id`,
  );
  const owners = await query.raw<{ name: string; source: string }[]>(
    'SELECT name, source FROM inventory',
  );
  const journal = await query.raw<{ name: string; verbs: string }[]>(
    `SELECT name, group_concat(verb) AS verbs FROM
       (SELECT name, verb FROM journal WHERE outcome = 'applied' AND name IS NOT NULL ORDER BY id)
     GROUP BY name`,
  );
  const owed = await query.raw<{ name: string }[]>('SELECT name FROM effect');
  const [all] = await query.raw<{ n: number }[]>('SELECT count(*) AS n FROM journal');
  return {
    records: new Map([
      ...clients.map((row) => [row.name, client(row)] as const),
      ...plugins.map(({ name, data }) => [name, { self: topicOf(data), deployed: false }] as const),
    ]),
    owners: new Map(owners.map(({ name, source }) => [name, source])),
    journal: new Map(journal.map(({ name, verbs }) => [name, verbs.split(',')])),
    owed: owed.map(({ name }) => name),
    entries: all?.n ?? 0,
  };
}

function client(row: ClientRow) {
  const self = clientSelf({
    model: row.default_model,
    prompts: JSON.parse(row.app_example_prompts ?? '[]') as string[],
    plugins: row.plugins?.split(',') ?? [],
  });
  return { self, deployed: row.deployed === 1 };
}

function topicOf(data: string): string {
  return String((JSON.parse(data ?? '{}') as { topic?: string }).topic);
}

/** Empties every table that a history fills, for the next one. */
export async function clear(query: Query, tables: readonly string[]): Promise<void> {
  await query.raw('PRAGMA defer_foreign_keys = ON');
  for (const table of tables) await query.raw(`DELETE FROM "${table}"`);
}

/** Tables that a history may fill. */
export async function filledTables(query: Query): Promise<string[]> {
  const kept = ['meta', 'migration', 'live_counter'];
  const names = await query('sqlite_schema').where({ type: 'table' }).pluck<string[]>('name');
  return names.filter((it) => !kept.includes(it) && !it.startsWith('sqlite_'));
}
