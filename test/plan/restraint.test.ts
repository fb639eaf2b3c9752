import type { Manifest } from '../../src/manifest/manifest.ts';
import { approvable, lineOf, linesOf } from '../../src/plan/approval.ts';
import type { Plan, Policy } from '../../src/plan/change.ts';
import { type Control, type Reversal, unrestrained, unspent } from '../../src/plan/control.ts';
import { t } from '../support/tap.ts';
import {
  applied,
  desired,
  type Given,
  live,
  manifest,
  owned,
  plan,
  policy,
  told,
} from './literals.ts';

const now = '2026-03-01T12:00:00.000Z';
const ago = (minutes: number) => new Date(Date.parse(now) - minutes * 60_000).toISOString();
const control = (more: Partial<Control>): Control => ({ ...unrestrained, now, ...more });

const bot = (spec: object, name = 'bot') => manifest('Bot', name, { ...spec });
const tool = (name: string, prompt = 'p') => manifest('Tool', name, { prompt });
const secret = manifest('Key', 'secret');
const tools = (count: number) => Array.from({ length: count }, (_, at) => tool(`t${at}`));

/** Limits besides those of deletes, which are lifted. */
const limits = (more: Partial<Policy['limits']>): Partial<Policy> => ({
  limits: { ...policy.limits, deletes: {}, ...more },
});
const hold = (word: keyof Policy['classes']): Partial<Policy> => ({
  classes: { ...policy.classes, [word]: 'hold' },
});

const reasons = ({ changes }: Plan) =>
  changes.filter((it) => it.held === true).map((it) => it.reason ?? '');

/** What a person would approve of a plan. */
function approving(made: Plan) {
  return [{ basis: made.basis, lines: JSON.parse(linesOf(made)) as string[] }];
}

/** Records that the source wants changed: from one manifest each to another. */
function changing(...pairs: readonly (readonly [Manifest, Manifest])[]): Given {
  return {
    ...applied(...pairs.map(([before]) => before)),
    desired: pairs.map(([, after]) => desired(after)),
  };
}

t.test(
  'what was done in the window counts, so small steps cannot do what one may not',
  async (t) => {
    const before = tools(100);
    const removing = (count: number, deletes: number) =>
      plan({
        ...applied(...before),
        desired: before.slice(count).map((it) => desired(it)),
        control: control({ spent: { ...unspent, deletes, since: ago(60) } }),
      });
    t.equal(removing(8, 0).summary.delete, 8);
    t.equal(removing(8, 2).summary.delete, 8, 'up to the limit');
    const over = removing(3, 8);
    t.equal(over.summary.delete, 0);
    t.match(reasons(over)[0], /3 deletes and 8 in the last 1d are more than the limit of 10/);
    t.equal(
      over.changes[0]?.until,
      '2026-03-02T11:00:00.000Z',
      'until the first has left the window',
    );
    const few = tools(12);
    const share = (deletes: number) =>
      plan({
        ...applied(...few),
        desired: few.slice(2).map((it) => desired(it)),
        control: control({ spent: { ...unspent, deletes, since: ago(60) } }),
      });
    t.equal(share(0).summary.delete, 2, 'two of twelve');
    t.match(reasons(share(2))[0], /2 deletes and 2 in the last 1d, of 14 owned records, .* 20 %/);
  },
);

t.test('updates and changes of exposure have limits of their own; creates have none', async (t) => {
  const given = changing(
    [tool('a'), tool('a', 'q')],
    [tool('b'), tool('b', 'q')],
    [bot({ domain: { name: 'x' } }), bot({ domain: { name: 'y' } })],
  );
  const fresh = { ...given, desired: [...(given.desired ?? []), desired(tool('new'))] };
  const cases: [string, Partial<Policy['limits']>, string[]][] = [
    ['without limits', {}, ['create new', 'update a', 'update b', 'update bot']],
    [
      'as many updates as may be',
      { updates: { count: 3 } },
      ['create new', 'update a', 'update b', 'update bot'],
    ],
    [
      'too many updates',
      { updates: { count: 2 } },
      ['create new', 'held update a', 'held update b', 'held update bot'],
    ],
    [
      'no exposure',
      { exposure: { count: 0 } },
      ['create new', 'held update bot', 'update a', 'update b'],
    ],
  ];
  for (const [name, more, expected] of cases)
    t.same(told(plan({ ...fresh, policy: limits(more) })).sort(), expected, name);
  const spent = control({ spent: { deletes: 0, updates: 0, exposure: 4, since: ago(1) } });
  const opened = plan({ ...fresh, policy: limits({ exposure: { count: 4 } }), control: spent });
  t.match(reasons(opened), [/1 changes? of exposure and 4 in the last 1d .* limit of 4/]);
  const many = tools(20);
  const share = plan({
    ...applied(...many),
    desired: many.map((it, at) => desired(at < 5 ? tool(it.metadata.name, 'q') : it)),
    policy: limits({ updates: { percent: 20 } }),
  });
  t.equal(share.summary.held, 5);
  t.match(
    reasons(share)[0],
    /5 updates in one run, of 20 owned records, are more than the limit of 20 %/,
  );
});

