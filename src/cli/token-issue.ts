import { issueToken } from '../reconcile/tokens.ts';
import type { Invocation } from './invocation.ts';
import { showOnce, withToken } from './with-token.ts';

/** Gives a declared key its secret. */
export function run(invocation: Invocation): Promise<number> {
  return withToken(invocation, async (ports, request) => {
    const token = await issueToken(ports, request);
    showOnce(invocation, token);
    return `key ${token.id} of ${request.key.name}; its secret is shown this once\n`;
  });
}
