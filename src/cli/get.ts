import type { SortKey } from '../broker/record-list.ts';
import { valueAt } from '../lib/json.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Kind } from '../manifest/kind.ts';
import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import { printValue } from '../manifest/print.ts';
import { isServed, type LiveRecord } from '../manifest/record.ts';
import { suspendedRecords } from '../reconcile/control.ts';
import { readOwners } from '../reconcile/live.ts';
import { manual } from '../reconcile/manual.ts';
import {
  pageSize,
  type ResourcePage,
  type ResourceQuery,
  type Resources,
} from '../reconcile/resources.ts';
import type { Query } from '../store/database.ts';
import { orphansOf } from '../store/inventory.ts';
import { suspensions } from '../store/suspensions.ts';
import { withPorts } from './assemble.ts';
import { countOption, flag, type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { kindNamed } from './kind-named.ts';
import { requireDatabase, tellNoDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';
import { table } from './table.ts';

type Records = ResourcePage['records'];

/** Lists the records of a kind, or one of them. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string | undefined];
  const kind = kindNamed(word);
  const wanted = queryOf(invocation);
  const isOne = name !== undefined && !name.includes('*');
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, config } = assembly;
    const resources = resourcesOf(assembly);
    const one = isOne ? resources.named(word, name) : undefined;
    if (one !== undefined) requireDatabase(assembly, one);
    const { records, items } = await all(resources, {
      ...wanted,
      kind: word,
      name: one?.name ?? name,
    });
    if (records.length === 0) await one?.describe();
    tellNoDatabase(assembly, terminal);
    const format = textOption(invocation, 'output') ?? 'table';
    if (format === 'json') terminal.out(jsonDocument({ kind: 'List', items }));
    else if (format === 'yaml') terminal.out(printValue({ kind: 'List', items }));
    else if (format === 'name')
      terminal.out(records.map((it) => `${kind.name.toLowerCase()}/${it.key.name}\n`).join(''));
    else if (records.length > 0) {
      const ownerOf = format === 'wide' ? await ports.database.read(readOwnership) : undefined;
      const now = ports.clock.now().toISOString();
      const suspended = await ports.database.read((query) => suspensions(query, now));
      const left = suspendedRecords({ suspended });
      terminal.out(listing(kind, records, { ownerOf, left }, terminal.width));
    } else if (assembly.hasDatabase) {
      const { source, tag, deployed } = wanted;
      const isNarrowed = (name ?? source ?? tag ?? deployed) !== undefined;
      const what = isNarrowed ? `${kind.name} record matches` : `${kind.name} records`;
      terminal.err(`no ${what} in the account ${escapeUntrusted(config.account)}\n`);
    }
    return 0;
  });
}

/** What the options narrow a list by. Throws USAGE. */
function queryOf(invocation: Invocation): ResourceQuery {
  const deployed = textOption(invocation, 'deployed');
  return {
    source: textOption(invocation, 'source'),
    tag: textOption(invocation, 'tag'),
    deployed: deployed === undefined ? undefined : deployed === 'yes',
    sort: textOption(invocation, 'sort') as SortKey | undefined,
    descending: flag(invocation, 'descending'),
    limit: countOption(invocation, 'limit'),
  };
}

/** As many records as were asked for, page by page; without a limit, all of them. */
async function all(resources: Resources, wanted: ResourceQuery) {
  const { limit: most = Number.POSITIVE_INFINITY } = wanted;
  const records: Records[number][] = [];
  const items: ResourcePage['items'][number][] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageSize.most, most - records.length);
    const page = await resources.list({ ...wanted, limit, cursor });
    records.push(...page.records);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && records.length < most);
  return { records, items };
}

/** Says of a key which source owns the record, and whether only because its file is gone. */
async function readOwnership(query: Query): Promise<(key: ResourceKey) => string> {
  const owners = await readOwners(query);
  const orphans = new Set((await orphansOf(query)).map(keyId));
  return (key) => {
    const owner = owners.get(keyId(key)) ?? manual;
    return orphans.has(keyId(key)) ? `${owner} (orphaned)` : owner;
  };
}

/** What a listing tells besides the records: who owns what, in the wide one, and what is suspended. */
interface Beside {
  readonly ownerOf: ((key: ResourceKey) => string) | undefined;
  readonly left: ReadonlyMap<string, unknown>;
}

/** The table; the wide one where it is known who owns what. */
function listing(
  kind: Kind,
  records: readonly LiveRecord[],
  { ownerOf, left }: Beside,
  width: number | undefined,
): string {
  const deployable = kind.deployment !== undefined;
  const isLeft = (it: LiveRecord) => left.has(keyId(it.key));
  const anyLeft = records.some(isLeft);
  const titles = [
    'NAME',
    ...(deployable ? ['DEPLOYED'] : []),
    ...(anyLeft ? ['SUSPENDED'] : []),
    'VERSION',
    'MODIFIED',
    ...(ownerOf === undefined ? [] : ['CREATED', 'GENERATION', 'OWNER']),
    'DESCRIPTION',
  ];
  const rows = records.map((record) => [
    record.key.name,
    ...(deployable ? [deploymentOf(record)] : []),
    ...(anyLeft ? [isLeft(record) ? 'yes' : 'no'] : []),
    textAt(record, 'metadata.version'),
    record.updatedAt,
    ...(ownerOf === undefined
      ? []
      : [record.createdAt, String(record.generation), ownerOf(record.key)]),
    textAt(record, 'metadata.description'),
  ]);
  return table(titles, rows, width);
}

/** Whether callers reach it; `pending` while its endpoint has still to follow. */
function deploymentOf(record: LiveRecord): string {
  const { owed } = record;
  if (owed !== undefined && owed.verb !== 'redeploy') return 'pending';
  return isServed(record) ? 'yes' : 'no';
}

function textAt({ manifest }: Records[number], path: string): string {
  const value = valueAt(manifest, path);
  return typeof value === 'string' ? value : '';
}