t.test('a class that is held waits, with everything that needs it', async (t) => {
  const key = { key: 'secret' };
  const cases: [keyof Policy['classes'], Given, string[]][] = [
    ['cost', changing([bot({ model: 'a' }), bot({ model: 'b' })]), ['held update bot']],
    ['behaviour', changing([bot({ model: 'a' }), bot({ model: 'b' })]), ['update bot']],
    [
      'cost',
      changing(
        [bot({ ...key, model: 'a' }), bot({ ...key, model: 'b', deployed: true })],
        [secret, secret],
      ),
      ['held update bot', 'held deploy bot'],
    ],
    [
      'exposure',
      changing(
        [bot({ ...key, model: 'a' }), bot({ ...key, model: 'b', deployed: true })],
        [secret, secret],
      ),
      ['update bot', 'held deploy bot'],
    ],
    [
      'behaviour',
      {
        desired: [
          desired(tool('shop')),
          desired(bot({ tools: ['shop'], ...key })),
          desired(secret),
        ],
      },
      ['create secret', 'held create shop', 'held create bot'],
    ],
  ];
  for (const [word, given, expected] of cases)
    t.same(told(plan({ ...given, policy: hold(word) })), expected, word);
  const waiting = plan({
    desired: [desired(tool('shop')), desired(bot({ tools: ['shop'] }))],
    policy: hold('behaviour'),
  });
  t.match(reasons(waiting), [
    /policy holds changes of behaviour \(spec.prompt\)/,
    /it refers to Tool shop, which is held/,
  ]);
  t.same(
    waiting.changes.map((it) => it.guard),
    ['class', 'reference'],
  );
});

t.test('an approval lets go exactly what was seen', async (t) => {
  const before = tools(30);
  const seen: Given = { ...applied(...before), desired: before.slice(11).map((it) => desired(it)) };
  const held = plan(seen);
  t.equal(approvable(held).length, 11);
  const approvals = approving(held);
  const released = plan({ ...seen, control: control({ approvals }) });
  t.equal(released.summary.delete, 11);
  t.equal(released.summary.held, 0);
  t.ok(
    released.changes.every((it) => it.approved === true),
    'and no budget counts it',
  );
  t.not(released.id, held.id, 'which is another plan');

  const fewer = { ...seen, ...applied(...before.slice(3)) };
  t.equal(
    plan({ ...fewer, control: control({ approvals }) }).summary.delete,
    8,
    'a run that was killed on the way goes on',
  );
  const more = { ...seen, desired: before.slice(12).map((it) => desired(it)) };
  t.equal(
    plan({ ...more, control: control({ approvals }) }).summary.delete,
    0,
    'one that nobody has seen holds all',
  );
  const elsewhere: [string, Given][] = [
    ['another revision', { ...seen, revision: 'main@3' }],
    ['another policy', { ...seen, policy: { drift: 'report' } }],
    ['another version of Plumbline', { ...seen, toolVersion: '2.0.0' }],
    [
      'records that were written since',
      { ...seen, live: before.map((it) => live(it, { generation: 2 })) },
    ],
  ];
  for (const [name, given] of elsewhere)
    t.equal(plan({ ...given, control: control({ approvals }) }).summary.delete, 0, name);

  const open = { desired: [desired(bot({ deployed: true }))] };
  const anonymous = plan(open);
  t.same(told(anonymous), ['create bot', 'held deploy bot']);
  const opened = plan({ ...open, control: control({ approvals: approving(anonymous) }) });
  t.same(told(opened), ['create bot', 'deploy bot'], 'opening to anonymous callers, too');
  t.match(opened.changes[0]?.write, /"deployed":true/);
});

