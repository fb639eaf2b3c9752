import { smarterAuthToken as kind } from '../kinds/smarter-auth-token/kind.ts';
import type { NewToken } from '../lib/token.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { TokenRequest } from '../reconcile/tokens.ts';
import { actor, withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { resourcesOf } from './resources-of.ts';

/** Does something to the secret of the key that a person names, and tells what became of it. */
export function withToken(
  invocation: Invocation,
  work: (ports: Ports, request: TokenRequest) => Promise<string>,
): Promise<number> {
  const [name] = invocation.arguments as [string];
  return withPorts(invocation, 'write', async (assembly) => {
    const { key } = resourcesOf(assembly).named(kind.name, name);
    const told = await work(assembly.ports, { key, actor: actor() });
    invocation.terminal.err(told);
    return 0;
  });
}

/** The one time that a secret is shown: alone on standard output, so that it can be piped on. */
export function showOnce({ terminal }: Invocation, { text }: NewToken): void {
  terminal.out(`${text.reveal()}\n`);
}
