import type { Manifest } from '../../src/manifest/manifest.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import type { Plan } from '../../src/plan/change.ts';
import { diffFields } from '../../src/plan/diff.ts';
import { buildDrift } from '../../src/plan/drift.ts';
import { type Test, t } from '../support/tap.ts';
import {
  applied,
  desired,
  type Given,
  input,
  keyOf,
  kindOf,
  kinds,
  live,
  manifest,
  owned,
  plan,
  policy,
  told,
  written,
} from './literals.ts';

const secret = manifest('Key', 'secret');
const shop = manifest('Tool', 'shop', { prompt: 'sell' });
const bot = (spec = {}, annotations: Record<string, string | boolean>[] = []) =>
  manifest('Bot', 'bot', spec, annotations);
const allow = { 'plumbline.dev/anonymous': 'allow' };
const protect = { 'plumbline.dev/protect': true };
const tools = (count: number) =>
  Array.from({ length: count }, (_, index) => manifest('Tool', `tool_${index}`, { prompt: 'p' }));

function reasons({ changes }: Plan): (string | undefined)[] {
  return changes.map((change) => change.reason);
}

t.test('a difference is found by the meaning of the field', async (t) => {
  const cases: [string, object, object, string[]][] = [
    ['equal texts', { model: 'a' }, { model: 'a' }, []],
    ['texts compare exactly', { prompt: 'a ' }, { prompt: 'a' }, ['spec.prompt']],
    ['numbers compare by value', { model: 1.0 }, { model: 1 }, []],
    ['a number is not a text', { model: 1 }, { model: '1' }, ['spec.model']],
    ['a set has no order', { tools: ['a', 'b'] }, { tools: ['b', 'a'] }, []],
    ['a set has no repeats', { tools: ['a', 'a'] }, { tools: ['a'] }, []],
    ['a list has an order', { examples: ['a', 'b'] }, { examples: ['b', 'a'] }, ['spec.examples']],
    ['a map has no key order', { model: { a: 1, b: 2 } }, { model: { b: 2, a: 1 } }, []],
    ['absent is the default', {}, { attach: false, examples: [] }, []],
    ['empty is nothing without a default, too', { model: [] }, {}, []],
    ['deployment is left out', { deployed: true }, { deployed: false }, []],
    [
      'paths come in the order of the table',
      { tools: ['a'], model: 'a', domain: { name: 'x' } },
      { attach: true },
      ['spec.model', 'spec.attach', 'spec.domain.name', 'spec.tools'],
    ],
  ];
  for (const [name, from, to, paths] of cases) {
    const found = diffFields(kindOf('Bot'), bot(from), bot(to), undefined);
    t.same(
      found.map((field) => field.path),
      paths,
      name,
    );
  }
});

t.test('a difference knows where it comes from and what it puts at stake', async (t) => {
  const cases: [string, object, object, object | undefined, string][] = [
    ['the source changed', { model: 'a' }, { model: 'b' }, { model: 'a' }, 'git'],
    ['the record changed', { model: 'b' }, { model: 'a' }, { model: 'a' }, 'drift'],
    ['both changed', { model: 'b' }, { model: 'c' }, { model: 'a' }, 'both'],
    ['nothing was applied before', { model: 'b' }, { model: 'a' }, undefined, 'git'],
    ['the record lost it', {}, { model: 'a' }, { model: 'a' }, 'drift'],
  ];
  for (const [name, from, to, base, cause] of cases) {
    const found = diffFields(kindOf('Bot'), bot(from), bot(to), base && bot(base));
    t.match(found, [{ path: 'spec.model', cause, class: 'cost' }], name);
  }
  t.same(
    diffFields(kindOf('Bot'), undefined, bot({ model: 'a' }), undefined),
    [{ path: 'spec.model', from: null, to: 'a', cause: 'git', class: 'cost' }],
    'a record that is not there has nothing, and defaults go without saying',
  );
});

interface Case extends Given {
  readonly name: string;
  readonly plan: readonly string[];
  /** Kind of bookkeeping and name. */
  readonly books?: readonly string[];
  readonly reason?: RegExp;
}

