import { recordNotFound } from '../broker/not-found.ts';
import type { Subject } from '../reconcile/suspend.ts';
import type { Assembly } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { requireDatabase } from './no-database.ts';
import { resourcesOf } from './resources-of.ts';
import { sourcesNamed } from './targets.ts';

/**
 * What a person means by one word, a source, or by two, a kind and a name. Throws SOURCE_UNKNOWN, USAGE and
 * RECORD_NOT_FOUND.
 */
export async function subjectNamed(
  { arguments: words }: Invocation,
  assembly: Assembly,
): Promise<{ readonly subject: Subject; readonly title: string }> {
  const { config } = assembly;
  const [word = '', name] = words;
  if (name === undefined) {
    sourcesNamed(config, [word]);
    return { subject: { source: word }, title: `the source ${word}` };
  }
  const resource = resourcesOf(assembly).named(word, name);
  requireDatabase(assembly, resource);
  const { kind, key } = resource;
  if ((await resource.record()) === undefined) throw recordNotFound(kind.name, key.name);
  return { subject: { key, kind: kind.name }, title: `${kind.name} ${key.name}` };
}
