import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Command, RunningDaemon } from '../support/daemon.ts';
import { t } from '../support/tap.ts';
import { clientYaml, pluginYaml, tokenYaml, World } from '../support/world.ts';

t.test(
  'a delete of too many waits, is approved by the beginning of its id, and undone from the trash',
  async (t) => {
    const world = new World(t);
    for (let at = 0; at < 30; at += 1) world.write(`p${at}.yaml`, pluginYaml(`p${at}`));
    t.equal((await world.run('sync')).exit, 0);
    const before = (await world.run('export')).out;
    for (let at = 0; at < 12; at += 1) world.remove(`p${at}.yaml`);
    world.write('p20.yaml', pluginYaml('p20', { topic: 'other' }));

    const plan = await world.run('plan');
    t.equal(plan.exit, 2);
    const [, id = ''] =
      /To let go what is held:\n {4}plumbline approve ([0-9a-f]{12})\n$/.exec(plan.out) ?? [];
    const sync = await world.report('sync');
    t.equal(sync.exit, 3, 'all else is applied');
    t.match(sync.id, new RegExp(`^sha256:${id}`), 'the sync is the plan that was shown');
    t.equal(sync.summary['held'], 12);
    t.equal(sync.summary['update'], 1);

    const status = await world.run('status');
    t.match(
      status.out,
      /team holds 12 changes:\n {2}12 deletes in one run, of 30 owned records, are more than the limit of 10 and of 20 %/,
    );
    t.match(status.out, /and 2 more\n {2}To let go: plumbline approve [0-9a-f]{12}\n/);
    const { out } = await world.run('status', '-o', 'json');
    t.match(JSON.parse(out), { sources: [{ held: { counts: { deletes: 12 } } }] });
    t.match((await world.run('approve', '--list')).out, /team +12 .* no +12 deletes/);

    t.equal((await world.run('approve')).exit, 64);
    t.equal((await world.run('approve', id.slice(0, 7))).exit, 64, 'too few digits');
    t.equal((await world.run('approve', 'feedfeedfeed')).exit, 1);
    const approved = await world.run('approve', id.slice(0, 8));
    t.equal(approved.exit, 0, approved.err);
    t.match(approved.out, /Approved for team, until .*: 12 changes\n {2}delete Plugin p0\n/);
    t.match((await world.run('approve', '--list')).out, / by user:/);
    const done = await world.report('sync');
    t.equal(done.exit, 0);
    t.equal(done.summary['delete'], 12);
    t.match((await world.run('approve', '--list')).err, /nothing waits/);

    t.match((await world.run('restore', '--list')).out, /Plugin +p11 /);
    for (let at = 0; at < 12; at += 1) {
      const restored = await world.run('restore', 'plugin', `p${at}`);
      t.equal(restored.exit, 0, restored.err);
      t.match(restored.err, new RegExp(`commit it as p${at}.yaml in team`));
    }
    world.write('p20.yaml', pluginYaml('p20'));
    await world.run('sync');
    t.equal((await world.run('export')).out, before, 'byte for byte');
    t.match((await world.run('restore', 'plugin', 'p3')).err, /RECORD_EXISTS/);
    t.match((await world.run('restore', 'plugin', 'nobody')).err, /RECORD_NOT_FOUND/);
    t.equal((await world.run('restore', 'plugin')).exit, 64);
  },
);

t.test(
  'a source or a record is left alone while it is suspended, and everything says so',
  async (t) => {
    const world = new World(t);
    world.write('key.yaml', tokenYaml('key'));
    world.write('a.yaml', clientYaml('alpha', {}, { apiKey: 'key' }));
    world.write('b.yaml', clientYaml('beta', {}, { apiKey: 'key' }));
    await world.run('sync');
    const suspended = await world.run(
      'suspend',
      'llmclient',
      'alpha',
      '--reason',
      'by hand',
      '--for',
      '2h',
    );
    t.equal(suspended.exit, 0, suspended.err);
    t.match(suspended.out, /plumbline resume llmclient alpha/);
    t.match(
      (await world.run('get', 'llmclients')).out,
      /SUSPENDED.*\nalpha +no +yes .*\nbeta +no +no /,
    );
    world.write('a.yaml', clientYaml('alpha', { appName: 'New' }, { apiKey: 'key' }));
    world.write('b.yaml', clientYaml('beta', { appName: 'New' }, { apiKey: 'key' }));
    const plan = await world.report('plan');
    t.match(plan.changes, [
      { name: 'alpha', held: true, guard: 'suspended', reason: /by hand/ },
      { name: 'beta' },
    ]);
    t.equal((await world.report('sync')).exit, 3);
    t.match(
      (await world.run('status')).out,
      /Suspended:\n {2}LLMClient alpha by user:.* until .*: by hand\n/,
    );
    t.match((await world.run('resume', 'llmclient', 'alpha')).out, /is resumed/);
    t.match((await world.run('resume', 'llmclient', 'alpha')).out, /was not suspended/);
    t.equal((await world.report('sync')).exit, 0);

    await world.run('suspend', 'team', '--reason', 'incident 42');
    world.write('a.yaml', clientYaml('alpha', { appName: 'Newer' }, { apiKey: 'key' }));
    const sync = await world.run('sync');
    t.equal(sync.exit, 3);
    t.match(
      sync.out,
      /The source is suspended by user:.*: incident 42\n\nNothing done: the source was not looked at.\n/s,
    );
    const shown = await world.report('plan');
    t.match(shown, {
      suspended: { reason: 'incident 42' },
      changes: [{ name: 'alpha', guard: 'suspended' }],
    });
    t.match((await world.run('status')).out, /team +suspended/);
    await world.run('resume', 'team');
    t.equal((await world.report('sync')).summary['update'], 1);
    const acts = await world.run('history', '-o', 'json', '--verb', 'suspend');
    t.match(JSON.parse(acts.out), { length: 2 });

    t.match((await world.run('suspend', 'tema')).err, /SOURCE_UNKNOWN.*did you mean team/s);
    t.match((await world.run('suspend', 'llmclient', 'nobody')).err, /RECORD_NOT_FOUND/);
    t.equal((await world.run('suspend', 'team', '--for', 'soon')).exit, 64);
  },
);