function check(t: Test, { name, plan: expected, books = [], reason, ...given }: Case): void {
  const made = plan(given);
  t.same(told(made), expected, name);
  t.same(
    made.bookkeeping.map(
      (it) => `${it.kind} ${'owned' in it ? it.owned.key.name : it.desired.key.name}`,
    ),
    books,
    `${name}: the inventory`,
  );
  const why = reasons(made).filter((it) => it !== undefined);
  if (reason === undefined) t.same(why, [], `${name}: no reason`);
  else t.match(why[0], reason, name);
}

t.test('a declared resource', async (t) => {
  const open = bot({ model: 'a' });
  const shut = bot({ model: 'a', key: 'secret' });
  const cases: Case[] = [
    { name: 'is created', desired: [desired(open)], plan: ['create bot'] },
    {
      name: 'is created and then deployed',
      desired: [desired(bot({ deployed: true, key: 'secret' })), desired(secret)],
      plan: ['create secret', 'create bot', 'deploy bot'],
    },
    {
      name: 'that the manifest keeps undeployed is only created',
      desired: [desired(bot({ deployed: false }))],
      plan: ['create bot'],
    },
    {
      name: 'that is as declared is left alone',
      desired: [desired(open)],
      ...applied(open),
      plan: [],
    },
    {
      name: 'that differs is updated',
      desired: [desired(bot({ model: 'b' }))],
      ...applied(open),
      plan: ['update bot'],
    },
    {
      name: 'whose set is in another order is left alone',
      desired: [
        desired(bot({ tools: ['b', 'a'] })),
        ...['a', 'b'].map((it) => desired(manifest('Tool', it))),
      ],
      ...applied(bot({ tools: ['a', 'b'] }), manifest('Tool', 'a'), manifest('Tool', 'b')),
      plan: [],
    },
    {
      name: 'whose manifest moved is noted in the inventory alone',
      desired: [desired(open, { file: 'moved.yaml' })],
      ...applied(open),
      plan: [],
      books: ['record bot'],
    },
    {
      name: 'whose file changed elsewhere is noted, too',
      desired: [desired(open, { blob: 'sha1:new' })],
      ...applied(open),
      plan: [],
      books: ['record bot'],
    },
    {
      name: 'that was orphaned is taken back',
      desired: [desired(open)],
      live: [live(open)],
      owned: [owned(open, { orphaned: true })],
      plan: [],
      books: ['record bot'],
    },
    {
      name: 'that somebody set to the new value already is noted',
      desired: [desired(bot({ model: 'b' }))],
      live: [live(bot({ model: 'b' }))],
      owned: [owned(open)],
      plan: [],
      books: ['record bot'],
    },
    {
      name: 'whose deployment is not managed keeps what the operator set',
      desired: [desired(shut), desired(secret)],
      live: [live(bot({ model: 'a', key: 'secret', deployed: true })), live(secret)],
      owned: [owned(shut), owned(secret)],
      plan: [],
    },
    {
      name: 'is deployed when the manifest begins to say so',
      desired: [desired(bot({ key: 'secret', deployed: true })), desired(secret)],
      ...applied(bot({ key: 'secret' }), secret),
      plan: ['deploy bot'],
    },
    {
      name: 'is undeployed before its update',
      desired: [desired(bot({ model: 'b', deployed: false }))],
      ...applied(bot({ model: 'a', deployed: true })),
      plan: ['undeploy bot', 'update bot'],
    },
    {
      name: 'whose record changed its kind is blocked',
      desired: [desired(manifest('SqlTool', 'shop'))],
      ...applied(shop),
      plan: ['blocked shop'],
      reason: /of kind Tool, and a record cannot change its kind/,
    },
    {
      name: 'whose record is gone is created again',
      desired: [desired(open)],
      owned: [owned(open)],
      plan: ['create bot'],
    },
  ];
  for (const it of cases) check(t, it);
  t.match(
    plan({ desired: [desired(open)], owned: [owned(open)] }).changes[0]?.fields,
    [{ path: 'spec.model', from: null, to: 'a', cause: 'drift' }],
    'a record that is gone is drift',
  );
});

