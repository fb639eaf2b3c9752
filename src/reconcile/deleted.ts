import type { LiveRecord } from '../manifest/record.ts';
import { later } from '../plan/hold.ts';
import type { Query } from '../store/database.ts';
import { stageRestored, stageTrash } from '../store/trash.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';
import type { Run } from './run.ts';
import type { Step } from './steps.ts';

/** A deleted record as the trash keeps it. */
export type DeletedRecord = Pick<
  LiveRecord,
  'id' | 'manifest' | 'deployed' | 'generation' | 'createdAt' | 'columns'
>;

/**
 * Stages what leaves with these steps into the trash, and out of it what they bring back, in the
 * transaction that does either. What is kept is read there once more, so that nothing that somebody
 * wrote in between is lost.
 */
export async function stageDeleted(
  query: Query,
  unit: UnitOfWork,
  ports: Ports,
  steps: readonly Step[],
  run: Run,
  now: string,
): Promise<void> {
  for (const { restores } of steps) if (restores !== undefined) stageRestored(unit, restores.trash);
  if (ports.trashKept === 0) return;
  for (const [kind, leaving] of byKind(steps.filter((it) => it.verb === 'remove'))) {
    const broker = ports.brokers.of(kind);
    for (const [account, ofOne] of byAccount(leaving)) {
      const names = [...ofOne.keys()];
      for (const record of await broker.read(query, account, names)) {
        const step = ofOne.get(record.key.name) as Step;
        const owned = step.changes.find((it) => it.owned !== undefined)?.owned;
        stageTrash(unit, {
          ...record.key,
          kind,
          record: JSON.stringify(kept(record, step)),
          source: run.source ?? null,
          revision: run.source === undefined ? null : (owned?.revision ?? null),
          file: run.source === undefined ? null : (owned?.file ?? null),
          run: run.id,
          actor: run.actor,
          deletedAt: now,
          expiresAt: later(now, ports.trashKept),
        });
      }
    }
  }
}

/** The undeploy of this very delete has been written by now; the record comes back as it was before. */
function kept(
  { id, manifest, generation, createdAt, columns }: LiveRecord,
  step: Step,
): DeletedRecord {
  const deployed = step.before?.deployed;
  return { id, manifest, deployed, generation, createdAt, columns };
}

function byKind(steps: readonly Step[]): Map<string, Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps) groups.set(step.kind, [...(groups.get(step.kind) ?? []), step]);
  return groups;
}

function byAccount(steps: readonly Step[]): Map<string, Map<string, Step>> {
  const groups = new Map<string, Map<string, Step>>();
  for (const step of steps) {
    const { account, name } = step.key;
    groups.set(account, (groups.get(account) ?? new Map<string, Step>()).set(name, step));
  }
  return groups;
}
