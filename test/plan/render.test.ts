import type { Terminal } from '../../src/cli/invocation.ts';
import { printText } from '../../src/cli/print-report.ts';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import type { JsonValue } from '../../src/lib/json.ts';
import { shortPlanId } from '../../src/plan/approval.ts';
import type { ChangeResult, FieldChange, Plan } from '../../src/plan/change.ts';
import { revised } from '../../src/plan/creation.ts';
import { buildDrift } from '../../src/plan/drift.ts';
import { fieldLines } from '../../src/plan/field-text.ts';
import { type Palette, plain } from '../../src/plan/flow.ts';
import { renderText } from '../../src/plan/render.ts';
import { renderJunit } from '../../src/plan/render-junit.ts';
import { renderMarkdown } from '../../src/plan/render-markdown.ts';
import { planReport, type Report, reportDocument } from '../../src/plan/report.ts';
import { t } from '../support/tap.ts';
import { applied, desired, kinds, live, manifest, owned, plan } from './literals.ts';

const secret = manifest('Key', 'secret');
const problem: Diagnostic = {
  severity: 'error',
  code: 'MANIFEST_UNKNOWN_KEY',
  file: 'clients/sales.yaml',
  line: 12,
  column: 5,
  path: 'spec.modle',
  message: 'there is no field modle',
  hint: 'did you mean model?',
  frame: '12 |     modle: x\n   |     ^',
};
const before = manifest('Bot', 'bot', {
  model: 'small',
  key: 'secret',
  tools: ['old'],
  prompt: 'Hi',
});
const after = manifest('Bot', 'bot', {
  model: 'large',
  key: 'secret',
  tools: ['shop'],
  prompt: 'Hi',
  deployed: true,
});

/** A little of everything. */
const sample: Plan = plan({
  desired: [
    desired(after, { file: 'clients/support.yaml', line: 3 }),
    desired(manifest('Bot', 'open', { model: 'small', deployed: true })),
    desired(manifest('Tool', 'shop', { prompt: 'sell' })),
    desired(manifest('Tool', 'quiet')),
    desired(secret),
  ],
  live: [
    live({ ...before, spec: { ...before.spec, attach: true } }),
    live(secret),
    live(manifest('Tool', 'old')),
    live(manifest('Tool', 'shop')),
  ],
  owned: [owned(before), owned(secret), owned(manifest('Tool', 'old'))],
  problems: [problem],
});
const results: ChangeResult[] = sample.changes.map((change) =>
  change.held === true
    ? { change, outcome: 'held' }
    : change.action === 'blocked'
      ? { change, outcome: 'skipped' }
      : change.action === 'delete'
        ? { change, outcome: 'failed', error: { code: 'RECORD_STALE', message: 'it was changed' } }
        : { change, outcome: 'applied' },
);

function field(from: JsonValue, to: JsonValue, more: Partial<FieldChange> = {}): FieldChange {
  return { path: 'spec.x', from, to, cause: 'git', class: 'behaviour', ...more };
}

