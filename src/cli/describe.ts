import { printValue } from '../manifest/print.ts';
import { withPorts } from './assemble.ts';
import { type Invocation, textOption } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { requireDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';

/** Shows one record as a manifest with its status. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  return withPorts(invocation, 'read', async (assembly) => {
    const resource = resourcesOf(assembly).named(word, name);
    requireDatabase(assembly, resource);
    const { data } = await resource.describe();
    const isJson = textOption(invocation, 'output') === 'json';
    invocation.terminal.out(isJson ? jsonDocument(data) : printValue(data));
    return 0;
  });
}
