import { revokeToken } from '../reconcile/tokens.ts';
import type { Invocation } from './invocation.ts';
import { withToken } from './with-token.ts';

/** Ends every secret of a key. */
export function run(invocation: Invocation): Promise<number> {
  return withToken(invocation, async (ports, request) => {
    await revokeToken(ports, request);
    return `no secret of ${request.key.name} is accepted any more\n`;
  });
}