t.test('a field is told in the way that suits its value', async (t) => {
  const long = 'You are a patient person at a desk who answers every question in a few words.';
  const cases: [string, FieldChange, string][] = [
    ['a short text', field('a', 'b'), 'spec.x: a → b'],
    ['a number', field(0.5, 1), 'spec.x: 0.5 → 1'],
    ['a text that could pass for a number', field('1', 1), 'spec.x: "1" → 1'],
    ['a text that could pass for nothing', field('', ' '), 'spec.x: "" → " "'],
    ['nothing before', field(null, 'a'), 'spec.x: (none) → a'],
    ['nothing afterwards', field('a', null), 'spec.x: a → (none)'],
    [
      'a long text, by word',
      field(long, long.replace('patient', 'very patient').replace('few', 'hundred')),
      'spec.x: You are a {+very+} patient person at a desk … every question in a [-few-]{+hundred+} words.',
    ],
    [
      'a long text that was wrapped anew',
      field(long, `${long.replace(' at ', '\r\nat   ')}\n`),
      'spec.x: (only line breaks and blanks differ)',
    ],
    ['a long text taken away', field(long, null), 'spec.x: 16 words → (none)'],
    [
      'a text with nothing in common',
      field('a '.repeat(3000), 'b '.repeat(2000)),
      'spec.x: rewritten, 3000 words → 2000 words',
    ],
    ['items', field(['a', 'b'], ['b', 'c']), 'spec.x: - a, + c'],
    ['first items', field(null, ['a']), 'spec.x: + a'],
    ['a repeated item', field(['a', 'a'], ['a']), 'spec.x: - a'],
    ['an order', field(['a', 'b'], ['b', 'a']), 'spec.x: (same items in another order) b, a'],
    [
      'a map',
      field({ a: 1, b: 2, c: 3 }, { b: 2, c: 4, d: [5] }),
      'spec.x: - a, ~ c: 3 → 4, + d: [5]',
    ],
    ['a map whose keys are unusual', field({}, { 'a b': { c: 'd' } }), 'spec.x: + a b: {"c":"d"}'],
    ['a stake', field('a', 'b', { class: 'cost' }), 'spec.x: a → b [cost]'],
    [
      'a stake and a cause',
      field('a', 'b', { class: 'capability', cause: 'both' }),
      'spec.x: a → b [capability, changed in the source and by hand]',
    ],
    ['drift', field('a', 'b', { cause: 'drift' }), 'spec.x: a → b [drift]'],
    [
      'hostile text',
      field('a', '\u001b[2J\u202eb\u0007\nc'),
      'spec.x: [-a-]{+\\x1b[2J\\u202eb\\x07 c+}',
    ],
  ];
  const style = { palette: plain, width: 200, indent: '', causes: true };
  for (const [name, change, line] of cases) t.same(fieldLines(change, style), [line], name);
  const huge = fieldLines(field('a', 'x'.repeat(100_000)), style).join('\n');
  t.ok(huge.length < 3000, 'a huge value is cut; the JSON report has all of it');
  t.same(
    fieldLines(field(null, '🙂'.repeat(200)), style)
      .join('')
      .includes('\\ud83d'),
    false,
    'never through the middle of a character',
  );
});

t.test('a plan reads well on a terminal', async (t) => {
  t.equal(
    renderText({ kind: 'Plan', plan: sample }),
    `Plan for example at main@2

+ create Tool quiet quiet.yaml:1

! blocked Tool shop shop.yaml:1
    the record is there, belongs to no source and differs; set adopt: true for
    this source to take it over, or delete the record
    spec.prompt: (none) → sell

~ update Bot bot clients/support.yaml:3
    spec.model: small → large [cost]
    spec.attach: true → false [capability, drift]
    spec.tools: - old, + shop [capability]
^ deploy Bot bot

+ create Bot open open.yaml:1
! held: deploy Bot open
    without spec.key it answers anonymous callers; set spec.key, declare it with
    the annotation plumbline.dev/anonymous: allow, or approve the plan

- delete Tool old old.yaml:1

error clients/sales.yaml:12:5: there is no field modle [MANIFEST_UNKNOWN_KEY]
    12 |     modle: x
       |     ^
    hint: did you mean model?

2 to create, 1 to update, 1 to delete and 1 to deploy; 1 unchanged, 1 held, 1
blocked.
To let go what is held:
    plumbline approve ${shortPlanId(sample.id)}
`,
  );
});

t.test('a sync tells what was done, and what was not', async (t) => {
  const text = renderText({ kind: 'SyncReport', plan: sample, results });
  t.match(text, /^Sync of example to main@2\n/);
  t.match(text, '! failed: delete Tool old old.yaml:1\n    RECORD_STALE: it was changed\n');
  t.match(text, '! held: deploy Bot open\n');
  t.match(
    text,
    /\n2 created, 1 updated, 1 deployed and 1 failed; 1 unchanged, 1 held, 1 blocked.\nTo let go what is held:\n {4}plumbline approve [0-9a-f]{12}\n$/,
  );
});

