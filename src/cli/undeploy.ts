import type { Invocation } from './invocation.ts';
import { switchDeployment } from './switch-deployment.ts';

/** Withdraws a record by hand. */
export function run(invocation: Invocation): Promise<number> {
  return switchDeployment(invocation, false);
}
