import type { Query } from './database.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Who made a revision of a Git source, when, and how it is headed; as its commit claims. */
export type CommitFacts = {
  readonly id: string;
  readonly author: string;
  /** ISO 8601. */
  readonly time: string;
  readonly subject: string;
};

/** Stages what is known of a revision's commit: once for the revision, however many entries name it. */
export function stageCommit(unit: UnitOfWork, revision: string, commit: CommitFacts): void {
  const { id, author, time, subject } = commit;
  unit.upsert('revision_commit', { revision, id, author, time, subject }, ['revision']);
}

/** The commits of these revisions, those that are known, by revision. A folder's have none. */
export async function commitsOf(
  query: Query,
  revisions: readonly string[],
): Promise<Map<string, CommitFacts>> {
  if (revisions.length === 0) return new Map();
  const rows = await query('revision_commit')
    .select<(CommitFacts & { revision: string })[]>('revision', 'id', 'author', 'time', 'subject')
    .whereRaw('revision IN (SELECT value FROM json_each(?))', [JSON.stringify(revisions)]);
  return new Map(rows.map(({ revision, ...facts }) => [revision, facts]));
}

/** Forgets the commits of revisions that neither the journal nor the inventory names any more. */
export async function forgetCommits(query: Query): Promise<void> {
  await query.rows(
    `DELETE FROM revision_commit
     WHERE revision NOT IN (SELECT revision FROM journal WHERE revision IS NOT NULL)
       AND revision NOT IN (SELECT revision FROM inventory)`,
  );
}
