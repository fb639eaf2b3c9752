import { planApply } from '../reconcile/manual.ts';
import { manifestsOf, workByHand } from './by-hand.ts';
import { type Invocation, listOption } from './invocation.ts';
import { requireFiles } from './require-files.ts';

/** Writes records by hand; they belong to no source. */
export async function run(invocation: Invocation): Promise<number> {
  const paths = requireFiles(listOption(invocation, 'file'), 'apply');
  return workByHand(invocation, {
    due: 'To apply by hand',
    done: 'Applied by hand',
    plan: async (assembly) => {
      const loaded = await manifestsOf(paths, invocation.terminal, assembly, 'apply');
      return planApply(assembly.ports, assembly.config.account, loaded);
    },
  });
}
