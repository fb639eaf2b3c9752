import { PlumblineError } from '../lib/errors.ts';
import { suggest } from '../lib/suggest.ts';
import { plural } from '../reconcile/outcome.ts';
import { isKnown, leftSources, release } from '../reconcile/release.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';

/** Lets go of what a source owns that is configured no more. */
export async function run(invocation: Invocation): Promise<number> {
  const [name = ''] = invocation.arguments;
  return withPorts(invocation, 'write', async ({ ports, config }) => {
    const configured = config.sources.map((it) => it.name);
    if (configured.includes(name))
      throw new PlumblineError(
        'USAGE',
        `the source ${name} is configured, and looks after what it owns`,
        {
          hint: 'take it out of the configuration first; its records stay as they are',
        },
      );
    if (!(await isKnown(ports, name))) {
      const left = await leftSources(ports, configured);
      const meant = suggest(
        name,
        left.map((it) => it.name),
      );
      throw new PlumblineError(
        'SOURCE_UNKNOWN',
        `nothing is known of a source named ${name.slice(0, 60)}`,
        {
          hint: meant === undefined ? "see 'plumbline status'" : `did you mean ${meant}?`,
        },
      );
    }
    const count = await release(ports, name, actor());
    invocation.terminal.out(
      `${name} has let go of ${plural(count, 'record')}; they stay, and whoever declares one may take it\n`,
    );
    return 0;
  });
}
