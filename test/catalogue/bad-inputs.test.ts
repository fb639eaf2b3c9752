import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { escapeUntrustedLines } from '../../src/lib/terminal.ts';
import {
  loadedNames,
  loadRow,
  type Row,
  told,
  toldOf,
  withReferences,
} from '../support/catalogue.ts';
import { t } from '../support/tap.ts';
import { crossRows, schemaRows } from './schema-rows.ts';
import { encodingRows, yamlRows } from './yaml-rows.ts';

/** Milliseconds of the processor that no input may take, on a slow machine. */
const patience = 2000;
const longestWord = 61;

const groups: readonly (readonly [string, readonly Row[]])[] = [
  ['text that is no YAML, or too much of it, is refused', yamlRows],
  ['only UTF-8 is read', encodingRows],
  ['a manifest of the wrong shape is refused', schemaRows],
  ['what does not go together is refused, what is not ours is passed over', crossRows],
];

for (const [title, rows] of groups) {
  t.test(title, async (t) => {
    for (const row of rows) {
      await t.test(`${row.item}: ${row.name}`, async (t) => {
        const started = process.cpuUsage();
        const result = withReferences(loadRow(row.input));
        const { user, system } = process.cpuUsage(started);
        const time = Math.round((user + system) / 1000);
        t.ok(time < patience, `it takes ${time} ms`);
        const errors = told(result, 'error');
        const problems = [...errors, ...told(result, 'warning')];
        t.same(toldOf(result, 'error'), row.errors ?? [], 'errors');
        t.same(toldOf(result, 'warning'), row.warnings ?? [], 'warnings');
        t.same(loadedNames(result), row.loads ?? [], 'what is loaded');
        t.ok(
          result.manifests.some((it) => it.key.name === 'bystander'),
          'the bystander is loaded',
        );
        t.equal(result.ignored.length, row.ignored === true ? 1 : 0, 'passed over');
        if (row.says !== undefined)
          t.match(`${problems[0]?.message} ${problems[0]?.hint}`, row.says, 'words');
        if (row.check !== undefined) t.ok(row.check(result), 'what else must hold');
        if (errors.length > 0 && row.loads === undefined)
          t.ok(result.unknown.length + result.declared.length > 0, 'its records are kept');
        for (const problem of problems) {
          t.ok(problem.hint, 'there is a hint');
          const shown = `${problem.message}\n${problem.hint}\n${problem.frame ?? ''}`;
          t.equal(shown, escapeUntrustedLines(shown), 'it is safe to print');
          t.notMatch(shown, /canary/, 'no secret and no long text shows');
          t.ok(
            `${problem.message} ${problem.hint}`.split(' ').every((it) => it.length <= longestWord),
            'no long word is repeated',
          );
        }
        t.ok(problems.length <= 21, 'there are not too many of them');
      });
    }
  });
}

t.test('nesting beyond all measure does not end the process', async (t) => {
  const program = fileURLToPath(new URL('./deep.js', import.meta.url));
  const printed = execFileSync(process.execPath, [program], { encoding: 'utf8' });
  t.same(JSON.parse(printed), Array(8).fill('MANIFEST_LIMIT'));
});

t.test('every item of the catalogue that is about text has its row', async (t) => {
  const covered = new Set(groups.flatMap(([, rows]) => rows.map((it) => it.item)));
  // 56: a file cut off at a line end is sound YAML, so the source waits until it is stable. 84: the
  // warnings themselves. 117: no kind refers to a kind that refers to it, so there is no circle. 118,
  // 122 and 123 are about what a plan says.
  const elsewhere = new Set([56, 84, 117, 118, 122, 123]);
  const items = Array.from({ length: 123 }, (_, it) => it + 1);
  t.same(
    items.filter((it) => !covered.has(it) && !elsewhere.has(it)),
    [],
  );
});
