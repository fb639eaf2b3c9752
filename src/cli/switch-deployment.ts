import { workByHand } from './by-hand.ts';
import type { Invocation } from './invocation.ts';
import { resourcesOf } from './resources-of.ts';

/** Deploys or undeploys one record whose manifest leaves that to a person. */
export function switchDeployment(invocation: Invocation, deployed: boolean): Promise<number> {
  const [word, name] = invocation.arguments as [string, string];
  const verb = deployed ? 'deploy' : 'undeploy';
  return workByHand(invocation, {
    due: `To ${verb} by hand`,
    done: deployed ? 'Deployed by hand' : 'Undeployed by hand',
    plan: (assembly) => resourcesOf(assembly).named(word, name).plan(verb),
  });
}
