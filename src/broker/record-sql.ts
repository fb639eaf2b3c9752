import { endpointSql, owedSql } from '../store/effects.ts';
import type { ColumnField, ListField, RecordShape } from './record-shape.ts';

/** Columns of every main table that the broker keeps itself. */
const kept = ['id', 'account', 'name', 'generation', 'created_at', 'updated_at'];

const known = new WeakMap<RecordShape, string>();

/**
 * The SELECT that reads whole records of a kind, one row for each: the columns of the main table by
 * their names, those of a one-to-one table with its name before a dot, and a list as JSON under the
 * name of its table. Of what can be deployed it has `.owed` and `.endpoint` as JSON. References are the names they stand for. A condition is to be put behind it; the
 * main table is `main` there.
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
  const own = [...kept, ...Object.keys(shape.kind.serverColumns ?? {})];
  const chosen = own.map((column) => `main.${quoted(column)}`);
  const joined: string[] = [];
  const choose = (table: string, prefix: string, { column, target }: ColumnField) => {
    if (target === undefined) {
      chosen.push(`${table}.${quoted(column)} AS ${quoted(`${prefix}${column}`)}`);
      return;
    }
    const to = quoted(`to ${prefix}${column}`);
    joined.push(`LEFT JOIN ${quoted(target)} AS ${to} ON ${to}.id = ${table}.${quoted(column)}`);
    chosen.push(`${to}.name AS ${quoted(`${prefix}${column}`)}`);
  };
  for (const column of shape.columns) choose('main', '', column);
  for (const { table, columns } of shape.ones) {
    const one = quoted(table);
    joined.push(`LEFT JOIN ${one} ON ${one}.${quoted(shape.parent)} = main.id`);
    chosen.push(`${one}.${quoted(shape.parent)} AS ${one}`);
    for (const column of columns) choose(one, `${table}.`, column);
  }
  for (const list of shape.lists) chosen.push(`(${listSql(shape, list)}) AS ${quoted(list.table)}`);
  const { space, deployment } = shape.kind;
  if (deployment !== undefined)
    chosen.push(
      `${owedSql('main', space)} AS ".owed"`,
      `${endpointSql('main', space)} AS ".endpoint"`,
    );
  const { discriminator } = shape.kind.tables;
  const only =
    discriminator === undefined
      ? ''
      : ` AND main.${quoted(discriminator.column)} = '${discriminator.value}'`;
  return `SELECT ${chosen.join()} FROM ${quoted(shape.main)} AS main ${joined.join(' ')} WHERE main.account = ?${only}`;
}

function listSql({ parent }: RecordShape, { table, column, target }: ListField): string {
  const item = target === undefined ? `list.${quoted(column)}` : 'target.name';
  // What somebody put there past us may be bytes, which JSON cannot hold.
  const value = `CASE typeof(${item}) WHEN 'blob' THEN hex(${item}) ELSE ${item} END`;
  const join =
    target === undefined
      ? ''
      : ` JOIN ${quoted(target)} AS target ON target.id = list.${quoted(column)}`;
  return `SELECT json_group_array(${value} ORDER BY list.position) FROM ${quoted(table)} AS list${join} WHERE list.${quoted(parent)} = main.id`;
}

/** Names come from the tables of the kinds; none of them holds a quote. */
function quoted(name: string): string {
  return `"${name}"`;
}
