import type { Ports } from '../reconcile/ports.ts';
import type { SourceStatus } from '../reconcile/status.ts';
import { quarantinedFiles } from '../store/crashes.ts';

/** The status of every source, with the files that are passed over, where there are any. */
export async function sourcesJson(
  sources: readonly SourceStatus[],
  { database, version }: Pick<Ports, 'database' | 'version'>,
) {
  const files = await database.read((query) => quarantinedFiles(query, version));
  return sources.map((status) => {
    const quarantined = files
      .filter(({ source }) => source === status.name)
      .map(({ path, since }) => ({ path, since }));
    return quarantined.length === 0 ? status : { ...status, quarantined };
  });
}
