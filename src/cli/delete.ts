import { PlumblineError } from '../lib/errors.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import { planDelete } from '../reconcile/manual.ts';
import type { Assembly } from './assemble.ts';
import { manifestsOf, workByHand } from './by-hand.ts';
import { type Invocation, listOption } from './invocation.ts';
import { resourceNamed } from './resource-named.ts';

/** Deletes records by hand, by kind and name or those that files declare. */
export function run(invocation: Invocation): Promise<number> {
  return workByHand(invocation, {
    due: 'To delete by hand',
    done: 'Deleted by hand',
    plan: async (assembly) => {
      const keys = await keysToDelete(invocation, assembly);
      return planDelete(assembly.ports, assembly.config.account, keys);
    },
  });
}

async function keysToDelete(
  invocation: Invocation,
  assembly: Assembly,
): Promise<readonly ResourceKey[]> {
  const [word, name] = invocation.arguments;
  const paths = listOption(invocation, 'file');
  if (word !== undefined && name !== undefined && paths.length === 0)
    return [resourceNamed(assembly.config.account, word, name).key];
  if (word !== undefined || paths.length === 0)
    throw new PlumblineError('USAGE', 'delete needs a kind and a name, or -f and a path', {
      hint: 'for example: plumbline delete llmclient trial_bot',
    });
  const { manifests, problems } = await manifestsOf(paths, invocation.terminal, assembly, 'delete');
  const [problem] = problems.filter((it) => it.severity === 'error');
  if (problem !== undefined)
    throw new PlumblineError(problem.code, problem.message, {
      place: problem,
      problems,
      hint: 'nothing was deleted; mend the file, or delete by kind and name',
    });
  return manifests.map((it) => it.key);
}