t.test('a change says exactly what to write', async (t) => {
  const to = bot({ model: 'b', key: 'secret', deployed: true });
  const made = plan({ desired: [desired(to), desired(secret)] });
  t.same(written(made.changes[1]), to, 'a create with its deploy');
  const held = plan({ desired: [desired(bot({ model: 'b', deployed: true }))] });
  t.same(
    written(held.changes[0]),
    bot({ model: 'b', deployed: false }),
    'a create whose deploy waits',
  );
  const kept = plan({
    desired: [desired(bot({ model: 'b' }))],
    ...applied(bot({ model: 'a', deployed: true })),
  });
  t.same(
    written(kept.changes[0]),
    bot({ model: 'b', deployed: true }),
    'the operator keeps the switch',
  );
});

t.test('drift is reported, not corrected, where the policy says so', async (t) => {
  const report = { drift: 'report' } as const;
  const base = bot({ model: 'a', prompt: 'p', domain: { name: 'x' } });
  const cases: Case[] = [
    {
      name: 'an update of nothing but drift vanishes',
      desired: [desired(base)],
      live: [live(bot({ model: 'hand', prompt: 'p', domain: { name: 'x' } }))],
      owned: [owned(base)],
      plan: [],
    },
    {
      name: 'but its inventory row still follows its file',
      desired: [desired(base, { line: 9 })],
      live: [live(bot({ model: 'hand' }))],
      owned: [owned(base)],
      plan: [],
      books: ['record bot'],
    },
    {
      name: 'a record that is gone stays gone',
      desired: [desired(base)],
      owned: [owned(base)],
      plan: [],
    },
    {
      name: 'a switch made by hand stays',
      desired: [desired(bot({ key: 'secret', deployed: true })), desired(secret)],
      live: [live(bot({ key: 'secret' })), live(secret)],
      owned: [owned(bot({ key: 'secret', deployed: true })), owned(secret)],
      plan: [],
    },
    {
      name: 'what refers to a record that stays gone is blocked',
      desired: [desired(bot({ tools: ['shop'] })), desired(shop)],
      owned: [owned(shop)],
      plan: ['blocked bot'],
      reason: /refers to Tool or SqlTool shop, whose record this run does not make/,
    },
  ];
  for (const it of cases) check(t, { ...it, policy: report });

  const mixed = plan({
    desired: [desired(bot({ model: 'a', prompt: 'new', domain: { name: 'x' } }))],
    live: [live(bot({ model: 'hand', prompt: 'p', attach: true }))],
    owned: [owned(base)],
    policy: report,
  });
  t.match(mixed.changes, [{ action: 'update', fields: [{ path: 'spec.prompt', cause: 'git' }] }]);
  t.equal(mixed.changes[0]?.fields.length, 1);
  t.same(
    written(mixed.changes[0]),
    bot({ model: 'hand', prompt: 'new', attach: true, deployed: false }),
    'drifted fields are written as they are, also the one that is gone',
  );
  t.same(mixed.changes[0]?.desired?.manifest.spec['model'], 'a', 'the base stays what Git says');
});

t.test('a record that belongs to nobody', async (t) => {
  const mine = bot({ model: 'a' });
  const cases: Case[] = [
    {
      name: 'is adopted when it is as declared',
      desired: [desired(mine)],
      live: [live(mine)],
      plan: ['adopt bot'],
    },
    {
      name: 'is blocked when it differs',
      desired: [desired(bot({ model: 'b' }))],
      live: [live(mine)],
      plan: ['blocked bot'],
      reason: /set adopt: true .* or delete the record/,
    },
    {
      name: 'is blocked when only its deployment differs',
      desired: [desired(bot({ model: 'a', key: 'secret', deployed: true })), desired(secret)],
      live: [live(bot({ model: 'a', key: 'secret' })), live(secret)],
      plan: ['adopt secret', 'blocked bot'],
      reason: /adopt: true/,
    },
    {
      name: 'is adopted and changed when the source may',
      desired: [desired(bot({ model: 'b', deployed: true, key: 'secret' })), desired(secret)],
      live: [live(mine), live(secret)],
      policy: { adopt: true },
      plan: ['adopt secret', 'adopt bot', 'deploy bot'],
    },
    { name: 'is never touched when it is not declared', live: [live(mine)], plan: [] },
  ];
  for (const it of cases) check(t, it);
  const same = plan({ desired: [desired(mine)], live: [live(mine)] }).changes[0];
  t.match(same, { fields: [], write: undefined }, 'taking over what is right writes nothing');
  const changed = plan({
    desired: [desired(bot({ model: 'b' }))],
    live: [live(mine)],
    policy: { adopt: true },
  });
  t.match(changed.changes[0], {
    fields: [{ from: 'a', to: 'b', cause: 'git' }],
  });
  t.match(written(changed.changes[0]), bot({ model: 'b' }));
});

