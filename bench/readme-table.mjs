/*
 * Puts the table of a result into a document, between its two marks:
 *
 *   npm run bench -- --json result.json
 *   node bench/readme-table.mjs result.json [README.md]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { markdownTable } from './table.mjs';

const [result, document = 'README.md'] = process.argv.slice(2);
if (result === undefined) {
  console.error('usage: node bench/readme-table.mjs RESULT.json [README.md]');
  process.exit(64);
}
const text = readFileSync(document, 'utf8');
const [begin, end] = ['<!-- bench:begin -->', '<!-- bench:end -->'];
const [from, to] = [text.indexOf(begin), text.indexOf(end)];
if (from < 0 || to < from) {
  console.error(`${document} has no place for the table: write ${begin} and ${end} around it`);
  process.exit(1);
}
const table = markdownTable(JSON.parse(readFileSync(result, 'utf8')));
writeFileSync(document, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`);
