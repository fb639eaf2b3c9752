import type { Subject } from '../reconcile/suspend.ts';
import type { Assembly } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { notFound, resourceNamed } from './resource-named.ts';
import { sourcesNamed } from './targets.ts';

/** What a person means by one word, a source, or by two, a kind and a name. Throws SOURCE_UNKNOWN, USAGE and RECORD_NOT_FOUND. */
export async function subjectNamed(
  { arguments: words }: Invocation,
  assembly: Assembly,
): Promise<{ readonly subject: Subject; readonly title: string }> {
  const { config, ports } = assembly;
  const [word = '', name] = words;
  if (name === undefined) {
    sourcesNamed(config, [word]);
    return { subject: { source: word }, title: `the source ${word}` };
  }
  const { kind, key } = resourceNamed(config.account, word, name);
  const broker = ports.brokers.of(kind);
  const record = await ports.database.read((query) => broker.find(query, key.account, key.name));
  if (record === undefined) throw notFound(assembly, kind, name);
  return { subject: { key, kind: kind.name }, title: `${kind.name} ${key.name}` };
}