t.test('a record that another source owns is blocked, and both are named', async (t) => {
  const made = plan({
    desired: [desired(bot({ model: 'b' }))],
    live: [live(bot())],
    ownerOf: (id) => (id === keyId(keyOf(bot())) ? 'platform' : undefined),
    policy: { adopt: true },
  });
  t.same(told(made), ['blocked bot']);
  t.match(made.changes[0]?.reason, /belongs to the source platform/);
  t.match(made.problems, [
    { code: 'MANIFEST_CONFLICT', file: 'bot.yaml', line: 1, message: /source platform/ },
  ]);
});

t.test('a record that is no longer declared', async (t) => {
  const rest = tools(9);
  const keep = { desired: rest.map((it) => desired(it)) };
  const state = applied(...rest, shop);
  const cases: Case[] = [
    { name: 'is deleted', ...keep, ...state, plan: ['delete shop'] },
    {
      name: 'is undeployed first',
      ...keep,
      ...applied(...rest, bot({ deployed: true })),
      plan: ['undeploy bot', 'delete bot'],
    },
    {
      name: 'stays without prune, and is marked once',
      ...keep,
      ...state,
      policy: { prune: false },
      plan: [],
      books: ['orphan shop'],
    },
    {
      name: 'that is marked already says nothing more',
      ...keep,
      live: state.live,
      owned: [...applied(...rest).owned, owned(shop, { orphaned: true })],
      policy: { prune: false },
      plan: [],
    },
    {
      name: 'that is gone already is forgotten',
      ...keep,
      live: applied(...rest).live,
      owned: state.owned,
      plan: [],
      books: ['forget shop'],
    },
    {
      name: 'stays when a broken manifest declares it',
      ...keep,
      ...state,
      declaredButInvalid: [keyOf(shop)],
      plan: [],
    },
    {
      name: 'stays when a file could not be read',
      ...keep,
      ...state,
      unknownContent: ['b.yaml', 'a.yaml'],
      plan: ['blocked shop'],
      reason: /nothing is deleted while a.yaml, b.yaml cannot be read/,
    },
    {
      name: 'is neither marked nor forgotten when a file could not be read',
      ...keep,
      live: state.live,
      owned: [...state.owned, owned(secret)],
      policy: { prune: false },
      unknownContent: ['a.yaml'],
      plan: [],
    },
    {
      name: 'stays when the record is protected',
      ...keep,
      live: [...applied(...rest).live, live(manifest('Tool', 'shop', {}, [protect]))],
      owned: state.owned,
      plan: ['blocked shop'],
      books: ['orphan shop'],
      reason: /protected by the annotation plumbline.dev\/protect/,
    },
    {
      name: 'stays when what was applied last is protected, whatever the record says now',
      ...keep,
      live: state.live,
      owned: [...applied(...rest).owned, owned(manifest('Tool', 'shop', {}, [protect]))],
      plan: ['blocked shop'],
      books: ['orphan shop'],
      reason: /protected/,
    },
    {
      name: 'stays when another kind has taken its name',
      ...keep,
      live: [...applied(...rest).live, live(manifest('SqlTool', 'shop'))],
      owned: state.owned,
      plan: ['blocked shop'],
      books: ['orphan shop'],
      reason: /now of kind SqlTool/,
    },
    {
      name: 'stays while a foreign record refers to it',
      ...keep,
      live: [...state.live, live(bot({ tools: ['shop'] }))],
      owned: state.owned,
      plan: ['blocked shop'],
      books: ['orphan shop'],
      reason: /^Bot bot still refers to it/,
    },
    {
      name: 'stays while a record of ours refers to it by hand',
      desired: [...keep.desired, desired(bot({ model: 'b' }))],
      live: [...state.live, live(bot({ model: 'a', tools: ['shop'] }))],
      owned: [...state.owned, owned(bot({ model: 'a' }))],
      policy: { drift: 'report' },
      plan: ['update bot', 'blocked shop'],
      books: ['orphan shop'],
      reason: /^Bot bot still refers to it/,
    },
    {
      name: 'stays while the update that removes the reference waits',
      desired: [...keep.desired, desired(bot({ deployed: true })), desired(secret)],
      ...applied(...rest, shop, secret, bot({ tools: ['shop'], key: 'secret', deployed: true })),
      plan: ['held update bot', 'blocked shop'],
      books: ['orphan shop'],
      reason: /answers anonymous callers/,
    },
    {
      name: 'goes in the run that removes the reference',
      desired: [...keep.desired, desired(bot())],
      ...applied(...rest, shop, bot({ tools: ['shop'] })),
      plan: ['update bot', 'delete shop'],
    },
    {
      name: 'goes together with what refers to it, which goes first',
      ...keep,
      ...applied(...rest, shop, bot({ tools: ['shop'] })),
      plan: ['delete bot', 'delete shop'],
    },
    {
      name: 'stays with everything that it needs',
      ...keep,
      ...applied(...rest, shop, bot({ tools: ['shop'] }, [protect])),
      plan: ['blocked bot', 'blocked shop'],
      books: ['orphan bot', 'orphan shop'],
      reason: /protected/,
    },
  ];
  for (const it of cases) check(t, it);
});

