import { claimId } from '../manifest/cross-check.ts';
import type { KindSet } from '../manifest/kind.ts';
import { distinctKeys } from '../manifest/load.ts';
import { allContested, noteContests } from '../store/contested.ts';
import type { Query } from '../store/database.ts';
import { clearIndex, markSpoiled, stageFile, unstageFile } from '../store/file-index.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { TakenFile } from './intake.ts';
import type { Judgement } from './judge.ts';
import type { Survey } from './survey.ts';

/** Files written at once, so that what waits to be written stays small and the event loop goes on. */
const filesAtOnce = 500;

/**
 * Brings the file index up to date with what was taken in. It belongs into the transaction that notes
 * the revision: an index that ran ahead of it would hide from the next run what has changed.
 */
export async function indexFiles(
  query: Query,
  source: string,
  { intake: { files, gone, indexed }, survey }: Judgement,
  kinds: KindSet,
): Promise<void> {
  if (!indexed) await clearIndex(query, source);
  const flush = async (unit: UnitOfWork) => unit.flush(query);
  const first = new UnitOfWork();
  for (const path of gone) unstageFile(first, source, path);
  for (const { row } of survey.turned) markSpoiled(first, row, !row.spoiled);
  await flush(first);
  const all = [...files.values()];
  for (let start = 0; start < all.length; start += filesAtOnce) {
    const unit = new UnitOfWork();
    for (const file of all.slice(start, start + filesAtOnce)) {
      if (indexed) unstageFile(unit, source, file.path);
      stage(unit, source, file, survey, kinds);
    }
    await flush(unit);
  }
  const more = indexed ? [] : await allContested(query);
  await noteContests(query, source, distinctKeys([...survey.touched, ...more]));
}

function stage(
  unit: UnitOfWork,
  source: string,
  { path, blob, size, unknown, problems, entries }: TakenFile,
  survey: Survey,
  kinds: KindSet,
): void {
  const secret = entries.some(({ declares }) => kinds.byName(declares.kind)?.secret !== undefined);
  stageFile(
    unit,
    {
      ...{ source, path, blob, size, secret, unknown },
      problems: problems.length === 0 ? null : JSON.stringify(problems),
    },
    entries.map((entry, position) => {
      const { declares, loaded, claims } = entry;
      const { key, kind, written, line, column } = declares;
      return {
        ...{ source, path, position, ...key, kind, written, line, column },
        document: loaded?.document ?? 0,
        start: loaded?.line ?? 0,
        digest: loaded?.digest ?? null,
        deployed: loaded?.deployed ?? null,
        refers: JSON.stringify(loaded?.references ?? []),
        claims: JSON.stringify(claims),
        spoiled: survey.spoiled.has(entry),
        claimIds: claims.map(claimId),
      };
    }),
  );
}
