import type { JsonObject } from '../lib/json.ts';
import { valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import { keyId, type Manifest } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import type { OwnedRecord } from '../plan/change.ts';
import type { ExportEntry } from './export.ts';
import { readOwned, readOwners } from './live.ts';
import type { Ports } from './ports.ts';

export interface ExportFilter {
  readonly account: string;
  /** Names of kinds; all where it is empty. */
  readonly kinds: readonly string[];
  readonly source?: string;
}

/**
 * The live records as manifests, a page in memory at a time, what is referred to first. The
 * deployment field is printed where a manifest manages it, and for records made by hand; elsewhere it
 * is the operator's, and a manifest that held it would take it over.
 */
export async function* exportEntries(
  ports: Ports,
  filter: ExportFilter,
): AsyncGenerator<ExportEntry> {
  const owned = await ownership(ports);
  const { kinds } = ports.brokers;
  const chosen = ports.brokers.all
    .filter(({ kind }) => filter.kinds.length === 0 || filter.kinds.includes(kind.name))
    .sort((a, b) => kinds.rank(a.kind.space) - kinds.rank(b.kind.space));
  for (const broker of chosen) {
    let after = '';
    for (;;) {
      const page = await ports.database.read((query) => broker.page(query, filter.account, after));
      for (const record of page) {
        const mine = owned.get(keyId(record.key));
        if (filter.source === undefined || mine?.source === filter.source)
          yield entry(broker.kind, record, mine);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key.name;
    }
  }
}

async function ownership(ports: Ports): Promise<ReadonlyMap<string, OwnedRecord>> {
  return ports.database.read(async (query) => {
    const owned = new Map<string, OwnedRecord>();
    for (const source of new Set((await readOwners(query)).values()))
      for (const record of await readOwned(query, source)) owned.set(keyId(record.key), record);
    return owned;
  });
}

function entry(kind: Kind, record: LiveRecord, owned: OwnedRecord | undefined): ExportEntry {
  const { account } = record.key;
  const shown = disclosed(record.manifest, kind);
  if (owned === undefined) return { manifest: shown, kind, account };
  const managed =
    kind.deployment === undefined || valueAt(owned.applied, kind.deployment) !== undefined;
  return {
    manifest: managed ? shown : without(shown, kind.deployment as string),
    kind,
    account,
    source: owned.source,
    file: owned.file,
    document: owned.document,
  };
}

function without(manifest: Manifest, path: string): Manifest {
  const steps = path.split('.');
  const drop = (value: JsonObject, at: number): JsonObject =>
    Object.fromEntries(
      Object.entries(value).flatMap(([key, child]) => {
        if (key !== steps[at]) return [[key, child]];
        return at === steps.length - 1 ? [] : [[key, drop(child as JsonObject, at + 1)]];
      }),
    );
  return drop(manifest as unknown as JsonObject, 0) as unknown as Manifest;
}
