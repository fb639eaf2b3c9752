import { PlumblineError } from '../lib/errors.ts';
import { manifestsOf, workByHand } from './by-hand.ts';
import { type Invocation, listOption } from './invocation.ts';
import { resourcesOf } from './resources-of.ts';

/** Writes records by hand; they belong to no source. */
export async function run(invocation: Invocation): Promise<number> {
  const paths = listOption(invocation, 'file');
  if (paths.length === 0)
    throw new PlumblineError('USAGE', 'apply needs to know what', {
      hint: 'name a file or a folder: plumbline apply -f PATH',
    });
  return workByHand(invocation, {
    due: 'To apply by hand',
    done: 'Applied by hand',
    plan: async (assembly) => {
      const loaded = await manifestsOf(paths, invocation.terminal, assembly, 'apply');
      return resourcesOf(assembly).planApply(loaded);
    },
  });
}
