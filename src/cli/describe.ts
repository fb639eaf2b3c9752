import { PlumblineError } from '../lib/errors.ts';
import { printValue } from '../manifest/print.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { resourceNamed } from './resource-named.ts';

/** Shows one record as a manifest with its status. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  return withPorts(invocation, 'read', async ({ ports, config }) => {
    const { kind, key } = resourceNamed(config.account, word, name);
    const broker = ports.brokers.of(kind);
    const record = await ports.database.read((query) => broker.find(query, key.account, key.name));
    if (record === undefined)
      throw new PlumblineError('RECORD_NOT_FOUND', `there is no ${kind.name} named ${name}`, {
        hint: `list them with 'plumbline get ${word}'`,
      });
    const described = broker.describe(record);
    if (textOption(invocation, 'output') === 'json')
      invocation.terminal.out(jsonDocument(described));
    else invocation.terminal.out(printValue(described));
    return 0;
  });
}
