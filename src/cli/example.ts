import type { Invocation } from './invocation.ts';
import { kindNamed } from './kind-named.ts';

/** Prints a commented manifest of a kind. */
export async function run(invocation: Invocation): Promise<number> {
  const [word] = invocation.arguments as [string];
  invocation.terminal.out(kindNamed(word).example);
  return 0;
}
