import { later } from '../../src/plan/hold.ts';
import { approve } from '../../src/reconcile/approve.ts';
import { planTarget } from '../../src/reconcile/judge.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import type { Target } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { Trigger } from '../../src/reconcile/status.ts';
import { resume, suspend } from '../../src/reconcile/suspend.ts';
import { heldPlans } from '../../src/store/approvals.ts';
import { history } from '../../src/store/journal.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { type Test, t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

type Ports = Awaited<ReturnType<typeof freshPorts>>;

const told = (result: RunResult) =>
  result.outcomes.map(({ change, outcome }) => `${change.action} ${change.key.name} ${outcome}`);

/** So many plugins of these names, each in a file of its own. */
function plugins(from: number, to: number): Record<string, string> {
  const names = Array.from({ length: to - from }, (_, at) => `p${from + at}`);
  return Object.fromEntries(names.map((name) => [`${name}.yaml`, pluginYaml(name)]));
}

/** A source in an empty database, looked at as the daemon does. */
async function scene(
  t: Test,
  files: Record<string, string>,
  policy: Partial<Target['policy']> = {},
) {
  const ports = await freshPorts(t);
  const source = new FakeSource(files);
  const target = targetOf(source, policy);
  const settled = ['converged', 'held', 'stalled', 'drifted', 'retrying'];
  const run = (trigger: Trigger = 'interval') =>
    reconcile(ports, target, { trigger, actor: 'test', settled }, never);
  const first = await run();
  if (first.outcome === 'retrying') throw new Error(`the start is ${first.message}`);
  return { ports, source, target, run };
}

const limited: Target['policy']['limits'] = {
  deletes: { count: 10, percent: 100 },
  updates: {},
  exposure: {},
  window: 86_400_000,
};

const names = async ({ database }: Ports) =>
  await database.read((query) => query('plugin_meta').orderBy('id').pluck<string[]>('name'));

function plannable(ports: Ports, target: Target) {
  const plan = async () => (await planTarget(ports, target, never)).plan;
  return { name: target.source.name, plan };
}

t.test(
  'ten small commits cannot delete what one may not, until the window has passed',
  async (t) => {
    const { ports, source, run } = await scene(t, plugins(0, 100), { limits: limited });
    for (let gone = 2; gone <= 10; gone += 2) {
      source.files = plugins(gone, 100);
      t.equal((await run()).outcome, 'converged', `${gone} are gone`);
    }
    source.files = plugins(12, 100);
    const over = await run();
    t.equal(over.outcome, 'held');
    t.equal((await names(ports)).length, 90, 'the eleventh and twelfth stay');
    t.ok((await run()).settled, 'nothing moves, so nothing is looked at');
    ports.clock.advance(86_400_000 - 1000);
    t.ok((await run()).settled);
    ports.clock.advance(1000);
    const later = await run();
    t.same(
      told(later),
      ['delete p10 applied', 'delete p11 applied'],
      'the first have left the window',
    );
    t.equal(later.outcome, 'converged');
  },
);

t.test(
  'an approved plan is done by the next run, and only by one that sees the same',
  async (t) => {
    const start = async () => {
      const made = await scene(t, plugins(0, 30), { limits: limited });
      made.source.files = { ...plugins(12, 30), 'new.yaml': pluginYaml('fresh') };
      const held = await made.run();
      t.equal(held.outcome, 'held');
      t.match(told(held)[0], /create fresh applied/, 'what is safe goes on');
      return { ...made, held };
    };
    const approving = ({ ports, target }: Awaited<ReturnType<typeof start>>, id: string) =>
      approve(ports, [plannable(ports, target)], id, 'user:ann');

    const one = await start();
    t.ok((await one.run()).settled);
    const { id } = (await planTarget(one.ports, one.target, never)).plan;
    t.not(id, one.held.plan?.id, 'what was executed has left the plan');
    const done = await approving(one, (one.held.plan?.id ?? '').slice(0, 'sha256:'.length + 8));
    t.equal(done.plan, id, 'the plan of the run stands for the one it left');
    t.equal(done.changes.length, 12);
    await t.rejects(approving(one, id), {
      code: 'PLAN_UNKNOWN',
      message: /approved already by user:ann/,
    });
    const released = await one.run();
    t.equal(released.outcome, 'converged', 'the daemon notices, though nothing else has moved');
    t.equal(told(released).filter((it) => it.endsWith('applied')).length, 12);
    t.ok((await one.run()).settled);
    const [entry] = await one.ports.database.read((query) => history(query, { verb: 'approve' }));
    t.match(entry, { actor: 'user:ann', source: 'team', message: /12 held changes of the plan/ });
    one.source.files = plugins(23, 30);
    t.equal((await one.run()).outcome, 'held', 'it was used up');
    t.same(
      (await one.ports.database.read(heldPlans)).map((it) => JSON.parse(it.lines).length),
      [12],
    );

    const moved: [string, (it: Awaited<ReturnType<typeof start>>) => void | Promise<void>][] = [
      [
        'the source',
        ({ source }) => {
          source.files = { ...source.files, 'more.yaml': pluginYaml('more') };
        },
      ],
      [
        'a record',
        async ({ ports }) => {
          const sql = { description: 'by hand' };
          await ports.database.write((query) =>
            query('plugin_meta').where('name', 'p3').update(sql),
          );
        },
      ],
    ];
    for (const [what, move] of moved) {
      const before = await start();
      await move(before);
      const { id: seen } = before.held.plan as { id: string };
      await t.rejects(approving(before, seen), { code: 'PLAN_STALE' }, `${what} moved before`);
      const after = await start();
      await approving(after, (after.held.plan as { id: string }).id);
      await move(after);
      t.equal((await after.run()).outcome, 'held', `${what} moved after`);
      t.equal(
        (await names(after.ports)).filter((it) => /^p\d$/.test(it)).length,
        10,
        'all are there',
      );
    }
    const late = await start();
    await approving(late, (late.held.plan as { id: string }).id);
    late.ports.clock.advance(86_400_000);
    t.equal((await late.run()).outcome, 'held', 'an approval expires');

    await t.rejects(approving(late, '0123456789ab'), { code: 'PLAN_UNKNOWN' });
    await t.rejects(approving(late, '0123456'), { code: 'USAGE' });
    await t.rejects(approving(late, 'latest'), { code: 'USAGE' });
  },
);