t.test('a suspended record is left out, and a suspended source as a whole', async (t) => {
  const shop = tool('shop');
  const mine = bot({ tools: ['shop'], model: 'a' });
  const suspension = { reason: 'incident 42', actor: 'user:ann', since: ago(5), until: undefined };
  const one = control({ records: new Map([['acme/bot/bot', suspension]]) });
  const changed = plan({
    ...changing([mine, bot({ tools: ['shop'], model: 'b' })], [shop, tool('shop', 'q')]),
    control: one,
  });
  t.same(told(changed), ['update shop', 'held update bot']);
  t.match(reasons(changed), [/^suspended by user:ann since 2026-03-01T11:55:00Z: incident 42$/]);
  t.same(approvable(changed), [], 'nobody can approve that away');
  const gone = plan({
    ...applied(mine, shop, tool('other')),
    desired: [desired(tool('other'))],
    control: one,
  });
  t.same(told(gone), ['held delete bot', 'blocked shop'], 'what it refers to stays with it');
  const all = plan({
    ...changing([shop, tool('shop', 'q')]),
    control: control({ source: { ...suspension, until: ago(-60) } }),
  });
  t.same(told(all), ['held update shop']);
  t.match(reasons(all), [
    /the source is suspended by user:ann since .* until 2026-03-01T13:00:00Z/,
  ]);
  t.match(all.suspended, { reason: 'incident 42' });
});

t.test(
  'a change whose try failed waits for the next; another change of the record does not',
  async (t) => {
    const given = changing([tool('shop'), tool('shop', 'q')]);
    const [due] = plan(given).changes;
    const retry = {
      line: lineOf(due as Plan['changes'][number]),
      failures: 2,
      error: 'RECORD_REJECTED: no',
    };
    const at = (dueAt: string, other: Given = given) =>
      plan({
        ...other,
        control: control({ retries: new Map([['acme/tool/shop', { ...retry, dueAt }]]) }),
      });
    const waiting = at(ago(-1));
    t.same(told(waiting), ['held update shop']);
    t.match(reasons(waiting), [
      /2 tries failed \(RECORD_REJECTED: no\); the next is due at 2026-03-01T12:01:00Z/,
    ]);
    t.same(told(at(now)), ['update shop'], 'it is due');
    t.same(told(at(ago(-1), changing([tool('shop'), tool('shop', 'r')]))), ['update shop']);
  },
);

t.test(
  'a field that somebody changes for the third time is left alone, and only that field',
  async (t) => {
    const base = bot({ model: 'a', prompt: 'x' });
    const theirs = bot({ model: 'theirs', prompt: 'x' });
    const reversal = (minutes: number, value = 'theirs', path = 'spec.model'): Reversal => ({
      path,
      at: ago(minutes),
      ours: 'a',
      theirs: value,
    });
    const fought = (reversals: readonly Reversal[], record = theirs) =>
      plan({
        desired: [desired(base)],
        live: [live(record)],
        owned: [owned(base)],
        control: control({ reversals: new Map([['acme/bot/bot', reversals]]) }),
      });
    const cases: [string, readonly Reversal[], string[]][] = [
      ['the first', [], ['update bot']],
      ['the second', [reversal(5)], ['update bot']],
      ['the third', [reversal(10), reversal(5)], ['held update bot']],
      ['remembered', [reversal(10), reversal(5), reversal(1)], ['held update bot']],
      ['with an old one before', [reversal(70), reversal(5)], ['update bot']],
      ['quiet since', [reversal(80), reversal(70), reversal(61)], ['update bot']],
      [
        'another value since',
        [reversal(80), reversal(70), reversal(59, 'other')],
        ['held update bot'],
      ],
      [
        'of another field',
        [reversal(10, 'y', 'spec.prompt'), reversal(5, 'y', 'spec.prompt')],
        ['update bot'],
      ],
    ];
    for (const [name, reversals, expected] of cases)
      t.same(told(fought(reversals)), expected, name);
    const told3 = reasons(fought([reversal(10), reversal(5)]))[0];
    t.match(
      told3,
      /spec.model to theirs .*11:50:00Z, .*11:55:00Z, .*12:00:00Z.* the source says a/,
    );
    t.match(told3, /not enforced until it has been quiet for 1h, at 2026-03-01T13:00:00Z/);
    const both = fought([reversal(10), reversal(5)], bot({ model: 'theirs', prompt: 'y' }));
    t.same(
      told(both),
      ['update bot', 'held update bot'],
      'the other field of the record is enforced',
    );
    t.match(both.changes[0], {
      fields: [{ path: 'spec.prompt', to: 'x' }],
      write: /"model":"theirs","prompt":"x"/,
    });
    const decided = plan({
      desired: [desired(bot({ model: 'b', prompt: 'x' }))],
      live: [live(theirs)],
      owned: [owned(base)],
      control: control({ reversals: new Map([['acme/bot/bot', [reversal(10), reversal(5)]]]) }),
    });
    t.same(told(decided), ['update bot'], 'what the source says anew is written');
  },
);
