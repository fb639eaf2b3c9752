import { endpointSql, owedSql } from '../store/effects.ts';
import { type ColumnField, keptColumns, type ListField, type RecordShape } from './record-shape.ts';

const known = new WeakMap<RecordShape, string>();

/**
 * The SELECT that reads whole records of a kind, one row for each: `cells` is a JSON array of what
 * `RecordShape.cells` names, with references as the names they stand for. Numbers with a fraction are
 * null there, because JSON of SQLite has them rounded, and are columns with the names of their cells.
 * A condition is to be put behind it; the main table is `main` there.
 */
export function recordSql(shape: RecordShape): string {
  let sql = known.get(shape);
  if (sql === undefined) {
    sql = makeSql(shape);
    known.set(shape, sql);
  }
  return sql;
}

function makeSql(shape: RecordShape): string {
  const { deployment, space, serverColumns = {}, tables } = shape.kind;
  const from = new Map<string, string>();
  const joined: string[] = [];
  const choose = (table: string, prefix: string, { column, target }: ColumnField) => {
    const name = `${prefix}${column}`;
    if (target === undefined) {
      from.set(name, jsonable(`${table}.${quoted(column)}`));
      return;
    }
    const to = quoted(`to ${name}`);
    joined.push(`LEFT JOIN ${quoted(target)} AS ${to} ON ${to}.id = ${table}.${quoted(column)}`);
    from.set(name, jsonable(`${to}.name`));
  };
  for (const column of [...keptColumns, ...Object.keys(serverColumns)])
    from.set(column, jsonable(`main.${quoted(column)}`));
  from.set('.owed', deployment === undefined ? 'NULL' : `json(${owedSql('main', space)})`);
  from.set('.endpoint', deployment === undefined ? 'NULL' : `json(${endpointSql('main', space)})`);
  for (const column of shape.columns) choose('main', '', column);
  for (const { table, columns } of shape.ones) {
    const one = quoted(table);
    joined.push(`LEFT JOIN ${one} ON ${one}.${quoted(shape.parent)} = main.id`);
    from.set(table, `${one}.${quoted(shape.parent)}`);
    for (const column of columns) choose(one, `${table}.`, column);
  }
  for (const list of shape.lists) from.set(list.table, `json((${listSql(shape, list)}))`);
  const { fractions } = shape;
  const cells = shape.cells.map((name) => (fractions.has(name) ? 'NULL' : from.get(name)));
  const apart = [...fractions.keys()].map((name) => `, ${from.get(name)} AS ${quoted(name)}`);
  const { discriminator } = tables;
  const only =
    discriminator === undefined
      ? ''
      : ` AND main.${quoted(discriminator.column)} = '${discriminator.value}'`;
  return `SELECT json_array(${cells.join()}) AS cells${apart.join('')} FROM ${quoted(shape.main)} AS main ${joined.join(' ')} WHERE main.account = ?${only}`;
}

function listSql({ parent }: RecordShape, { table, column, target }: ListField): string {
  const item = target === undefined ? `list.${quoted(column)}` : 'target.name';
  const value = jsonable(item);
  const join =
    target === undefined
      ? ''
      : ` JOIN ${quoted(target)} AS target ON target.id = list.${quoted(column)}`;
  return `SELECT json_group_array(${value} ORDER BY list.position) FROM ${quoted(table)} AS list${join} WHERE list.${quoted(parent)} = main.id`;
}

/** What somebody put there past us may be bytes, which JSON cannot hold. */
function jsonable(cell: string): string {
  return `CASE typeof(${cell}) WHEN 'blob' THEN hex(${cell}) ELSE ${cell} END`;
}

/** Names come from the tables of the kinds; none of them holds a quote. */
function quoted(name: string): string {
  return `"${name}"`;
}
