import { printValue } from '../manifest/print.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { notFound, resourceNamed } from './resource-named.ts';

/** Shows one record as a manifest with its status. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  return withPorts(invocation, 'read', async (assembly) => {
    const { ports, config } = assembly;
    const { kind, key } = resourceNamed(config.account, word, name);
    const broker = ports.brokers.of(kind);
    const record = await ports.database.read((query) => broker.find(query, key.account, key.name));
    if (record === undefined) throw notFound(assembly, kind, name);
    const described = broker.describe(record);
    if (textOption(invocation, 'output') === 'json')
      invocation.terminal.out(jsonDocument(described));
    else invocation.terminal.out(printValue(described));
    return 0;
  });
}