t.test('ownership in an account that nobody looked at is left alone', async (t) => {
  const elsewhere = owned(shop, { key: { ...keyOf(shop), account: 'other' } });
  check(t, { name: 'not forgotten', account: 'acme', owned: [elsewhere], plan: [] });
});

t.test('deletes are held together when they are too many', async (t) => {
  const all = tools(100);
  const cases: [string, number, number, Given['policy'], RegExp | undefined][] = [
    ['as many as the count', 100, 10, {}, undefined],
    ['one more than the count', 100, 11, {}, /11 deletes in one run are more than the limit of 10/],
    ['as many as the share', 10, 2, {}, undefined],
    [
      'more than the share',
      10,
      3,
      {},
      /3 deletes in one run, of 10 owned records, are more than the limit of 20 %/,
    ],
    ['a large share of few', 9, 5, {}, undefined],
    ['everything, however little', 1, 1, {}, /the source declares nothing any more/],
    ['everything, if that is meant', 1, 1, { allowEmpty: true }, undefined],
    ['allowEmpty does not lift the limits', 20, 20, { allowEmpty: true }, /20 deletes/],
  ];
  for (const [name, count, deletes, policy, reason] of cases) {
    const before = all.slice(0, count);
    const made = plan({
      desired: before.slice(deletes).map((it) => desired(it)),
      ...applied(...before),
      ...(policy === undefined ? {} : { policy }),
    });
    t.equal(made.summary.delete, reason === undefined ? deletes : 0, name);
    t.equal(made.summary.held, reason === undefined ? 0 : deletes, name);
    t.equal(made.bookkeeping.length, made.summary.held, `${name}: what is held is orphaned`);
    if (reason !== undefined) for (const it of reasons(made)) t.match(it, reason, name);
  }
  const share = (before: number, deletes: number, made: number, gone = 0) =>
    plan({
      desired: [...all.slice(deletes, before), ...all.slice(50, 50 + made)].map((it) =>
        desired(it),
      ),
      live: all.slice(0, before).map((it) => live(it)),
      owned: [...all.slice(0, before), ...all.slice(90, 90 + gone)].map((it) => owned(it)),
    }).summary.held;
  t.equal(share(10, 3, 5), 0, 'the share is of what the source owns once the creates are done');
  t.equal(share(9, 5, 5), 5, 'so deletes that wait do not go on in the next run by themselves');
  t.equal(share(9, 5, 0, 5), 0, 'and records that are gone already do not count');
  const emptied = plan(applied(shop, bot({ deployed: true, tools: ['shop'] })));
  t.same(told(emptied), ['held undeploy bot', 'held delete bot', 'held delete shop']);
  const others = plan({
    desired: [desired(bot({ model: 'b' }))],
    ...applied(...all, bot({ model: 'a' })),
  });
  t.equal(told(others)[0], 'update bot', 'what is not a delete goes on');
  const broken = plan({
    ...applied(shop, bot()),
    desired: [desired(bot({ tools: ['nowhere'] }))],
  });
  t.same(told(broken), ['held delete shop'], 'a source with no usable manifest is empty, too');
});

