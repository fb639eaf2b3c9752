import type { Invocation } from './invocation.ts';
import { switchDeployment } from './switch-deployment.ts';

/** Publishes a record by hand. */
export function run(invocation: Invocation): Promise<number> {
  return switchDeployment(invocation, true);
}