t.test('one sentence sums up', async (t) => {
  const bot = manifest('Bot', 'bot', { model: 'a', deployed: false });
  const drift = (
    records: ReturnType<typeof live>[],
    ...mine: ReturnType<typeof owned>[]
  ): Report => ({
    kind: 'DriftReport',
    plan: buildDrift({ source: 'example', revision: 'main@1', live: records, owned: mine, kinds }),
  });
  const two = { desired: [desired(bot), desired(secret)], ...applied(bot, secret) };
  const cases: [Report, string][] = [
    [{ kind: 'Plan', plan: plan({}) }, 'Nothing to do: the source declares nothing.'],
    [{ kind: 'Plan', plan: plan(two) }, 'Nothing to do: all 2 records are as declared.'],
    [
      { kind: 'SyncReport', plan: plan(two), results: [] },
      'Nothing to do: all 2 records are as declared.',
    ],
    [{ kind: 'Plan', plan: plan({ desired: [desired(bot)] }) }, '1 to create; 0 unchanged.'],
    [
      { kind: 'Plan', plan: plan({ unknownContent: ['a.yaml'] }) },
      'Nothing to do; 0 unchanged, 1 invalid.',
    ],
    [drift([]), 'No drift: nothing has been applied yet.'],
    [drift([live(bot)], owned(bot)), 'No drift: the one record is as last applied.'],
    [
      drift(
        [live(manifest('Bot', 'bot', { model: 'b', deployed: true }))],
        owned(bot),
        owned(secret),
      ),
      '1 gone by hand, 1 changed by hand and 1 deployed by hand; 0 unchanged.',
    ],
  ];
  for (const [report, sentence] of cases)
    t.equal(renderText(report).trimEnd().split('\n\n').at(-1), sentence);
});

t.test('lines keep to the width, and colour is not counted', async (t) => {
  for (const width of [40, 60, 80, 120]) {
    const lines = renderText({ kind: 'Plan', plan: sample }, { width }).split('\n');
    const long = lines.filter((line) => line.length > width && line.trim().includes(' '));
    t.same(long, [], `${width} columns`);
  }
  const names = ['added', 'removed', 'changed', 'held', 'quiet', 'strong'] as const;
  const palette = Object.fromEntries(
    names.map((name) => [name, (text: string) => `<${name}>${text}</${name}>`]),
  ) as unknown as Palette;
  const coloured = renderText({ kind: 'Plan', plan: sample }, { palette });
  t.match(coloured, '<removed>small</removed> → <added>large</added>');
  t.equal(
    coloured.replace(/<\/?(added|removed|changed|held|quiet|strong)>/g, ''),
    renderText({ kind: 'Plan', plan: sample }),
    'the same text under the colours',
  );
});

t.test('a report of thousands of changes is printed in pieces, and says the same', async (t) => {
  const changes = Array.from({ length: 3000 }, (_, at) => {
    const [first] = sample.changes as [Plan['changes'][number]];
    return revised(first, { key: { ...first.key, name: `bot_${at}` } });
  });
  const report: Report = { kind: 'Plan', plan: { ...sample, changes } };
  const printed: string[] = [];
  const terminal = { out: (text: string) => printed.push(text), width: 80 } as unknown as Terminal;
  printText([report, report], terminal);
  t.ok(printed.length > 2 && printed.every((it) => it.length < 100_000), 'no piece is large');
  const text = renderText(report, { width: 80 });
  t.ok(printed.join('') === `${text}\n${text}`, 'the same text');
  printed.length = 0;
  printText([report], terminal, 'Another heading');
  t.ok(printed.join('') === `Another heading${text.slice(text.indexOf('\n'))}`);
});