t.test('opening a resource to anonymous callers waits for a person', async (t) => {
  const state = (before: Manifest) => ({
    live: [live(before), live(secret)],
    owned: [owned(before), owned(secret)],
  });
  const shut = { key: 'secret', model: 'a' };
  const cases: [string, Manifest | undefined, Manifest, string[]][] = [
    [
      'deploying an open one',
      undefined,
      bot({ deployed: true }),
      ['create bot', 'held deploy bot'],
    ],
    ['allowing it', undefined, bot({ deployed: true }, [allow]), ['create bot', 'deploy bot']],
    ['keeping it in', undefined, bot({ ...shut, deployed: true }), ['create bot', 'deploy bot']],
    [
      'taking the key from a deployed one',
      bot({ ...shut, deployed: true }),
      bot({ model: 'b', deployed: true }),
      ['held update bot'],
    ],
    [
      'taking the key and allowing it',
      bot({ ...shut, deployed: true }),
      bot({ deployed: true }, [allow]),
      ['update bot'],
    ],
    [
      'taking the key from one that is not deployed',
      bot(shut),
      bot({ model: 'b' }),
      ['update bot'],
    ],
    [
      'taking the key and deploying',
      bot(shut),
      bot({ model: 'b', deployed: true }),
      ['held update bot', 'held deploy bot'],
    ],
    [
      'taking the key and undeploying',
      bot({ ...shut, deployed: true }),
      bot({ deployed: false }),
      ['undeploy bot', 'update bot'],
    ],
    [
      'changing an open one that is deployed',
      bot({ model: 'a', deployed: true }),
      bot({ model: 'b', deployed: true }),
      ['update bot'],
    ],
    [
      'changing and deploying an open one',
      bot({ model: 'a' }),
      bot({ model: 'b', deployed: true }),
      ['update bot', 'held deploy bot'],
    ],
    [
      'changing the key',
      bot({ ...shut, deployed: true }),
      bot({ key: 'other', model: 'a', deployed: true }),
      ['update bot'],
    ],
  ];
  for (const [name, before, after, expected] of cases) {
    const made = plan({
      ...(before === undefined ? applied(secret) : state(before)),
      desired: [desired(after), desired(secret), desired(manifest('Key', 'other'))],
    });
    t.same(
      told(made).filter((it) => it.endsWith(' bot')),
      expected,
      name,
    );
    for (const it of made.changes.filter((change) => change.held === true))
      t.match(it.reason, /without spec.key it answers anonymous callers/, name);
  }
  const byHand = plan({
    desired: [desired(bot({ deployed: true }))],
    live: [live(bot({ ...shut, deployed: true })), live(secret)],
    owned: [owned(bot({ deployed: true }))],
  });
  t.same(
    told(byHand),
    ['held update bot'],
    'a key that somebody set in need is not taken away unseen',
  );
  const gone = plan({ ...applied(shop, bot({ deployed: true })), desired: [desired(shop)] });
  t.same(told(gone), ['undeploy bot', 'delete bot'], 'what leaves is never an exposure');
});

t.test('a switch that waits is not remembered as made', async (t) => {
  const wanted = desired(bot({ model: 'a', deployed: true }), { blob: 'sha1:new' });
  const created = plan({ desired: [wanted] }).changes[0];
  t.equal(created?.desired?.manifest.spec['deployed'], undefined, 'not by a create');
  const noted = plan({ desired: [wanted], ...applied(bot({ model: 'a', deployed: false })) });
  t.same(told(noted), ['held deploy bot']);
  t.match(noted.bookkeeping, [
    { kind: 'record', desired: { blob: 'sha1:new', manifest: { spec: { deployed: false } } } },
  ]);
  const before = created?.desired?.manifest as Manifest;
  const again = plan({
    desired: [wanted],
    live: [live(bot({ model: 'a' }))],
    owned: [owned(before, { blob: 'sha1:new' })],
    policy: { drift: 'report' },
  });
  t.same(told(again), ['held deploy bot'], 'so it still waits in the next run');
  t.same(again.bookkeeping, []);
});

