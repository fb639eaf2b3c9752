import { EncodedManifest, type LoadedManifest } from '../manifest/manifest.ts';
import type { Bookkeeping, OwnedRecord } from '../plan/change.ts';
import { stageCommit } from '../store/commits.ts';
import { markOrphaned, removeInventory, stageInventory } from '../store/inventory.ts';
import { follow, keepingCounters } from '../store/live-counter.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';
import type { Run, SourceRun } from './run.ts';

/** Stages what the inventory says of a manifest that is applied now; `before` is what it has said until now. */
export function stageApplied(
  unit: UnitOfWork,
  applied: LoadedManifest,
  run: { readonly source: string; readonly revision: string },
  now: string,
  before?: OwnedRecord,
): void {
  const row = {
    ...applied.key,
    source: run.source,
    kind: applied.kind,
    file: applied.file,
    document: applied.document,
    line: applied.line,
    blob: applied.blob,
    digest: applied.digest,
    applied: EncodedManifest.text(applied),
    revision: run.revision,
    orphaned: false,
    appliedAt: now,
  };
  stageInventory(unit, row, before);
}

/** Stages who made the revision of a run, where that is known. */
export function stageAuthor(unit: UnitOfWork, { revision, commit }: Run): void {
  if (commit !== undefined) stageCommit(unit, revision, commit);
}

/** Writes inventory rows that follow although no record changes: a moved file, an orphan, a record that is gone. */
export async function keepBooks(
  ports: Ports,
  books: readonly Bookkeeping[],
  run: SourceRun,
): Promise<void> {
  if (books.length === 0) return;
  const now = ports.clock.now().toISOString();
  const moved = await ports.database.write((query) =>
    keepingCounters(
      query,
      async () => {
        const unit = new UnitOfWork();
        for (const book of books) {
          if (book.kind === 'forget') removeInventory(unit, book.owned.key);
          else if (book.kind === 'orphan') markOrphaned(unit, book.owned.key);
          else stageApplied(unit, book.desired, run, now);
        }
        await unit.flush(query);
      },
      run.source,
    ),
  );
  run.counter = follow(run.counter, moved);
}
