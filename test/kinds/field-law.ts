import { stringify } from 'yaml';
import {
  type RecordRows,
  type Row as Rows,
  toManifest,
  toRows,
} from '../../src/broker/record-map.ts';
import { type RecordShape, recordShape } from '../../src/broker/record-shape.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { isObject, type JsonValue, putAt, valueAt } from '../../src/lib/json.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import { ManifestLoader } from '../../src/manifest/load.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { type Test, t } from '../support/tap.ts';
import { badValue, type Row } from './field-rows.ts';

type Spec = Readonly<Record<string, unknown>>;

const selector = { directive: 'always' };
const prompt = { systemRole: 'Look it up.' };

/** For each kind the smallest `spec` that is right. */
const smallest: Readonly<Record<string, Spec>> = {
  LLMClient: { config: {} },
  Plugin: { selector, prompt, data: {} },
  SqlPlugin: { selector, prompt, connection: 'db', sqlData: { sqlQuery: 'SELECT 1' } },
  ApiPlugin: { selector, prompt, connection: 'api', apiData: { endpoint: '/v1/items/' } },
  SqlConnection: {
    connection: {
      dbEngine: 'django.db.backends.mysql',
      hostname: 'db.example',
      database: 'main',
    },
  },
  ApiConnection: { connection: { baseUrl: 'https://api.example' } },
  Secret: { config: { valueFrom: { env: 'NAME' } } },
  SmarterAuthToken: { config: { username: 'admin' } },
  Provider: { provider: { name: 'it' } },
};

interface Outcome {
  readonly manifest: Manifest | undefined;
  readonly problems: readonly Diagnostic[];
}

/** Loads the smallest manifest of a kind with some values said as well; undefined takes a key away. */
export function load(kind: string, values: Readonly<Record<string, unknown>>): Outcome {
  const root: Record<string, unknown> = {
    apiVersion: 'smarter.sh/v1',
    kind,
    metadata: { name: 'it', description: 'It', version: '1.0.0' },
    spec: structuredClone(smallest[kind]),
  };
  for (const [path, value] of Object.entries(values)) {
    if (value === undefined) removeAt(root, path);
    else putAt(root, path, value as JsonValue);
  }
  const loader = new ManifestLoader(kinds, 'default');
  loader.add({ path: 'it.yaml', blob: '' }, Buffer.from(stringify(root, { lineWidth: 0 })));
  const { manifests, problems } = loader.finish();
  return { manifest: manifests[0]?.manifest, problems };
}

function removeAt(root: Record<string, unknown>, path: string): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  const holder: unknown = steps.length === 0 ? root : valueAt(root, steps.join('.'));
  if (isObject(holder)) delete holder[last];
}

export const errorsOf = (problems: readonly Diagnostic[]) =>
  problems.filter((it) => it.severity === 'error');

/** The rows of a record, with the names that were looked up by the ids that they got. */
interface Stored {
  readonly shape: RecordShape;
  readonly rows: RecordRows;
  readonly names: ReadonlyMap<number, string>;
}

function stored(kind: Kind, manifest: Manifest): Stored {
  const shape = recordShape(kind, kinds);
  const names = new Map<number, string>();
  const resolve = (_: string, name: string) => {
    names.set(names.size + 1, name);
    return names.size;
  };
  const key = { account: 'default', space: kind.space, name: 'it' };
  return { shape, rows: toRows(shape, key, manifest, 1, resolve), names };
}

/** Names become ids and back, as in the database. */
function readBack({ shape, rows: { main, ones, lists }, names }: Stored): Manifest {
  const found: Record<string, unknown> = { name: main['name'] };
  const put = (row: Rows | undefined, prefix: string, columns: typeof shape.columns) => {
    for (const { column, target } of columns) {
      const cell = row?.[column] ?? null;
      found[`${prefix}${column}`] =
        target === undefined || cell === null ? cell : names.get(cell as number);
    }
  };
  put(main, '', shape.columns);
  for (const { table, columns } of shape.ones) {
    found[table] = ones.has(table) ? 1 : null;
    put(ones.get(table), `${table}.`, columns);
  }
  for (const { table, column, target } of shape.lists)
    found[table] = (lists.get(table) ?? []).map((row) =>
      target === undefined ? row[column] : names.get(row[column] as number),
    );
  return toManifest(
    shape,
    shape.cells.map((name) => found[name] ?? null),
  );
}

/** What the cell of a row holds, as plain SQL would give it; of a list, what its rows hold in their order. */
function cellOf({ shape, rows, names }: Stored, { column, cell }: Row): unknown {
  const [table, own] = column.includes('.') ? column.split('.') : [shape.main, column];
  if (cell === 'names' || cell === 'texts') {
    const items = rows.lists.get(table as string) ?? [];
    const positions = items.map((it) => it['position']);
    if (positions.some((it, at) => it !== at)) return positions;
    const held = items.map((it) => it[own as string]);
    return cell === 'names' ? held.map((it) => names.get(it as number)) : held;
  }
  const row = table === shape.main ? rows.main : rows.ones.get(table as string);
  const held = row?.[own as string];
  return cell === 'name' && typeof held === 'number' ? names.get(held) : held;
}

