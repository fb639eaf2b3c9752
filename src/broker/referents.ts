import type { Query } from '../store/database.ts';
import { inParts } from '../store/parts.ts';
import type { RecordShape } from './record-shape.ts';

/**
 * The names of the records of a kind that refer to one of these records of another name space. The
 * columns that refer are indexed, so it costs what it finds.
 */
export async function referentsOf(
  query: Query,
  shape: RecordShape,
  account: string,
  space: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>();
  const places = [
    ...shape.columns.map((it) => ({ ...it, table: shape.main, owner: 'id' })),
    ...shape.ones.flatMap(({ table, columns }) =>
      columns.map((it) => ({ ...it, table, owner: shape.parent })),
    ),
    ...shape.lists.map((it) => ({ ...it, owner: shape.parent })),
  ].filter((it) => it.field.references === space);
  for (const { table, owner, column, target } of places) {
    const rows = await inParts(names, (part) =>
      query(`${target} as target`)
        .join(`${table} as holder`, `holder.${column}`, 'target.id')
        .join(`${shape.main} as main`, 'main.id', `holder.${owner}`)
        .where('target.account', account)
        .whereIn('target.name', [...part])
        .where('main.account', account)
        .pluck<string[]>('main.name'),
    );
    for (const name of rows) found.add(name);
  }
  return [...found];
}
