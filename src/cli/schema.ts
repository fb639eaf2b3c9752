import { schemaOf } from '../broker/kind-answers.ts';
import type { Invocation } from './invocation.ts';
import { jsonDocument } from './json.ts';
import { kindNamed } from './kind-named.ts';

/** Prints the JSON Schema of a kind's manifests, or of the configuration. */
export async function run(invocation: Invocation): Promise<number> {
  const [word] = invocation.arguments as [string];
  if (word === 'config') {
    const { configJsonSchema } = await import('../config/json-schema.ts');
    invocation.terminal.out(jsonDocument(configJsonSchema()));
  } else invocation.terminal.out(jsonDocument(schemaOf(kindNamed(word)).data));
  return 0;
}
