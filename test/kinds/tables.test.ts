import { kinds } from '../../src/kinds/kinds.ts';
import { valueAt } from '../../src/lib/json.ts';
import type { ColumnType } from '../../src/manifest/kind.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import type { Query } from '../../src/store/database.ts';
import { freshPorts } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

/*
 * The tables of the records as the database has them. Which column a field stands in is said in the
 * files fields-*.test.ts beside this one; here stands what holds the rows together.
 */

const by = { actor: 'user:ann', signal: never };
const mains = [...new Set(kinds.all.map((it) => it.tables.main))];

/** Columns that no manifest sets, by main table. */
const serverOwned: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  llm_client: {
    host_label: 'text',
    dns_verification_status: 'text',
    tls_certificate_issuance_status: 'text',
  },
  secret: { sealed_value: 'text', last_accessed: 'text' },
  smarter_auth_token: {
    ...{ key_id: 'text', key_hash: 'text', key_issued_at: 'text', key_issued_by: 'text' },
    ...{ key_revoked_at: 'text', key_revoked_by: 'text', key_last_used_at: 'text' },
    ...{ old_key_id: 'text', old_key_hash: 'text', old_key_until: 'text' },
  },
  provider: {
    ...{ is_active: 'boolean', is_flagged: 'boolean', is_deprecated: 'boolean' },
    ...{ is_suspended: 'boolean', is_verified: 'boolean', ownership_requested: 'text' },
    ...{ contact_email_verified: 'text', support_email_verified: 'text' },
    ...{ tos_accepted_at: 'text', tos_accepted_by: 'text' },
  },
};

/** Columns that name another record by its id; it cannot go while they do. */
const references: readonly string[] = [
  'api_connection.api_key_id secret',
  'api_connection.proxy_password_id secret',
  'llm_client_api_key.api_key_id smarter_auth_token',
  'llm_client_plugin.plugin_meta_id plugin_meta',
  'plugin_data_api.connection_id api_connection',
  'plugin_data_sql.connection_id sql_connection',
  'provider.api_key_id secret',
  'sql_connection.password_id secret',
  'sql_connection.proxy_password_id secret',
];

/** Child tables by the main table whose rows they go with. */
const children: Readonly<Record<string, readonly string[]>> = {
  api_connection: ['api_connection_tag'],
  llm_client: [
    ...['llm_client_api_key', 'llm_client_custom_domain', 'llm_client_function'],
    ...['llm_client_plugin', 'llm_client_tag'],
  ],
  plugin_meta: [
    ...['plugin_data_api', 'plugin_data_sql', 'plugin_data_static'],
    ...['plugin_meta_tag', 'plugin_prompt', 'plugin_selector'],
  ],
  provider: ['provider_tag'],
  secret: ['secret_tag'],
  smarter_auth_token: ['smarter_auth_token_tag'],
  sql_connection: ['sql_connection_tag'],
};

