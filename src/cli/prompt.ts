import { escapeUntrustedLines } from '../lib/terminal.ts';
import { withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { requireDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';

/** Sends one message to a deployed client through its endpoint and prints what it answers. */
export async function run(invocation: Invocation): Promise<number> {
  const [name, text] = invocation.arguments as [string, string];
  const { terminal } = invocation;
  return withPorts(invocation, 'read', async (assembly) => {
    const resource = resourcesOf(assembly).named('LLMClient', name);
    requireDatabase(assembly, resource);
    const { data } = await resource.prompt(text, terminal.signal);
    terminal.out(`${escapeUntrustedLines(String(data['answer']))}\n`);
    return 0;
  });
}
