import { escapeUntrusted } from '../lib/terminal.ts';
import { tailLimit } from '../reconcile/record-log.ts';
import { withPorts } from './assemble.ts';
import { countOption, flag, type Invocation } from './invocation.ts';
import { requireDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';

/** How long a follower waits before it asks again, in milliseconds. */
const lookEvery = 500;

/** Shows what happened to one record, oldest first; with `--follow` also what happens from now on. */
export async function run(invocation: Invocation): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  const { terminal } = invocation;
  const tail = countOption(invocation, 'tail') ?? tailLimit.usual;
  return withPorts(invocation, 'read', async (assembly) => {
    const resource = resourcesOf(assembly).named(word, name);
    requireDatabase(assembly, resource);
    let entries = await resource.logEntries(tail);
    let last = 0;
    for (;;) {
      for (const { line } of entries) terminal.out(`${escapeUntrusted(line)}\n`);
      if (!flag(invocation, 'follow') || terminal.signal.aborted) return 0;
      last = entries.at(-1)?.id ?? last;
      if (entries.length < tailLimit.most)
        await assembly.ports.clock.sleep(lookEvery, terminal.signal);
      entries = terminal.signal.aborted ? [] : await resource.logEntriesAfter(last);
    }
  });
}