t.test('an approved opening to anonymous callers is published', async (t) => {
  const open = { 'bot.yaml': clientYaml('bot', { deployed: true }) };
  const { ports, target, run } = await scene(t, open);
  t.same(ports.endpoint.calls, []);
  const { plan } = await planTarget(ports, target, never);
  t.match(plan.changes, [{ action: 'deploy', held: true, guard: 'anonymous' }]);
  await approve(ports, [plannable(ports, target)], plan.id, 'user:ann');
  t.equal((await run()).outcome, 'converged');
  t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
  t.equal((await planTarget(ports, target, never)).plan.changes.length, 0, 'for good');
});

t.test(
  'a suspended source is not even fetched, and goes on when it is resumed or its time is over',
  async (t) => {
    const { ports, source, run } = await scene(t, plugins(0, 2));
    const team = { source: 'team' };
    await suspend(ports, team, { reason: 'incident 42', actor: 'user:ann', until: null });
    source.files = plugins(0, 3);
    const { asked } = source;
    const held = await run();
    t.match(held, {
      outcome: 'suspended',
      message: /by user:ann since .*: incident 42/,
      error: undefined,
    });
    t.equal((await run('command')).outcome, 'suspended');
    t.equal(source.asked, asked, 'nobody has asked the source anything');
    t.ok(await resume(ports, team, 'user:ann'));
    t.notOk(await resume(ports, team, 'user:ann'), 'once');
    t.same(told(await run()), ['create p2 applied']);

    const until = later(ports.clock.now().toISOString(), 3_600_000);
    await suspend(ports, team, { reason: '', actor: 'user:ann', until });
    source.files = plugins(0, 4);
    t.equal((await run()).outcome, 'suspended');
    ports.clock.advance(3_600_000);
    t.same(told(await run()), ['create p3 applied'], 'by itself');
    const acts = await ports.database.read((query) => history(query, { actor: 'user:ann' }));
    t.same(
      acts.map((it) => it.verb),
      ['suspend', 'resume', 'suspend'],
    );
  },
);

t.test('a suspended record is neither written nor deleted while all others go on', async (t) => {
  const files = { 'a.yaml': pluginYaml('a'), 'b.yaml': pluginYaml('b'), 'c.yaml': pluginYaml('c') };
  const { ports, source, run } = await scene(t, files);
  const key = { account: 'default', space: 'plugin', name: 'a' };
  const subject = { key, kind: 'Plugin' };
  const until = later(ports.clock.now().toISOString(), 7_200_000);
  await suspend(ports, subject, { reason: 'tuning', actor: 'user:ann', until });
  source.files = {
    'a.yaml': pluginYaml('a', { x: 1 }),
    'b.yaml': pluginYaml('b', { x: 1 }),
    'c.yaml': pluginYaml('c'),
  };
  const first = await run();
  t.same(told(first), ['update a held', 'update b applied']);
  t.equal(first.outcome, 'held');
  source.files = { 'c.yaml': pluginYaml('c') };
  t.same(told(await run()), ['delete a held', 'delete b applied']);
  t.ok((await run()).settled);
  ports.clock.advance(7_200_000);
  t.same(told(await run()), ['delete a applied'], 'once its time is over');
});