t.test(
  'of hundreds of records that were made each has a line, and only what was there before is told',
  async (t) => {
    const names = Array.from({ length: 201 }, (_, at) => `tool_${at}`);
    const known = manifest('Bot', 'bot', { model: 'small' });
    const gone = manifest('Tool', 'lost', { prompt: 'sell' });
    const many = (count: number) =>
      plan({
        desired: [
          desired(manifest('Bot', 'bot', { model: 'large' }), { file: 'bot.yaml', line: 3 }),
          desired(manifest('Bot', 'new', { model: 'large', key: 'secret', deployed: true }), {
            file: 'new.yaml',
          }),
          desired(secret),
          ...names
            .slice(0, count)
            .map((name) => desired(manifest('Tool', name, { prompt: 'sell' }))),
          desired(gone),
        ],
        live: [live(known), live(secret)],
        owned: [owned(known), owned(secret), owned(gone)],
      });
    const few = renderText({ kind: 'SyncReport', plan: many(5) });
    t.match(
      few,
      '+ create Bot new new.yaml:1\n    spec.key: secret',
      'of a few it is told what they open',
    );
    t.notMatch(few, 'left out');
    const text = renderText({ kind: 'SyncReport', plan: many(201) });
    t.notMatch(
      renderText({ kind: 'Plan', plan: many(201) }),
      'left out',
      'a plan is there to be judged',
    );
    t.match(text, '+ create Bot new new.yaml:1\n^ deploy Bot new\n', 'line by line');
    t.match(text, /\+ create Tool tool_0 \S+\n\+ create Tool tool_1 /);
    t.match(text, '~ update Bot bot bot.yaml:3\n    spec.model: small → large [cost]');
    t.match(text, /create Tool lost \[drift\]/, 'that somebody deleted it still shows');
    t.match(text, 'What the new records hold is left out here; -o json and their files have it.');
    t.equal(text.split('create Tool tool_').length, 202, 'every one of them is named');

    const all = many(201);
    const waits = (change: Plan['changes'][number]) =>
      change.key.name === 'new'
        ? revised(change, { held: true, reason: 'changes of exposure wait' })
        : change;
    const held = renderText({
      kind: 'SyncReport',
      plan: { ...all, changes: all.changes.map(waits) },
    });
    t.match(
      held,
      /create Bot new[^+~]*spec\.key: secret/,
      'whoever must decide on one sees what it opens',
    );

    const lost = names.map((name) => owned(manifest('Tool', name, { prompt: 'sell' })));
    const report = buildDrift({
      source: 'example',
      revision: 'main@1',
      live: [],
      owned: lost,
      kinds,
    });
    t.notMatch(
      renderText({ kind: 'DriftReport', plan: report }),
      'left out',
      'none of these is new',
    );
  },
);

t.test('a record whose manifest is gone is told of while it is kept', async (t) => {
  const tool = manifest('Tool', 'shop');
  const kept = plan({ ...applied(tool), policy: { prune: false, allowEmpty: true } });
  const told = 'keep Tool shop: no manifest declares it any more, and prune is off';
  t.match(renderText({ kind: 'Plan', plan: kept }, { width: 100 }), `> ${told}\n`);
  t.match(
    renderMarkdown({ kind: 'Plan', plan: kept }),
    /^- keep Tool shop.* no manifest declares it/m,
  );
  const gone = plan({ ...applied(tool), policy: { prune: true, allowEmpty: true } });
  t.notMatch(renderText({ kind: 'Plan', plan: gone }), 'keep Tool');
});