t.test('content that has ended the process twice is passed over until it changes', async (t) => {
  const world = new World(t);
  world.write('a.yaml', pluginYaml('alpha'));
  world.write('b.yaml', pluginYaml('beta'));
  t.equal((await world.run('sync')).exit, 0);
  world.write('b.yaml', pluginYaml('beta', { deadly: true }));
  world.write('c.yaml', pluginYaml('gamma'));
  const killedAt = (nth: number) =>
    new Command(t, world, ['sync'], { PLUMBLINE_FAILPOINT: `file.read=kill@${nth}` }).ended();
  t.equal(await killedAt(2), 'SIGKILL', 'one end may be chance: somebody killed it');
  t.equal(await killedAt(1), 'SIGKILL');
  const once = await new Command(t, world, ['plan', '-o', 'json']).ended();
  t.equal(once, 2, 'after one at each file both are looked at');
  t.equal(await killedAt(1), 'SIGKILL');
  const report = await world.report('sync');
  t.equal(report.exit, 1);
  t.match(report.problems, [{ code: 'FILE_QUARANTINED', file: 'b.yaml' }]);
  t.match(
    report.changes,
    [{ action: 'create', name: 'gamma', outcome: 'applied' }],
    'all others go on',
  );
  t.match((await world.report('plan')).problems, [{ code: 'FILE_QUARANTINED' }]);
  t.match((await world.run('status')).out, /team passes over 1 file .*:\n {4}b\.yaml since 2/);
  t.match(JSON.parse((await world.run('status', '-o', 'json')).out), {
    sources: [{ quarantined: [{ path: 'b.yaml' }] }],
  });
  const daemon = new RunningDaemon(t, world);
  await daemon.ready();
  t.match(await daemon.source(), { quarantined: [{ path: 'b.yaml', since: /^2/ }] });
  const metrics = await (await fetch(`http://${await daemon.address()}/metrics`)).text();
  t.match(metrics, /plumbline_quarantined_files\{source="team"\} 1/);
  await daemon.stop('SIGTERM');
  world.write('b.yaml', pluginYaml('beta', { deadly: false }));
  const mended = await world.report('sync');
  t.equal(mended.exit, 0);
  t.match(mended.changes, [{ action: 'update', name: 'beta' }]);
  t.notMatch((await world.run('status')).out, /passes over/);
  t.same(
    readdirSync(world.folder).filter((it) => it.includes('reading')),
    [],
    'no mark is left',
  );
});

t.test('a source whose folder has moved changes nothing', async (t) => {
  const world = new World(t);
  world.write('key.yaml', tokenYaml('key'));
  world.write('clients/a.yaml', clientYaml('alpha', {}, { apiKey: 'key' }));
  t.equal((await world.run('sync')).exit, 0);
  renameSync(world.path(''), join(world.folder, 'elsewhere'));
  const there = { PLUMBLINE_SOURCE: join(world.folder, 'elsewhere') };
  const sync = new Command(t, world, ['sync', '-o', 'json'], there);
  t.equal(await sync.ended(), 0);
  t.match(JSON.parse(sync.out), { changes: [], summary: { unchanged: 2, held: 0 } });
});

t.test('what a sync says to type lets go what it has held, whatever else it did', async (t) => {
  const world = new World(t);
  world.write('open.yaml', clientYaml('open', { deployed: true }));
  const sync = await world.run('sync');
  t.equal(sync.exit, 3, 'the record is made, and opens to nobody yet');
  const [, id = 'none'] = /plumbline approve ([0-9a-f]{12})\n$/.exec(sync.out) ?? [];
  t.match((await world.run('status')).out, `To let go: plumbline approve ${id}`);
  const approved = await world.run('approve', id);
  t.equal(approved.exit, 0, approved.err);
  t.match((await world.run('sync')).out, /\^ deploy LLMClient open/);
});