/** What a cell is to hold for a value. */
function inCell(cell: Row['cell'], value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (cell === 'json') return JSON.stringify(value);
  return typeof value === 'boolean' ? Number(value) : value;
}

const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 60);

function takes(t: Test, kind: Kind, row: Row, value: unknown): void {
  const { path, beside = {} } = row;
  const { manifest, problems } = load(kind.name, { ...beside, [path]: value });
  t.same(errorsOf(problems), [], `${path} takes ${shown(value)}`);
  if (manifest === undefined) return;
  t.same(valueAt(manifest, path), value, `${path} is not rewritten`);
  const record = stored(kind, manifest);
  t.same(readBack(record), manifest, `${path} comes back from its record`);
  t.same(cellOf(record, row), inCell(row.cell, value), `${path} stands in ${row.column}`);
}

function refuses(t: Test, kind: Kind, row: Row): void {
  const { path, beside = {} } = row;
  for (const [value, code = badValue, at = path] of row.refuses ?? []) {
    const what = `${path} refuses ${shown(value)}`;
    const { manifest, problems } = load(kind.name, { ...beside, [path]: value });
    const within = (it: Diagnostic) => it.path === at || it.path?.startsWith(`${at}.`) === true;
    const error = errorsOf(problems).find((it) => it.code === code && within(it));
    t.type(error?.line, 'number', `${what} ${JSON.stringify(problems)}`);
    t.ok(error?.hint, what);
    t.equal(manifest, undefined, `${what}: nothing of it is applied`);
  }
}

/** What is needed is asked for; of all else, absent and null mean the default. */
function absent(t: Test, kind: Kind, row: Row): void {
  const { path, beside = {} } = row;
  if (row.required === true) {
    const [error] = errorsOf(load(kind.name, { ...beside, [path]: undefined }).problems);
    t.match(error, { code: 'MANIFEST_MISSING_KEY', path }, `${path} is needed`);
    const { problems } = load(kind.name, { ...beside, [path]: null });
    t.not(errorsOf(problems).length, 0, `${path} is needed, and null is nothing`);
    return;
  }
  for (const nothing of [undefined, null]) {
    const { manifest } = load(kind.name, { ...row.instead, [path]: nothing });
    if (manifest === undefined) {
      t.fail(`${path} may be ${nothing}`);
      continue;
    }
    t.same(valueAt(manifest, path), row.default, `${path}: ${nothing}`);
    const list = row.cell === 'names' || row.cell === 'texts';
    const table = row.column.split('.')[0] as string;
    const gone = kind.tables.ones.some((it) => it.table === table && it.path !== undefined);
    const empty = list ? [] : gone ? undefined : inCell(row.cell, row.default);
    const held = cellOf(stored(kind, manifest), row);
    t.same(held, 'emptyCell' in row ? row.emptyCell : empty, `${path}: ${row.column} is empty`);
  }
}

/** The rows of the reference that are not of one kind alone stand in `fields.test.ts`. */
const common = /^metadata\.(?:description|version|tags|annotations)$/;

/** Holds fields of a kind against their rows. */
export function holdRows(kind: Kind, rows: readonly Row[]): void {
  for (const row of rows)
    t.test(
      `${kind.name}: ${row.path} is taken, refused, left out and stored as its row says`,
      async (t) => {
        for (const value of row.takes) takes(t, kind, row, value);
        refuses(t, kind, row);
        absent(t, kind, row);
      },
    );
}

/** Holds every field that only this kind has against its rows, and sees that none is without one. */
export function holdFields(name: string, rows: readonly Row[]): void {
  const kind = kinds.byName(name) as Kind;
  holdRows(kind, rows);
  t.test(`${name}: no field is without a row, and its column is that of the row`, async (t) => {
    t.same(errorsOf(load(name, {}).problems), [], 'the smallest manifest is right');
    const own = kind.fields.filter((it) => !common.test(it.path));
    const columns = own.map(({ path, storage, references }) => {
      if ('list' in storage)
        return `${path} ${storage.list}.${storage.column} ${references === undefined ? 'texts' : 'names'}`;
      const { table, column, type } = storage;
      const place = table === undefined ? column : `${table}.${column}`;
      return `${path} ${place} ${references === undefined ? type : 'name'}`;
    });
    const told = rows.map(({ path, column, cell }) => `${path} ${column} ${cell}`);
    t.same([...new Set(told)].sort(), columns.sort());
  });
}
