import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Resource } from '../reconcile/resource.ts';
import type { Assembly } from './assemble.ts';
import type { Terminal } from './invocation.ts';

/** Says why there is nothing, where there is no database; undefined where there is one. */
export function noDatabase({ hasDatabase, ports }: Assembly): string | undefined {
  return hasDatabase ? undefined : `there is no database yet at ${ports.database.location}`;
}

/** Tells a person who reads records that there is no database: a misspelt path would look like an empty one. */
export function tellNoDatabase(assembly: Assembly, terminal: Terminal): void {
  const why = noDatabase(assembly);
  if (why !== undefined) terminal.err(`${escapeUntrusted(why)}; the first sync makes it\n`);
}

/** Throws RECORD_NOT_FOUND for a record that a person reads while there is no database. */
export function requireDatabase(assembly: Assembly, { kind, name }: Resource): void {
  const why = noDatabase(assembly);
  if (why === undefined) return;
  const message = `there is no ${kind.name} named ${name.slice(0, 60)}: ${why}`;
  throw new PlumblineError('RECORD_NOT_FOUND', message, {
    hint: "make it with 'plumbline sync', or name another with --database",
  });
}
