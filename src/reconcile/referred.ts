import { keyId, type Reference, type ResourceKey } from '../manifest/manifest.ts';
import type { Beyond } from '../plan/world.ts';
import type { Query } from '../store/database.ts';
import { declaredNames } from '../store/file-index.ts';
import { recordsThere } from './live.ts';
import type { Ports } from './ports.ts';

/** What manifests of one account refer to, and the keys whose records are in scope anyway. */
export interface Referring {
  readonly account: string;
  readonly references: Iterable<Pick<Reference, 'space' | 'name'>>;
  readonly inScope: ReadonlySet<string>;
  /** The source whose manifests may have been meant too; absent for what is done by hand. */
  readonly source?: string;
}

/** Which of the records that a scope refers to are there, and what could be meant where one is not. */
export async function referredTo(
  query: Query,
  brokers: Ports['brokers'],
  { account, references, inScope, source }: Referring,
): Promise<Pick<Beyond, 'records' | 'names'>> {
  const wanted = new Map<string, ResourceKey>();
  for (const { space, name } of references) {
    const key = { account, space, name };
    if (!inScope.has(keyId(key))) wanted.set(keyId(key), key);
  }
  const records = await recordsThere(query, brokers, account, wanted.values());
  const missing = [...wanted].filter(([id]) => !records.has(id)).map(([, key]) => key.space);
  const names = new Map<string, readonly string[]>();
  for (const space of new Set(missing))
    names.set(space, [
      ...(source === undefined ? [] : await declaredNames(query, source, account, space)),
      ...(await query(brokers.tableOf(space)).where({ account }).pluck<string[]>('name')),
    ]);
  return { records, names };
}
