import { claimId } from '../manifest/cross-check.ts';
import type { KindSet } from '../manifest/kind.ts';
import { distinctKeys } from '../manifest/load.ts';
import { allContested, noteContests } from '../store/contested.ts';
import type { Query } from '../store/database.ts';
import { clearIndex, markSpoiled, stageFile, unstageFile } from '../store/file-index.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { TakenFile } from './intake.ts';
import type { Judgement } from './judge.ts';
import type { KnownEntry, Survey } from './survey.ts';

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
  const unit = new UnitOfWork();
  for (const path of gone) unstageFile(unit, source, path);
  for (const { row } of survey.turned) markSpoiled(unit, row, !row.spoiled);
  const before = new Map<string, KnownEntry[]>();
  for (const entry of survey.before) {
    const { path } = entry.row;
    const known = before.get(path);
    if (known === undefined) before.set(path, [entry]);
    else known.push(entry);
  }
  await unit.stageInParts(query, files.values(), filesAtOnce, (file) =>
    stage(unit, source, file, before.get(file.path) ?? [], survey, kinds),
  );
  await unit.flush(query);
  const more = indexed ? [] : await allContested(query);
  await noteContests(query, source, distinctKeys([...survey.touched, ...more]));
}

function stage(
  unit: UnitOfWork,
  source: string,
  { path, blob, size, unknown, problems, entries }: TakenFile,
  before: readonly KnownEntry[],
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
    before.map(({ row, claims }) => ({ ...row, claimIds: claims.map(claimId) })),
  );
}