t.test('the JSON report is the documented one', async (t) => {
  const report = planReport(sample, 'Plan');
  const json = JSON.parse(JSON.stringify(report)) as Record<string, never[]>;
  t.same(Object.keys(json), [
    'apiVersion',
    'kind',
    'source',
    'revision',
    'id',
    'summary',
    'changes',
    'problems',
  ]);
  t.equal(
    JSON.stringify(json['summary']),
    '{"create":2,"update":1,"delete":1,"deploy":1,"undeploy":0,"adopt":0,"unchanged":1,"held":1,"blocked":1,"invalid":0}',
  );
  const [, blocked, update, , , held] = json['changes'] as unknown as object[];
  t.equal(
    JSON.stringify(update),
    '{"action":"update","kind":"Bot","account":"acme","name":"bot","file":"clients/support.yaml","line":3,"fields":[' +
      '{"path":"spec.model","from":"small","to":"large","cause":"git","class":"cost"},' +
      '{"path":"spec.attach","from":true,"to":false,"cause":"drift","class":"capability"},' +
      '{"path":"spec.tools","from":["old"],"to":["shop"],"cause":"git","class":"capability"}]}',
  );
  t.match(blocked, { action: 'blocked', reason: /adopt: true/ });
  t.match(held, { action: 'deploy', name: 'open', held: true, reason: /anonymous/ });
  t.equal(
    JSON.stringify(json['problems']),
    '[{"severity":"error","code":"MANIFEST_UNKNOWN_KEY","file":"clients/sales.yaml","line":12,"column":5,"path":"spec.modle","message":"there is no field modle","hint":"did you mean model?"}]',
    'without the excerpt, which is for people',
  );
  t.notMatch(JSON.stringify(report), /"outcome"/);
});

t.test('a sync report adds what became of each change', async (t) => {
  const { kind, changes } = planReport(sample, 'SyncReport', results);
  t.equal(kind, 'SyncReport');
  t.same(
    (changes as { action: string; outcome: string }[]).map((it) => `${it.action} ${it.outcome}`),
    [
      'create applied',
      'blocked skipped',
      'update applied',
      'deploy applied',
      'create applied',
      'deploy held',
      'delete failed',
    ],
  );
  t.match((changes as object[]).at(-1), {
    error: { code: 'RECORD_STALE', message: 'it was changed' },
  });
  const untried = planReport(sample, 'SyncReport')['changes'] as object[];
  t.match(untried[0], { outcome: 'skipped' }, 'without a result it was not tried');
});

t.test('several sources share one document', async (t) => {
  const one = planReport(sample, 'Plan');
  t.equal(reportDocument([one]), one);
  t.same(reportDocument([one, one]), {
    apiVersion: 'plumbline.dev/v1',
    kind: 'List',
    items: [one, one],
  });
  t.match(reportDocument([]), { kind: 'List', items: [] });
});

/** What a hostile repository might try: markup, mentions, fences, control characters, reading order. */
const hostile =
  'a`b```\n</code></details><script>|@root #1 [x](http://e.vil) www.e.vil *b*\u001b[31m\u202e\uffff';
const attack = plan({
  source: hostile,
  revision: hostile,
  desired: [
    desired(
      manifest('Tool', 'shop', {
        prompt: `${hostile} ${'word '.repeat(20)}`,
        table: { [hostile]: hostile },
      }),
      {
        file: hostile,
      },
    ),
  ],
  problems: [
    { ...problem, file: hostile, message: hostile, hint: hostile, frame: `1 | ${hostile}` },
  ],
});