t.test(
  'a field that somebody keeps changing is written twice and then left, until it is quiet',
  async (t) => {
    const bot = (appName: string) =>
      clientYaml('bot', { appName, deployed: false }, { apiKey: 'key' });
    const { ports, source, run } = await scene(t, {
      'bot.yaml': bot('Ours'),
      'key.yaml': tokenYaml('key'),
    });
    const meddle = (columns: object) =>
      ports.database.write((query) => query('llm_client').where('name', 'bot').update(columns));
    const name = async () =>
      (await ports.database.read((query) => query('llm_client').first('app_name')))['app_name'];
    let writes = 0;
    for (let second = 0; second < 30; second += 1) {
      await meddle({ app_name: `Theirs ${second % 2}` });
      const result = await run();
      writes += result.outcomes.filter((it) => it.outcome === 'applied').length;
      ports.clock.advance(1000);
    }
    t.equal(writes, 2);
    await meddle({ default_model: 'gpt-5' });
    const other = await run();
    t.same(told(other), ['update bot applied', 'update bot held'], 'other fields stay enforced');
    t.equal(await name(), 'Theirs 1');
    t.match(
      other.plan?.changes.at(-1)?.reason,
      /spec.config.appName to "?Theirs 1.* the source says Ours; not enforced/,
    );
    t.ok((await run()).settled, 'and nobody looks at each poll');
    ports.clock.advance(3_599_000);
    const healed = await run();
    t.same(told(healed), ['update bot applied'], 'an hour after the last change');
    t.equal(await name(), 'Ours');
    source.files = { ...source.files };
    t.equal((await run()).outcome, 'converged');
  },
);

t.test('a record whose write fails waits longer each time, and holds up no other', async (t) => {
  const { ports, source, run } = await scene(t, plugins(0, 1));
  await ports.database.write((query) =>
    query.raw(
      `CREATE TRIGGER refuse BEFORE INSERT ON plugin_meta WHEN new.name = 'p1'
       BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
    ),
  );
  source.files = plugins(0, 3);
  const first = await run();
  t.same(told(first), ['create p1 failed', 'create p2 applied']);
  t.equal(first.outcome, 'retrying');
  const tries = async () =>
    (await ports.database.read((query) => history(query, { outcome: 'failed', name: 'p1' })))
      .length;
  t.equal(await tries(), 1);
  for (let second = 0; second < 60; second += 1) {
    ports.clock.advance(1000);
    t.equal((await run()).outcome, 'retrying');
  }
  t.ok((await tries()) <= 7, `${await tries()} tries in a minute`);
  t.same(told(await run('command')), ['create p1 failed'], 'a person who asks is answered at once');
  source.files = { ...plugins(0, 3), 'p1.yaml': pluginYaml('p1', { x: 1 }) };
  t.same(told(await run()), ['create p1 failed'], 'so is a new version of the manifest');
  source.files = { ...source.files, 'p4.yaml': pluginYaml('p4') };
  t.same(told(await run()), ['create p1 held', 'create p4 applied']);
  await ports.database.write((query) => query.raw('DROP TRIGGER refuse'));
  ports.clock.advance(300_000);
  t.same(told(await run()), ['create p1 applied']);
  t.equal((await run()).outcome, 'converged');
  t.equal(await ports.database.read(async (query) => (await query('retry')).length), 0);
});

t.test('a move of files and folders, or of the whole source, changes nothing', async (t) => {
  const files = {
    'a/one.yaml': pluginYaml('one'),
    'a/two.yaml': clientYaml('two'),
    'b/three.yaml': tokenYaml('three'),
  };
  const { ports, source, run } = await scene(t, files);
  const all = () =>
    ports.database.read(async (query) => [
      await query('plugin_meta'),
      await query('llm_client'),
      await query('smarter_auth_token'),
    ]);
  const before = await all();
  const moves: [string, Record<string, string>][] = [
    ['a file', { ...files, 'a/one.yaml': '', 'c/one.yaml': pluginYaml('one') }],
    [
      'a folder',
      {
        'z/one.yaml': pluginYaml('one'),
        'z/two.yaml': clientYaml('two'),
        'b/three.yaml': tokenYaml('three'),
      },
    ],
    [
      'all of it into one file',
      { 'all.yaml': [pluginYaml('one'), clientYaml('two'), tokenYaml('three')].join('---\n') },
    ],
  ];
  for (const [what, moved] of moves) {
    source.files = moved;
    const result = await run();
    t.same(told(result), [], what);
    t.equal(result.outcome, 'converged', what);
  }
  t.same(await all(), before);
});
