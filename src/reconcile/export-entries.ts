import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker } from '../broker/broker.ts';
import { ahead } from '../lib/ahead.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import { type RecordOrigin, recordOrigins } from '../store/inventory.ts';
import type { ExportEntry } from './export.ts';
import type { Ports } from './ports.ts';

/** The next page takes several questions, and each is asked when the event loop turns. */
const entriesATurn = 32;

export interface ExportFilter {
  readonly account: string;
  /** Names of kinds; all where it is empty. */
  readonly kinds: readonly string[];
  readonly source?: string;
}

/**
 * The live records as manifests, two pages in memory at a time, what is referred to first. The
 * deployment field is printed where a manifest manages it, and for records made by hand; elsewhere it
 * is the operator's, and a manifest that held it would take it over.
 */
export async function* exportEntries(
  ports: Ports,
  filter: ExportFilter,
): AsyncGenerator<ExportEntry> {
  const { kinds } = ports.brokers;
  const chosen = ports.brokers.all
    .filter(({ kind }) => filter.kinds.length === 0 || filter.kinds.includes(kind.name))
    .sort((a, b) => kinds.rank(a.kind.space) - kinds.rank(b.kind.space));
  for (const broker of chosen)
    for await (const { records, origins } of ahead(pages(ports, broker, filter.account)))
      for (const [at, record] of records.entries()) {
        if ((at + 1) % entriesATurn === 0) await nextTurn();
        const origin = origins.get(record.key.name);
        if (filter.source === undefined || origin?.source === filter.source)
          yield entry(broker.kind, record, origin);
      }
}

async function* pages(ports: Ports, broker: Broker, account: string) {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(
      ports,
      broker,
      account,
      after,
    );
    yield page;
    after = page.records.at(-1)?.key.name;
  }
}

/** The next records by name, and where those come from that a source owns. */
function readPage(ports: Ports, broker: Broker, account: string, after: string) {
  return ports.database.read(async (query) => {
    const { space, deployment = 'spec' } = broker.kind;
    const records = await broker.page(query, account, after);
    const upTo = records.at(-1)?.key.name ?? after;
    const found = await recordOrigins(query, { account, space }, { after, upTo }, deployment);
    return { records, origins: new Map(found.map((it) => [it.name, it])) };
  });
}

function entry(kind: Kind, record: LiveRecord, origin: RecordOrigin | undefined): ExportEntry {
  const { account } = record.key;
  const shown = disclosed(record.manifest, kind);
  if (origin === undefined) return { manifest: shown, kind, account };
  const { source, file, document, says } = origin;
  const managed = kind.deployment === undefined || says;
  return {
    manifest: managed ? shown : without(shown, kind.deployment as string),
    kind,
    account,
    source,
    file,
    document,
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