/** What no two rows may have alike, beside the names within an account. */
const unique: Readonly<Record<string, readonly string[]>> = {
  llm_client: ['account host_label'],
  llm_client_api_key: ['llm_client_id'],
  llm_client_custom_domain: ['llm_client_id'],
  llm_client_function: ['llm_client_id name', 'llm_client_id position'],
  llm_client_plugin: ['llm_client_id plugin_meta_id', 'llm_client_id position'],
  llm_client_tag: ['llm_client_id name', 'llm_client_id position'],
  plugin_selector: ['plugin_meta_id'],
  plugin_prompt: ['plugin_meta_id'],
  plugin_data_static: ['plugin_meta_id'],
  plugin_data_sql: ['plugin_meta_id'],
  plugin_data_api: ['plugin_meta_id'],
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

const columnsOf = (query: Query, table: string) =>
  query.rows<Column>('SELECT name, lower(type) AS type, "notnull", pk FROM pragma_table_info(?)', [
    table,
  ]);

async function uniqueOf(query: Query, table: string): Promise<readonly string[]> {
  const keys = (await columnsOf(query, table)).filter((it) => it.pk > 0);
  const key = keys.sort((a, b) => a.pk - b.pk).map((it) => it.name);
  const indexes = await query.rows<{ columns: string }>(
    `SELECT (SELECT group_concat(name, ' ') FROM pragma_index_info(list.name)) AS columns
     FROM pragma_index_list(?) AS list WHERE "unique" = 1`,
    [table],
  );
  return [...new Set([key.join(' '), ...indexes.map((it) => it.columns)])];
}

async function foreignKeys(query: Query, table: string): Promise<readonly string[]> {
  const rows = await query.rows<Record<'from' | 'table' | 'on_delete', string>>(
    'SELECT "from", "table", on_delete FROM pragma_foreign_key_list(?)',
    [table],
  );
  return rows.map((it) => `${table}.${it.from} ${it.table} ${it.on_delete}`);
}

async function database(t: Test) {
  const ports = await freshPorts(t, kinds, { WAREHOUSE_KEY: 'x' });
  const resources = new Resources(ports, 'default');
  const read = <T>(work: (query: Query) => Promise<T>) => ports.database.read(work);
  const rows = (sql: string, values: readonly unknown[] = []) =>
    read((query) => query.rows<Record<string, unknown>>(sql, values));
  const write = (sql: string) =>
    ports.database
      .write((query) => query.raw(sql))
      .then(
        () => 'done',
        (it) => it.code as string,
      );
  const apply = async (...texts: readonly string[]) =>
    resources.perform(await resources.planApply(resources.load(texts.join('---\n'))), by);
  return { ports, resources, read, rows, write, apply };
}

const declared: Readonly<Record<ColumnType, RegExp>> = {
  text: /^text$/,
  integer: /^integer$/,
  real: /^(?:double|real|float)$/,
  boolean: /^boolean$/,
  json: /^text$/,
  timestamp: /^text$/,
};

t.test('every field has a real column of its type, which may be empty', async (t) => {
  const { read } = await database(t);
  for (const { name, fields, tables } of kinds.all)
    for (const { path, storage, references: to } of fields) {
      const table = 'list' in storage ? storage.list : (storage.table ?? tables.main);
      const columns = await read((query) => columnsOf(query, table));
      const column = columns.find((it) => it.name === storage.column);
      const type = to === undefined ? ('list' in storage ? 'text' : storage.type) : 'integer';
      t.match(column?.type, declared[type], `${name} ${path}`);
      if (!('list' in storage)) t.equal(column?.notnull, 0, `${name} ${path}`);
    }
});

t.test(
  'the columns of the server are those that the reference platform has, and ours',
  async (t) => {
    const { read } = await database(t);
    for (const { tables, serverColumns = {}, fields } of kinds.all) {
      const own = serverOwned[tables.main] ?? {};
      t.same(Object.keys(serverColumns).sort(), Object.keys(own).sort(), tables.main);
      const columns = await read((query) => columnsOf(query, tables.main));
      for (const [name, type] of Object.entries(own)) {
        t.match(
          columns.find((it) => it.name === name),
          { type, notnull: 0 },
          name,
        );
        const field = fields.find((it) => !('list' in it.storage) && it.storage.column === name);
        t.equal(field, undefined, `no field is kept in ${name}`);
      }
    }
  },
);

t.test('every main table has an id, an owner, a name, its writes and times', async (t) => {
  const { read } = await database(t);
  for (const table of mains) {
    const columns = await read((query) => columnsOf(query, table));
    const told = new Map(columns.map((it) => [it.name, `${it.type} ${it.notnull}`]));
    t.equal(columns.find((it) => it.pk > 0)?.name, 'id', table);
    for (const name of ['account', 'name', 'created_at', 'updated_at'])
      t.equal(told.get(name), 'text 1', `${table}.${name}`);
    t.equal(told.get('generation'), 'integer 1', table);
  }
});

t.test('what refers to a record keeps it, what belongs to it goes with it', async (t) => {
  const { read } = await database(t);
  const tables = [...mains, ...Object.values(children).flat()];
  const found = (
    await read(async (query) => {
      const all: string[] = [];
      for (const table of tables) all.push(...(await foreignKeys(query, table)));
      return all;
    })
  ).sort();
  const told = [
    ...references.map((it) => `${it} NO ACTION`),
    ...Object.entries(children).flatMap(([main, all]) =>
      all.map((it) => `${it}.${main}_id ${main} CASCADE`),
    ),
  ];
  t.same(found, told.sort());
});

t.test('no two rows say what only one may', async (t) => {
  const { read } = await database(t);
  for (const table of mains) {
    const found = await read((query) => uniqueOf(query, table));
    t.same([...found].sort(), ['account name', 'id', ...(unique[table] ?? [])].sort(), table);
  }
  for (const table of Object.values(children).flat()) {
    const main = Object.keys(children).find((it) => children[it]?.includes(table));
    const tags = [`${main}_id name`, `${main}_id position`];
    const found = await read((query) => uniqueOf(query, table));
    t.same([...found].sort(), [...(unique[table] ?? tags)].sort(), table);
  }
});

const spec = {
  apiKey: 'key',
  plugins: ['two', 'one'],
  functions: ['date_calculator', 'calculator'],
};
const domain = { aws_hosted_zone_id: 'Z1', domain_name: 'bots.example.com' };

t.test('a client stands in its own table and five of its own, in order', async (t) => {
  const { apply, rows, resources } = await database(t);
  await apply(tokenYaml('key'), pluginYaml('one'), pluginYaml('two'));
  await resources.ofText(clientYaml('bot', { customDomain: domain }, spec)).apply(by);
  const of = (table: string, columns: string) =>
    rows(`SELECT ${columns} FROM ${table} JOIN llm_client c ON c.id = llm_client_id`);
  t.match(
    await of(
      'llm_client_api_key k',
      '(SELECT name FROM smarter_auth_token WHERE id = api_key_id) AS name',
    ),
    [{ name: 'key' }],
  );
  t.same(await of('llm_client_custom_domain', 'aws_hosted_zone_id, domain_name'), [domain]);
  t.same(
    await of(
      'llm_client_plugin',
      'position, (SELECT name FROM plugin_meta WHERE id = plugin_meta_id) AS plugin',
    ),
    [
      { position: 0, plugin: 'two' },
      { position: 1, plugin: 'one' },
    ],
  );
  t.same(await of('llm_client_function f', 'position, f.name'), [
    { position: 0, name: 'date_calculator' },
    { position: 1, name: 'calculator' },
  ]);
  await resources.ofText(clientYaml('bot', {}, { functions: ['calculator'] })).apply(by);
  const counts = await Promise.all(
    (children['llm_client'] ?? []).map((table) => rows(`SELECT count(*) AS n FROM ${table}`)),
  );
  t.same(
    counts.flat().map((it) => it['n']),
    [0, 0, 1, 0, 0],
    'nothing is left of what it had',
  );
});

/** What is changed of a client in turn, and how many rows that writes, of which tables. */
const writes: readonly (readonly [what: string, yaml: string, written: Record<string, number>])[] =
  [
    [
      'a value of the record itself',
      clientYaml('bot', { customDomain: domain, defaultMaxTokens: 7 }, spec),
      { llm_client: 1 },
    ],
    [
      'a list',
      clientYaml('bot', { customDomain: domain }, { ...spec, functions: ['calculator'] }),
      { llm_client: 1, llm_client_function: 3 },
    ],
    [
      'the order of a list',
      clientYaml('bot', { customDomain: domain }, { ...spec, plugins: ['one', 'two'] }),
      { llm_client: 1, llm_client_function: 3, llm_client_plugin: 4 },
    ],
    [
      'a part with a table of its own',
      clientYaml('bot', { customDomain: { ...domain, domain_name: 'b.example.com' } }, spec),
      { llm_client: 1, llm_client_custom_domain: 2, llm_client_plugin: 4 },
    ],
    [
      'its address, and nothing of its lists',
      clientYaml('bot', { customDomain: domain, subdomain: 'there' }, spec),
      { llm_client: 2, llm_client_custom_domain: 2 },
    ],
  ];

t.test('of a record that is changed only those tables are written that differ', async (t) => {
  const { apply, rows, write } = await database(t);
  await apply(tokenYaml('key'), pluginYaml('one'), pluginYaml('two'));
  await apply(clientYaml('bot', { customDomain: domain }, spec));
  await write('CREATE TABLE written (name text)');
  for (const table of ['llm_client', ...(children['llm_client'] ?? [])])
    for (const verb of ['INSERT', 'UPDATE', 'DELETE'])
      await write(
        `CREATE TRIGGER note_${table}_${verb} AFTER ${verb} ON ${table} BEGIN INSERT INTO written VALUES ('${table}'); END`,
      );
  for (const [what, yaml, expected] of writes) {
    await write('DELETE FROM written');
    await apply(yaml);
    const found = await rows('SELECT name, count(*) AS count FROM written GROUP BY name');
    t.same(Object.fromEntries(found.map((it) => [it['name'], it['count']])), expected, what);
  }
});

t.test(
  'a row that somebody changes between a look and a write is seen at the next look',
  async (t) => {
    const { apply, write, resources, rows } = await database(t);
    await apply(tokenYaml('key'), pluginYaml('one'), pluginYaml('two'));
    await apply(clientYaml('bot', { customDomain: domain }, spec));
    const next = clientYaml('bot', { customDomain: domain, defaultMaxTokens: 7 }, spec);
    const planned = await resources.planApply(resources.load(next));
    await write("UPDATE llm_client_function SET name = 'rm' WHERE name = 'calculator'");
    await resources.perform(planned, by);
    const again = await resources.planApply(resources.load(next));
    t.same(
      again.changes.flatMap((it) => it.fields.map((field) => field.path)),
      ['spec.functions'],
    );
    await resources.perform(again, by);
    t.same(
      (await rows('SELECT name FROM llm_client_function ORDER BY position')).map(
        (it) => it['name'],
      ),
      spec.functions,
    );
  },
);

/** What an application beside us may leave in a cell, as SQL, and what a record then says there. */
const strangeCells: readonly (readonly [
  column: string,
  sql: string,
  path: string,
  says: unknown,
])[] = [
  ['app_name', "CAST(x'6100220A5C' AS TEXT)", 'spec.config.appName', 'a\0"\n\\'],
  ['app_name', "CAST(x'61FF' AS TEXT)", 'spec.config.appName', 'a\ufffd'],
  ['app_name', "x'61FF'", 'spec.config.appName', '61FF'],
  ['annotations', "'[{]'", 'metadata.annotations', '[{]'],
  ['default_temperature', "'warm'", 'spec.config.defaultTemperature', 'warm'],
  ['default_temperature', '0.1 + 0.2', 'spec.config.defaultTemperature', 0.1 + 0.2],
  ['default_max_tokens', '1.5', 'spec.config.defaultMaxTokens', 1.5],
  ['app_file_attachment', '2', 'spec.config.appFileAttachment', 2],
];

t.test('whatever stands in a cell is read, and a fraction to its last digit', async (t) => {
  const { apply, write, resources } = await database(t);
  await apply(clientYaml('bot', { defaultTemperature: 1 / 3 }));
  const said = async (path: string) =>
    valueAt(await resources.named('client', 'bot').manifest(), path);
  t.equal(await said('spec.config.defaultTemperature'), 1 / 3);
  for (const [column, sql, path, says] of strangeCells) {
    await write(`UPDATE llm_client SET ${column} = ${sql}`);
    t.equal(await said(path), says, `${column} = ${sql}`);
  }
});

/** Writes past us that the tables themselves refuse, or take. */
const attempts: readonly (readonly [what: string, sql: string, code: string])[] = [
  [
    'a second key',
    'INSERT INTO llm_client_api_key SELECT * FROM llm_client_api_key',
    'RECORD_REJECTED',
  ],
  [
    'a plugin again',
    'INSERT INTO llm_client_plugin SELECT llm_client_id, 9, plugin_meta_id FROM llm_client_plugin',
    'RECORD_REJECTED',
  ],
  [
    'a function again',
    'INSERT INTO llm_client_function SELECT llm_client_id, 9, name FROM llm_client_function',
    'RECORD_REJECTED',
  ],
  ['two in one place', 'UPDATE llm_client_plugin SET position = 0', 'RECORD_REJECTED'],
  [
    'a key that clients name',
    "DELETE FROM smarter_auth_token WHERE name = 'key'",
    'RECORD_REJECTED',
  ],
  ['a plugin that clients name', "DELETE FROM plugin_meta WHERE name = 'one'", 'RECORD_REJECTED'],
  ['a name that is taken', "UPDATE plugin_meta SET name = 'one'", 'RECORD_REJECTED'],
  ['an address that is taken', "UPDATE llm_client SET host_label = 'bot'", 'RECORD_REJECTED'],
  [
    'the name in another account',
    "UPDATE plugin_meta SET account = 'other', name = 'two' WHERE name = 'one'",
    'done',
  ],
  ['the client', "DELETE FROM llm_client WHERE name = 'bot'", 'done'],
];

t.test('the tables themselves refuse what would break a record', async (t) => {
  const { apply, write, rows } = await database(t);
  await apply(tokenYaml('key'), pluginYaml('one'), pluginYaml('two'));
  await apply(clientYaml('bot', { customDomain: domain }, spec), clientYaml('other'));
  for (const [what, sql, code] of attempts) t.equal(await write(sql), code, what);
  for (const table of children['llm_client'] ?? [])
    t.same(await rows(`SELECT * FROM ${table}`), [], `${table} goes with its client`);
});