t.test('a manifest that refers to nothing is left out, and what needs it, too', async (t) => {
  const lost = desired(bot({ tools: ['shop', 'shpo'] }));
  const made = plan({ desired: [lost, desired(shop)], ...applied(bot()) });
  t.same(told(made), ['create shop'], 'its record stays as it is');
  t.equal(made.summary.invalid, 1);
  t.match(made.problems, [
    {
      severity: 'error',
      code: 'MANIFEST_UNKNOWN_REFERENCE',
      file: 'bot.yaml',
      line: 7,
      column: 4,
      path: 'spec.tools.1',
      message: 'there is no Tool or SqlTool shpo',
      hint: 'did you mean shop?',
    },
  ]);
  t.equal(made.problems.length, 1);
  const cases: [string, Given, string[], RegExp][] = [
    [
      'a foreign record counts',
      { desired: [desired(bot({ tools: ['shop'] }))], live: [live(shop)] },
      ['create bot'],
      /^$/,
    ],
    [
      'a record that is to be deleted does not',
      {
        desired: [desired(bot({ tools: ['shop'] })), desired(secret)],
        ...applied(shop, bot({ tools: ['shop'], model: 'a' })),
      },
      ['create secret', 'blocked shop'],
      /no longer declared/,
    ],
    [
      'a record whose manifest is broken counts',
      {
        desired: [desired(bot({ tools: ['shop'] }))],
        ...applied(shop),
        declaredButInvalid: [keyOf(shop)],
      },
      ['create bot'],
      /^$/,
    ],
    [
      'a broken manifest without a record does not',
      { desired: [desired(bot({ tools: ['shop'] }))], declaredButInvalid: [keyOf(shop)] },
      [],
      /its manifest has a problem of its own/,
    ],
  ];
  for (const [name, given, expected, message] of cases) {
    const one = plan(given);
    t.same(told(one), expected, name);
    t.match(one.problems.map((it) => it.message).join('\n'), message, name);
  }
});

t.test('the order is what a database with references can follow', async (t) => {
  const made = plan({
    desired: [
      desired(bot({ tools: ['b', 'a'], key: 'secret', deployed: true })),
      desired(manifest('Bot', 'a_bot', { deployed: false })),
      desired(manifest('Tool', 'b')),
      desired(manifest('Tool', 'a')),
      desired(secret),
    ],
    ...applied(
      manifest('Bot', 'a_bot', { deployed: true, model: 'x' }),
      manifest('Bot', 'old_bot', { deployed: true, tools: ['old_tool'] }),
      manifest('Bot', 'old_too', { deployed: true }),
      manifest('Tool', 'old_tool'),
    ),
  });
  t.same(told(made), [
    'create secret',
    'create a',
    'create b',
    'undeploy a_bot',
    'update a_bot',
    'create bot',
    'deploy bot',
    'undeploy old_bot',
    'undeploy old_too',
    'delete old_bot',
    'delete old_too',
    'delete old_tool',
  ]);
});

t.test('the summary counts every resource once under the word that fits', async (t) => {
  const made = plan({
    desired: [
      desired(bot({ model: 'a', deployed: true })),
      desired(secret),
      desired(shop),
      desired(manifest('Tool', 'foreign', { prompt: 'mine' })),
      desired(manifest('Bot', 'lost', { tools: ['nowhere'] })),
    ],
    live: [live(secret), live(shop), live(manifest('Tool', 'foreign'))],
    owned: [owned(shop)],
    declaredButInvalid: [keyOf(manifest('Key', 'broken'))],
    unknownContent: ['torn.yaml', 'torn.yaml'],
  });
  t.same(made.summary, {
    create: 1,
    update: 0,
    delete: 0,
    deploy: 0,
    undeploy: 0,
    adopt: 1,
    unchanged: 1,
    held: 1,
    blocked: 1,
    invalid: 3,
  });
});

