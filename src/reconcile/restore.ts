import { PlumblineError } from '../lib/errors.ts';
import type { Kind } from '../manifest/kind.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest, type Manifest, type ResourceKey } from '../manifest/manifest.ts';
import { referencesOf } from '../manifest/references.ts';
import type { Plan } from '../plan/change.ts';
import { revised } from '../plan/creation.ts';
import { settled } from '../plan/written.ts';
import { lastTrashed, type Trashed } from '../store/trash.ts';
import type { DeletedRecord } from './deleted.ts';
import { readRecords, recordsThere } from './live.ts';
import { planWritten } from './manual.ts';
import type { Ports } from './ports.ts';
import { type Lost, withoutLost } from './restore-references.ts';

/** What restoring a record would do, and what a person must know of it. */
export interface Restoration {
  readonly plan: Plan;
  readonly trashed: Trashed;
  /** What it referred to and is gone itself; it comes back without that. */
  readonly lost: readonly Lost[];
}

/**
 * Plans to bring back the last deleted record of a kind and name as it was: the same id, the same
 * content, its endpoint published if it was, owned by nobody. Throws RECORD_EXISTS where one of that
 * name is there, RECORD_NOT_FOUND where none is in the trash, and RECORD_REJECTED where it cannot be
 * without something that is gone.
 */
export async function planRestore(
  ports: Ports,
  kind: Kind,
  key: ResourceKey,
): Promise<Restoration> {
  const { database, brokers } = ports;
  const { account } = key;
  const [there] = await database.read((query) => readRecords(query, brokers, account, [key]));
  if (there !== undefined)
    throw new PlumblineError('RECORD_EXISTS', `${there.kind} ${key.name} is there already`, {
      hint: `delete or rename it first; 'plumbline describe ${there.kind.toLowerCase()} ${key.name}' shows it`,
    });
  const now = ports.clock.now().toISOString();
  const trashed = await ports.database.read((query) => lastTrashed(query, key, kind.name, now));
  if (trashed === undefined)
    throw new PlumblineError(
      'RECORD_NOT_FOUND',
      `no deleted ${kind.name} named ${key.name} is kept`,
      {
        hint: "see what can be restored with 'plumbline restore --list'",
      },
    );
  const record = JSON.parse(trashed.record) as DeletedRecord;
  const { deployed = false } = record;
  const needed = [...referencesOf(kind, record.manifest)].map((it) => ({ ...it, account }));
  const exists = await database.read((query) => recordsThere(query, brokers, account, needed));
  const { manifest, lost } = withoutLost(kind, key, record, exists);
  const plan = await planWritten(ports, account, [
    asDesired(kind, key, settled(kind, manifest, deployed), deployed),
  ]);
  const { id, generation, createdAt, columns } = record;
  const restores = { trash: trashed.id, id, generation, createdAt, columns };
  const changes = plan.changes.map((it) =>
    it.action === 'create' ? revised(it, { restores }) : it,
  );
  return { plan: { ...plan, changes }, trashed, lost };
}

function asDesired(kind: Kind, key: ResourceKey, manifest: Manifest, deployed: boolean) {
  return {
    manifest,
    key,
    kind: kind.name,
    digest: contentDigest(manifest, comparableOf(kind)),
    deployed: kind.deployment === undefined ? undefined : deployed,
    references: [],
    file: '',
    document: 0,
    line: 0,
    blob: '',
  };
}
