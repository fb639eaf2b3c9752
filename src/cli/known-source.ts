import type { Config } from '../config/config.ts';
import type { Query } from '../store/database.ts';
import { history } from '../store/journal.ts';
import { readSourceStates } from '../store/source-state.ts';
import { unknownSource } from './targets.ts';

/** Throws SOURCE_UNKNOWN for a name that neither the configuration nor the database has ever had. */
export async function requireKnownSource(
  config: Config,
  query: Query,
  name: string | undefined,
): Promise<void> {
  if (name === undefined) return;
  const states = await readSourceStates(query);
  const known = new Set([...config.sources, ...states].map((it) => it.name));
  if (known.has(name)) return;
  const [told] = await history(query, { source: name, limit: 1 });
  if (told === undefined) throw unknownSource(name, [...known]);
}