t.test('the id moves with everything that the plan rests on', async (t) => {
  const base: Given = { desired: [desired(bot({ model: 'b' }))], ...applied(bot({ model: 'a' })) };
  const { id } = plan(base);
  t.match(id, /^sha256:[0-9a-f]{64}$/);
  t.equal(plan(base).id, id, 'and with nothing else');
  const others: [string, Given][] = [
    ['the source', { source: 'other' }],
    ['the revision', { revision: 'main@3' }],
    ['the version', { toolVersion: '1.0.1' }],
    ['the policy', { policy: { prune: false } }],
    ['the desired state', { desired: [desired(bot({ model: 'c' }))] }],
    ['the live state', { live: [live(bot({ model: 'x' }))] }],
    [
      'the record being written meanwhile',
      { live: [live(bot({ model: 'a' }), { generation: 2 })] },
    ],
    ['the base', { owned: [owned(bot({ model: 'x' }))] }],
  ];
  for (const [name, more] of others) t.not(plan({ ...base, ...more }).id, id, name);
});

t.test('a drift report compares the records with what was applied last', async (t) => {
  const drift = (given: Given) => {
    const { source, revision, live: records, owned: mine } = input(given);
    return buildDrift({ source, revision, live: records, owned: mine, kinds });
  };
  const deployed = bot({ model: 'a', key: 'secret', deployed: true });
  const cases: [string, Given, string[]][] = [
    ['nothing moved', applied(deployed, secret), []],
    [
      'a field moved',
      { live: [live(bot({ model: 'x' }))], owned: [owned(bot({ model: 'a' }))] },
      ['update bot'],
    ],
    ['a record is gone', { owned: [owned(shop)] }, ['create shop']],
    [
      'a record and its endpoint are gone',
      { owned: [owned(deployed)] },
      ['create bot', 'deploy bot'],
    ],
    [
      'it was undeployed',
      { live: [live(bot({ model: 'a', key: 'secret' }))], owned: [owned(deployed)] },
      ['deploy bot'],
    ],
    [
      'it was deployed',
      {
        live: [live(deployed)],
        owned: [owned(bot({ model: 'a', key: 'secret', deployed: false }))],
      },
      ['undeploy bot'],
    ],
    [
      "its deployment is the operator's",
      { live: [live(deployed)], owned: [owned(bot({ model: 'a', key: 'secret' }))] },
      [],
    ],
    ['it is orphaned', { owned: [owned(shop, { orphaned: true })] }, []],
    ['it is foreign', { live: [live(shop)] }, []],
    [
      'its kind changed',
      { live: [live(manifest('SqlTool', 'shop'))], owned: [owned(shop)] },
      ['blocked shop'],
    ],
  ];
  for (const [name, given, expected] of cases) t.same(told(drift(given)), expected, name);
  const one = drift({
    live: [live(bot({ model: 'x' })), live(shop)],
    owned: [owned(bot({ model: 'a' })), owned(shop)],
  });
  t.match(one.changes, [
    {
      file: 'bot.yaml',
      line: 1,
      fields: [{ path: 'spec.model', from: 'x', to: 'a', cause: 'drift' }],
    },
  ]);
  t.match(one.summary, { update: 1, unchanged: 1 });
});

t.test('ten times the records take about ten times as long', async (t) => {
  const given = (count: number): Given => {
    const before = Array.from({ length: count }, (_, index) =>
      manifest(
        index % 2 === 0 ? 'Tool' : 'Bot',
        `it_${index}`,
        index % 2 === 0 ? { prompt: 'p' } : { tools: [`it_${index - 1}`] },
      ),
    );
    const now = before.map((it, index) =>
      index % 10 === 0 ? manifest('Tool', it.metadata.name, { prompt: 'q' }) : it,
    );
    const deletes = { count: count, percent: 100 };
    return {
      ...applied(...before),
      desired: now.slice(10).map((it) => desired(it)),
      policy: { limits: { ...policy.limits, deletes } },
    };
  };
  const best = (count: number) => {
    const made = input(given(count));
    return Math.min(
      ...Array.from({ length: 5 }, () => {
        // Time of this process alone: the wall clock would measure its neighbours too.
        const start = process.cpuUsage();
        plan(made);
        return process.cpuUsage(start).user / 1000;
      }),
    );
  };
  best(1000);
  const small = best(1000);
  const large = best(10_000);
  t.comment(`1,000: ${small.toFixed(1)} ms, 10,000: ${large.toFixed(1)} ms`);
  t.ok(large < small * 60, 'far from the hundredfold of a nested scan');
});
