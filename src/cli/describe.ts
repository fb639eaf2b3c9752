import { PlumblineError } from '../lib/errors.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { kindNamed } from './kind-named.ts';

/** Shows one record as a manifest with its status. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  const kind = kindNamed(word);
  return withPorts(invocation, 'read', async ({ ports, config }) => {
    const broker = ports.brokers.of(kind);
    const record = await ports.database.read((query) => broker.find(query, config.account, name));
    if (record === undefined)
      throw new PlumblineError('RECORD_NOT_FOUND', `there is no ${kind.name} named ${name}`, {
        hint: `list them with 'plumbline get ${word}'`,
      });
    const described = broker.describe(record);
    if (textOption(invocation, 'output') === 'json')
      invocation.terminal.out(jsonDocument(described));
    else {
      const { stringify } = await import('yaml');
      invocation.terminal.out(stringify(described, { lineWidth: 0, compat: 'yaml-1.1' }));
    }
    return 0;
  });
}
