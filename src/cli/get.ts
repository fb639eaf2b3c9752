import { PlumblineError } from '../lib/errors.ts';
import { valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import { printValue } from '../manifest/print.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { kindNamed } from './kind-named.ts';
import { resourceNamed } from './resource-named.ts';
import { table } from './table.ts';

/** Lists the records of a kind, or one of them. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string | undefined];
  const kind = kindNamed(word);
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async ({ ports, config }) => {
    const broker = ports.brokers.of(kind);
    const records = await ports.database.read(async (query) => {
      if (name !== undefined) {
        const { key } = resourceNamed(config.account, word, name);
        return [...(await broker.read(query, key.account, [key.name]))];
      }
      const all: LiveRecord[] = [];
      for await (const page of broker.pages(query, config.account)) all.push(...page);
      return all;
    });
    if (name !== undefined && records.length === 0)
      throw new PlumblineError('RECORD_NOT_FOUND', `there is no ${kind.name} named ${name}`, {
        hint: `list them with 'plumbline get ${word}'`,
      });
    const format = textOption(invocation, 'output') ?? 'table';
    const items = () => records.map((record) => broker.describe(record));
    if (format === 'json') terminal.out(jsonDocument({ kind: 'List', items: items() }));
    else if (format === 'yaml') terminal.out(printValue({ kind: 'List', items: items() }));
    else if (format === 'name')
      terminal.out(records.map((it) => `${kind.name.toLowerCase()}/${it.key.name}\n`).join(''));
    else if (records.length === 0)
      terminal.err(`no ${kind.name} records in the account ${config.account}\n`);
    else terminal.out(listing(kind, records, format === 'wide', terminal.width));
    return 0;
  });
}

function listing(
  kind: Kind,
  records: readonly LiveRecord[],
  wide: boolean,
  width: number | undefined,
): string {
  const deployable = kind.deployment !== undefined;
  const titles = [
    'NAME',
    ...(deployable ? ['DEPLOYED'] : []),
    'VERSION',
    'MODIFIED',
    ...(wide ? ['CREATED', 'GENERATION'] : []),
    'DESCRIPTION',
  ];
  const rows = records.map((record) => [
    record.key.name,
    ...(deployable ? [record.deployed === true ? 'yes' : 'no'] : []),
    textAt(record, 'metadata.version'),
    record.updatedAt,
    ...(wide ? [record.createdAt, String(record.generation)] : []),
    textAt(record, 'metadata.description'),
  ]);
  return table(titles, rows, width);
}

function textAt(record: LiveRecord, path: string): string {
  const value = valueAt(record.manifest, path);
  return typeof value === 'string' ? value : '';
}
