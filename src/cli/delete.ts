import { PlumblineError } from '../lib/errors.ts';
import { kindByWord } from '../manifest/kind-word.ts';
import type { Plan } from '../plan/change.ts';
import type { Assembly } from './assemble.ts';
import { manifestsOf, workByHand } from './by-hand.ts';
import { type Invocation, listOption } from './invocation.ts';
import { resourcesOf } from './resources-of.ts';

/** Deletes records by hand, by kind and name or those that files declare. */
export function run(invocation: Invocation): Promise<number> {
  return workByHand(invocation, {
    due: 'To delete by hand',
    done: 'Deleted by hand',
    plan: (assembly) => planOf(invocation, assembly),
  });
}

async function planOf(invocation: Invocation, assembly: Assembly): Promise<Plan> {
  const [word, name] = invocation.arguments;
  const paths = listOption(invocation, 'file');
  if (word !== undefined && name !== undefined && paths.length === 0)
    return resourcesOf(assembly).named(word, name).plan('delete');
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
  const { kinds } = assembly.ports.brokers;
  return resourcesOf(assembly).planDelete(
    manifests.map(({ manifest, key }) => ({ kind: kindByWord(kinds, manifest.kind), key })),
  );
}