t.test('markdown tells a pull request, and escapes everything', async (t) => {
  const text = renderMarkdown({ kind: 'Plan', plan: sample });
  t.match(
    text,
    /^### Plan for <code>example<\/code> at <code>main<span>&#64;<\/span>2<\/code>\n\n\*\*2 to create, /,
  );
  t.match(
    text,
    '| update | Bot | <code>bot</code> | <code>clients/support.yaml&#58;3</code> | cost, capability |  |\n' +
      '| deploy | Bot | <code>bot</code> | <code>clients/support.yaml&#58;3</code> | exposure |  |\n',
  );
  t.match(
    text,
    '| deploy | Bot | <code>open</code> | <code>open.yaml&#58;1</code> | exposure | held |\n',
  );
  t.match(
    text,
    `<details><summary>update Bot bot</summary>

\`\`\`text
spec.model: small → large [cost]
spec.attach: true → false [capability, drift]
spec.tools: - old, + shop [capability]
\`\`\`

</details>
`,
  );
  t.match(
    text,
    '#### Problems\n\n**error** <code>clients/sales.yaml&#58;12&#58;5</code> there is no field modle\n',
  );

  const bad = renderMarkdown({ kind: 'Plan', plan: attack });
  const fences = /^(`{3,})text\n[\s\S]*?\n\1$/gm;
  t.match(bad.match(fences)?.[0], /^````text/, 'a fence is longer than what it holds');
  const outside = bad.replace(fences, '');
  t.notMatch(outside, /<script|@root|#1 |\[x\]|http:|www\.|\*b\*/);
  t.notMatch(bad.replaceAll('\n', ''), /\p{Cc}|\u202e/u, 'no control character anywhere');
  t.equal(outside.match(/<details>/g)?.length, outside.match(/<\/details>/g)?.length);
  t.same(
    outside
      .split('\n')
      .filter((line) => line.startsWith('| create'))
      .map((line) => line.split('|').length),
    [8],
    'a table keeps its columns',
  );
});

t.test('markdown stays short enough for a comment', async (t) => {
  const many = Array.from({ length: 150 }, (_, index) =>
    desired(manifest('Tool', `t_${index}`, { prompt: 'p' })),
  );
  const text = renderMarkdown({ kind: 'Plan', plan: plan({ desired: many }) });
  t.equal(text.match(/<details>/g)?.length, 100);
  t.match(text, '50 more changes are in the JSON report.');
  t.equal(text.match(/^\| create/gm)?.length, 150, 'the table has them all');
});

t.test('junit has a failing test for every difference and error', async (t) => {
  const warning: Diagnostic = { ...problem, severity: 'warning', code: 'MANIFEST_ADVICE' };
  const report: Report = { kind: 'Plan', plan: { ...sample, problems: [problem, warning] } };
  const text = renderJunit([report]);
  t.match(
    text,
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="plumbline" tests="9" failures="8" errors="0" skipped="0">
  <testsuite name="example" tests="9" failures="8" errors="0" skipped="0">
    <testcase classname="Tool" name="create Tool quiet" file="quiet.yaml" line="1">
      <failure type="create" message="create Tool quiet"></failure>
    </testcase>
`,
  );
  t.match(
    text,
    '<failure type="MANIFEST_UNKNOWN_KEY" message="there is no field modle">did you mean model?</failure>',
  );
  t.match(text, '<failure type="held" message="without spec.key it answers anonymous callers;');

  const done = renderJunit([{ kind: 'SyncReport', plan: { ...sample, problems: [] }, results }]);
  t.match(done, 'tests="7" failures="3" errors="0" skipped="0"', 'blocked, held and failed');
  t.match(
    done,
    '<testcase classname="Bot" name="update Bot bot" file="clients/support.yaml" line="3"/>',
  );
  t.match(done, '<failure type="failed" message="it was changed">');

  const quiet = {
    kind: 'Plan',
    plan: plan({ desired: [desired(secret)], ...applied(secret) }),
  } as const;
  t.match(
    renderJunit([quiet, report]),
    'tests="10" failures="8"',
    'suites add up, and an empty one passes',
  );

  const bad = renderJunit([{ kind: 'Plan', plan: attack }]);
  t.notMatch(bad.replaceAll('\n', ''), /\p{Cc}|\u202e|\uffff|<script|<\/code/u);
  for (const line of bad.split('\n').filter((it) => it.includes('<testcase')))
    t.match(line, /^ +<testcase( [a-z]+="[^"<>]*")+\/?>$/, 'attributes stay attributes');
});
