import type { Endpoint } from '../../src/endpoint/endpoint.ts';
import { recordEndpoint } from '../../src/endpoint/record.ts';
import { PlumblineError } from '../../src/lib/errors.ts';
import { keyId } from '../../src/manifest/manifest.ts';
import type { Policy } from '../../src/plan/change.ts';
import { planTarget } from '../../src/reconcile/judge.ts';
import type { RunResult } from '../../src/reconcile/outcome.ts';
import type { Ports, Target } from '../../src/reconcile/ports.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import type { Database } from '../../src/store/database.ts';
import { owedEffects } from '../../src/store/effects.ts';
import { history } from '../../src/store/journal.ts';
import { readSourceState } from '../../src/store/source-state.ts';
import {
  FailingDatabase,
  type FakeEndpoint,
  FakeSource,
  freshPorts,
  type Moment,
  targetOf,
} from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { readLive } from '../support/standing.ts';
import { t } from '../support/tap.ts';
import { until } from '../support/until.ts';
import { clientYaml, pluginYaml, tokenYaml } from '../support/world.ts';

const ann = { actor: 'user:ann', signal: never };

function run(ports: Ports, target: Target): Promise<RunResult> {
  const occasion = { trigger: 'command', actor: 'test', settled: ['converged'] } as const;
  return reconcile(ports, target, occasion, never);
}

const told = (result: RunResult) =>
  result.outcomes.map(({ change, outcome }) => `${change.action} ${change.key.name} ${outcome}`);

async function planned(ports: Ports, target: Target): Promise<string[]> {
  const { plan } = await planTarget(ports, target, never);
  return plan.changes.map((it) => `${it.action} ${it.key.name}`);
}

/** Records and inventory without what differs between two runs that did the same: ids, times, counts. */
async function standing(ports: Ports) {
  const { live, owned } = await readLive(ports.database, ports.brokers, 'default', 'team');
  return {
    records: Object.fromEntries(
      live.map(({ key, manifest, deployed, owed }) => [keyId(key), { manifest, deployed, owed }]),
    ),
    inventory: owned,
  };
}

const closed = { apiKey: 'key' };

/** What a source said first; together with `after`, every action and every kind of bookkeeping. */
const before = {
  'key.yaml': tokenYaml('key'),
  'returns.yaml': pluginYaml('returns'),
  'hours.yaml': pluginYaml('hours'),
  'bot.yaml': clientYaml('bot', { deployed: true }, { ...closed, plugins: ['returns', 'hours'] }),
  'gone.yaml': clientYaml('gone', { deployed: true }, closed),
  'guide.yaml': clientYaml('guide', {}, closed),
  'moves.yaml': clientYaml('moves'),
  'quiet.yaml': clientYaml('quiet', { deployed: true }, closed),
  'vanished.yaml': clientYaml('vanished'),
};
const after = {
  'key.yaml': tokenYaml('key'),
  'returns.yaml': pluginYaml('returns', { topic: 'other' }),
  'fresh.yaml': pluginYaml('fresh'),
  'bot.yaml': clientYaml('bot', { deployed: true }, { ...closed, plugins: ['fresh', 'returns'] }),
  'guide.yaml': clientYaml('guide', { deployed: true }, closed),
  'moved/moves.yaml': clientYaml('moves'),
  'quiet.yaml': clientYaml('quiet', { deployed: false, appName: 'Quiet' }, closed),
  'new.yaml': clientYaml('newcomer', { deployed: true }, closed),
};
const wanted = [
  'create fresh applied',
  'update returns applied',
  'update bot applied',
  'deploy guide applied',
  'create newcomer applied',
  'deploy newcomer applied',
  'undeploy quiet applied',
  'update quiet applied',
  'undeploy gone applied',
  'delete gone applied',
  'delete hours applied',
];

/** A database on which `before` was applied, and a record has been deleted by hand since. */
async function atTheStart(t: Parameters<typeof freshPorts>[0]) {
  const ports = await freshPorts(t);
  const source = new FakeSource(before);
  const target = targetOf(source);
  const { outcome } = await run(ports, target);
  if (outcome !== 'converged') throw new Error(`the start is ${outcome}`);
  await ports.database.write((query) => query('llm_client').where('name', 'vanished').delete());
  source.files = after;
  return { ports, target, source };
}

t.test('wherever a run is interrupted, the next one ends as if it had not been', async (t) => {
  const undisturbed = await atTheStart(t);
  const whole = await run(undisturbed.ports, undisturbed.target);
  t.same(told(whole), wanted, 'the scene has every action');
  t.equal(whole.outcome, 'converged', whole.message);
  const expected = await standing(undisturbed.ports);
  const endpoints = undisturbed.ports.endpoint.standing();

  const faults: readonly { call: 'read' | 'write'; moment: Moment; dies: boolean }[] = [
    { call: 'write', moment: 'begin', dies: false },
    { call: 'write', moment: 'commit', dies: true },
    { call: 'write', moment: 'committed', dies: true },
    { call: 'read', moment: 'begin', dies: false },
    { call: 'read', moment: 'committed', dies: true },
  ];
  for (const fault of faults) {
    const name = `${fault.dies ? 'killed' : 'no room'} at ${fault.moment} of a ${fault.call}`;
    await t.test(name, async (t) => {
      let points = 0;
      for (let nth = 1; ; nth += 1) {
        const { ports, target } = await atTheStart(t);
        const database = new FailingDatabase(ports.database, { ...fault, nth });
        const { endpoint } = ports;
        const mortal = Object.assign(Object.create(endpoint) as FakeEndpoint, {
          publish: (...args: Parameters<FakeEndpoint['publish']>) => {
            if (database.dead) throw new Error('dead');
            return endpoint.publish(...args);
          },
          withdraw: (...args: Parameters<FakeEndpoint['withdraw']>) => {
            if (database.dead) throw new Error('dead');
            return endpoint.withdraw(...args);
          },
        });
        const disturbed = await run({ ...ports, database, endpoint: mortal }, target);
        if (!database.struck) {
          t.equal(disturbed.outcome, 'converged');
          break;
        }
        points += 1;
        t.equal(disturbed.outcome, 'retrying', `${name} ${nth} is not passed over`);
        const again = await run(ports, target);
        t.equal(again.outcome, 'converged', `${name} ${nth}: ${again.message}`);
        t.same(await standing(ports), expected, `${name} ${nth}: the same records and inventory`);
        t.same(endpoint.standing(), endpoints, `${name} ${nth}: the same endpoints`);
        t.same(await planned(ports, target), [], `${name} ${nth}: nothing is left to do`);
      }
      t.ok(points >= 4, `${points} points of interruption`);
    });
  }
});

t.test('one change that the database refuses fails alone, and is tried again', async (t) => {
  const ports = await freshPorts(t);
  const names = Array.from({ length: 30 }, (_, at) => `bot_${at}`);
  const source = new FakeSource(
    Object.fromEntries(names.map((name) => [`${name}.yaml`, clientYaml(name)])),
  );
  const target = targetOf(source);
  await ports.database.write((query) =>
    query.raw(
      `CREATE TRIGGER clash BEFORE INSERT ON llm_client WHEN new.name = 'bot_17'
       BEGIN SELECT RAISE(ABORT, 'the name clashes'); END`,
    ),
  );
  const result = await run(ports, target);
  t.equal(result.outcome, 'retrying');
  t.same(
    told(result).filter((it) => !it.endsWith('applied')),
    ['create bot_17 failed'],
  );
  t.match(result.outcomes.find((it) => it.outcome === 'failed')?.error, {
    code: 'RECORD_REJECTED',
    message: /the name clashes/,
  });
  t.equal(Object.keys((await standing(ports)).records).length, 29, 'all others are applied');
  const journal = () => ports.database.read((query) => history(query, { name: 'bot_17' }));
  t.match(await journal(), [{ verb: 'create', outcome: 'failed', message: /RECORD_REJECTED/ }]);

  t.equal((await run(ports, target)).outcome, 'retrying', 'the next run tries again');
  t.equal((await journal()).length, 2);
  await ports.database.write((query) => query.raw('DROP TRIGGER clash'));
  const mended = await run(ports, target);
  t.same(told(mended), ['create bot_17 applied']);
  t.equal(mended.outcome, 'converged');
});

t.test(
  'what refers to a record that could not be made fails with it, and nothing else does',
  async (t) => {
    const ports = await freshPorts(t);
    const target = targetOf(
      new FakeSource({
        'a.yaml': clientYaml('alone'),
        'b.yaml': clientYaml('needs', {}, { plugins: ['refused'] }),
        'c.yaml': pluginYaml('refused'),
        'd.yaml': pluginYaml('other'),
      }),
    );
    await ports.database.write((query) =>
      query.raw(
        `CREATE TRIGGER clash BEFORE INSERT ON plugin_meta WHEN new.name = 'refused'
       BEGIN SELECT RAISE(ABORT, 'no'); END`,
      ),
    );
    const result = await run(ports, target);
    t.same(told(result), [
      'create other applied',
      'create refused failed',
      'create alone applied',
      'create needs failed',
    ]);
    await ports.database.write((query) => query.raw('DROP TRIGGER clash'));
    t.equal((await run(ports, target)).outcome, 'converged');
  },
);

t.test('a database that refuses everything is asked once, not for every change', async (t) => {
  const ports = await freshPorts(t);
  const names = Array.from({ length: 30 }, (_, at) => `bot_${at}`);
  const target = targetOf(
    new FakeSource(Object.fromEntries(names.map((name) => [`${name}.yaml`, clientYaml(name)]))),
  );
  let writes = 0;
  const database: Database = {
    dialect: 'sqlite',
    location: 'a locked database',
    read: (work) => ports.database.read(work),
    write: async () => {
      writes += 1;
      throw new PlumblineError('STORE_BUSY', 'another process keeps the database locked');
    },
    close: async () => undefined,
  };
  const result = await run({ ...ports, database }, target);
  t.match(result, { outcome: 'retrying', error: { code: 'STORE_BUSY' } });
  t.ok(writes <= 2, `${writes} writes: the changes, and the entry of the run`);
});

t.test(
  'a record that changes between plan and write is left alone, and the others go on',
  async (t) => {
    const ports = await freshPorts(t);
    const source = new FakeSource({
      'key.yaml': tokenYaml('key'),
      'a.yaml': clientYaml('alpha', {}, closed),
      'b.yaml': clientYaml('beta', {}, closed),
      'c.yaml': clientYaml('gamma', {}, closed),
    });
    const target = targetOf(source);
    await run(ports, target);
    source.files = {
      ...source.files,
      'a.yaml': clientYaml('alpha', { appName: 'A' }, closed),
      'b.yaml': clientYaml('beta', { appName: 'B' }, closed),
      'c.yaml': clientYaml('gamma', { appName: 'C' }, closed),
    };
    let meddled = false;
    const database: Database = {
      dialect: 'sqlite',
      location: 'a database that somebody else uses',
      read: (work) => ports.database.read(work),
      write: async (work) => {
        if (!meddled) {
          meddled = true;
          await new Resources(ports, 'default').named('llmclient', 'beta').deploy(ann);
        }
        return ports.database.write(work);
      },
      close: async () => undefined,
    };
    const result = await run({ ...ports, database }, target);
    t.equal(result.outcome, 'retrying');
    t.same(told(result), ['update alpha applied', 'update beta failed', 'update gamma applied']);
    t.equal(result.outcomes[1]?.error?.code, 'RECORD_STALE');
    const { records } = await standing(ports);
    t.match(records['default/llm_client/beta'], {
      deployed: true,
      manifest: { spec: { config: { appName: undefined } } },
    });

    const next = await run(ports, target);
    t.same(told(next), ['update beta applied']);
    t.match((await standing(ports)).records['default/llm_client/beta'], {
      deployed: true,
      manifest: { spec: { config: { appName: 'B' } } },
    });
  },
);

t.test('an endpoint that does not follow is told, and followed up until it has', async (t) => {
  const bot = (config: Record<string, unknown>) => ({
    'key.yaml': tokenYaml('key'),
    'stays.yaml': tokenYaml('stays'),
    'bot.yaml': clientYaml('bot', config, closed),
  });
  const key = 'default/llm_client/bot';
  const cases: readonly {
    name: string;
    start?: Record<string, string>;
    files: Record<string, string>;
    policy?: Partial<Policy>;
    first: readonly string[];
    /** What the source says by the time the endpoint is back; the same when absent. */
    later?: Record<string, string>;
    second: readonly string[];
    calls: readonly string[];
  }[] = [
    {
      name: 'a new client',
      files: bot({ deployed: true }),
      first: [
        'create key applied',
        'create stays applied',
        'create bot applied',
        'deploy bot failed',
      ],
      second: ['deploy bot applied'],
      calls: ['published'],
    },
    {
      name: 'a client that is withdrawn',
      start: bot({ deployed: true }),
      files: bot({ deployed: false }),
      first: ['undeploy bot failed'],
      second: ['undeploy bot applied'],
      calls: ['published', 'withdrawn'],
    },
    {
      name: 'a source that only tells of drift',
      start: bot({ deployed: false }),
      files: bot({ deployed: true }),
      policy: { drift: 'report' },
      first: ['deploy bot failed'],
      second: ['deploy bot applied'],
      calls: ['published'],
    },
    {
      name: 'a client that is deleted',
      start: bot({ deployed: true }),
      files: { 'key.yaml': tokenYaml('key'), 'stays.yaml': tokenYaml('stays') },
      first: ['undeploy bot failed', 'delete bot skipped'],
      second: ['undeploy bot applied', 'delete bot applied'],
      calls: ['published', 'withdrawn'],
    },
    {
      name: 'a source that takes the switch back meanwhile',
      start: bot({ deployed: false }),
      files: bot({ deployed: true }),
      first: ['deploy bot failed'],
      later: bot({ deployed: false }),
      second: ['undeploy bot applied'],
      calls: ['withdrawn'],
    },
    {
      name: 'a source that leaves the switch to people meanwhile',
      start: bot({ deployed: false }),
      files: bot({ deployed: true }),
      first: ['deploy bot failed'],
      later: bot({}),
      second: ['deploy bot applied'],
      calls: ['published'],
    },
  ];
  for (const { name, start, files, policy, first, later, second, calls } of cases) {
    await t.test(name, async (t) => {
      const ports = await freshPorts(t);
      const source = new FakeSource(start ?? {});
      const target = targetOf(source, policy);
      if (start !== undefined) await run(ports, target);
      source.files = files;
      ports.endpoint.refused.add('bot');
      const behind = await run(ports, target);
      t.same(told(behind), first);
      t.equal(behind.outcome, 'retrying');
      const entries = await ports.database.read((query) => history(query, { outcome: 'failed' }));
      t.match(entries, [{ name: 'bot', verb: /deploy/, message: /the gateway does not answer/ }]);
      t.not((await planned(ports, target)).length, 0, 'the plan is not empty while it is behind');
      t.equal((await run(ports, target)).outcome, 'retrying', 'and it is not taken for settled');

      ports.endpoint.refused.clear();
      source.files = later ?? files;
      const again = await run(ports, target);
      t.same(told(again), second);
      t.equal(again.outcome, 'converged');
      t.same(
        ports.endpoint.calls.filter((it) => it.key === key).map((it) => it.verb),
        calls,
      );
      t.same(await planned(ports, target), []);
      t.same((await run(ports, target)).outcomes, []);
    });
  }
});

t.test(
  'where the store refuses some deletes, those stay recorded and are tried again',
  async (t) => {
    const ports = await freshPorts(t);
    const declare = (...names: string[]) =>
      Object.fromEntries(names.map((name) => [`${name}.yaml`, pluginYaml(name)]));
    const source = new FakeSource(declare('stays', 'soft', 'stubborn', 'willing'));
    const target = targetOf(source, { prune: true });
    t.equal((await run(ports, target)).outcome, 'converged');
    await ports.database.write((query) =>
      query.raw(
        `CREATE TRIGGER refuses BEFORE DELETE ON plugin_meta WHEN old.name = 'stubborn'
       BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
      ),
    );
    source.files = declare('stays');
    t.same(told(await run(ports, target)).sort(), [
      'delete soft applied',
      'delete stubborn failed',
      'delete willing applied',
    ]);
    const left = await standing(ports);
    t.same(Object.keys(left.records).sort(), ['default/plugin/stays', 'default/plugin/stubborn']);
    t.same(left.inventory.map((it) => it.key.name).sort(), ['stays', 'stubborn']);
    await ports.database.write((query) => query.raw('DROP TRIGGER refuses'));
    t.same(told(await run(ports, target)), ['delete stubborn applied']);
  },
);

t.test('by hand, what another record has for itself is refused, and says who has it', async (t) => {
  const ports = await freshPorts(t);
  const apply = (text: string) => new Resources(ports, 'default').ofText(text).apply(ann);
  await apply(tokenYaml('key'));
  await apply(clientYaml('one', { subdomain: 'help' }, closed));
  await t.rejects(apply(clientYaml('two', { subdomain: 'help' }, closed)), {
    message: /host label help, which LLMClient one has/,
  });
  await t.rejects(new Resources(ports, 'default').named('smarterauthtoken', 'key').delete(ann), {
    message: /LLMClient one/,
  });
  t.same(Object.keys((await standing(ports)).records).sort(), [
    'default/llm_client/one',
    'default/smarter_auth_token/key',
  ]);
});

t.test('where the record is the endpoint, a deploy is done with its commit', async (t) => {
  const ports = await freshPorts(t);
  const asked = async () => {
    throw new Error('nobody asks it');
  };
  const endpoint: Endpoint = { ...recordEndpoint, publish: asked, withdraw: asked };
  const files = {
    'key.yaml': tokenYaml('key'),
    'bot.yaml': clientYaml('bot', { deployed: true }, closed),
  };
  const target = targetOf(new FakeSource(files));
  for (const source of [files, { 'key.yaml': tokenYaml('key') }]) {
    const result = await run(
      { ...ports, endpoint },
      { ...target, source: new FakeSource(source), policy: { ...target.policy, prune: true } },
    );
    t.equal(result.outcome, 'converged');
    t.same(await ports.database.read(owedEffects), []);
  }
});

t.test('every try of an endpoint effect has the key of the first', async (t) => {
  const ports = await freshPorts(t);
  const keys: string[] = [];
  const endpoint: Endpoint = {
    ...recordEndpoint,
    identity: 'https://endpoint.example.com',
    publish: async (_record, idempotencyKey) => {
      keys.push(idempotencyKey);
      if (keys.length < 3) throw new PlumblineError('SOURCE_TIMEOUT', 'too slow');
      return { state: 'published' };
    },
  };
  const files = {
    'key.yaml': tokenYaml('key'),
    'bot.yaml': clientYaml('bot', { deployed: true }, closed),
  };
  const target = targetOf(new FakeSource(files));
  for (let round = 0; round < 3; round += 1) await run({ ...ports, endpoint }, target);
  t.equal(keys.length, 3);
  t.equal(new Set(keys).size, 1);
});

t.test(
  'an endpoint that fails in any way holds up its own record and no other (F29)',
  async (t) => {
    const ways: Readonly<Record<string, () => unknown>> = {
      'throws at once': () => {
        throw new Error('broken');
      },
      'rejects with no error': () => Promise.reject('broken'),
      'rejects with nothing': () => Promise.reject(),
      'answers nothing': async () => undefined,
      'answers nonsense': async () => ({ state: 7 }),
      'answers the contrary': async () => ({ state: 'withdrawn' }),
      'never answers': () => new Promise(() => undefined),
    };
    const files = {
      'key.yaml': tokenYaml('key'),
      'heard.yaml': clientYaml('heard', { deployed: true }, closed),
      'mute.yaml': clientYaml('mute', { deployed: true }, closed),
    };
    for (const [way, answer] of Object.entries(ways))
      await t.test(way, async (t) => {
        const ports = await freshPorts(t);
        const target = targetOf(new FakeSource(files));
        const publish: Endpoint['publish'] = (record, ...rest) =>
          record.key.name === 'mute'
            ? (answer() as ReturnType<Endpoint['publish']>)
            : ports.endpoint.publish(record, ...rest);
        const running = run(
          { ...ports, endpoint: { ...recordEndpoint, identity: ports.endpoint.identity, publish } },
          target,
        );
        const { timeout } = recordEndpoint.limits;
        if (way === 'never answers') {
          await until(() => ports.clock.slept.includes(timeout));
          ports.clock.advance(timeout);
        }
        const result = await running;
        t.equal(result.outcome, 'retrying');
        t.ok(told(result).includes('deploy heard applied'));
        t.ok(told(result).includes('deploy mute failed'));
        t.same(
          told(await run(ports, target)),
          ['deploy mute applied'],
          'and it is told once it listens',
        );
      });
  },
);

t.test('a stop waits for the endpoint it is at and for no other', async (t) => {
  const ports = await freshPorts(t);
  const names = ['alpha', 'beta', 'gamma'];
  const target = targetOf(
    new FakeSource({
      'key.yaml': tokenYaml('key'),
      ...Object.fromEntries(
        names.map((name) => [`${name}.yaml`, clientYaml(name, { deployed: true }, closed)]),
      ),
    }),
  );
  const stop = new AbortController();
  const endpoint: Endpoint = {
    ...recordEndpoint,
    identity: 'https://endpoint.example.com',
    publish: async (record, idempotencyKey) => {
      stop.abort();
      return ports.endpoint.publish(record, idempotencyKey);
    },
  };
  const occasion = { trigger: 'start', actor: 'plumbline', settled: [] } as const;
  const result = await reconcile({ ...ports, endpoint }, target, occasion, stop.signal);
  t.equal(ports.endpoint.calls.length, 1);
  t.same(
    result.outcomes.filter((it) => it.outcome === 'failed').map((it) => it.error?.code),
    ['RUN_STOPPED', 'RUN_STOPPED'],
  );
  t.same(told(await run(ports, target)), ['deploy beta applied', 'deploy gamma applied']);
  t.same(Object.values(ports.endpoint.standing()), ['published', 'published', 'published']);
});

t.test('a switch by hand whose endpoint did not follow can be repeated by hand', async (t) => {
  const ports = await freshPorts(t);
  const target = targetOf(
    new FakeSource({ 'key.yaml': tokenYaml('key'), 'bot.yaml': clientYaml('bot', {}, closed) }),
  );
  await run(ports, target);
  const resources = new Resources(ports, 'default');
  const deploy = async () =>
    resources.execute(await resources.named('llmclient', 'bot').plan('deploy'), ann);
  ports.endpoint.refused.add('bot');
  t.match(await deploy(), [{ outcome: 'failed', error: { message: /gateway/ } }]);
  ports.endpoint.refused.clear();
  t.match(await deploy(), [{ outcome: 'applied' }]);
  t.same(await deploy(), [], 'and then there is nothing to do');
  t.same(ports.endpoint.standing(), { 'default/llm_client/bot': 'published' });
});

t.test('a source that stays away is remembered once, and told by name', async (t) => {
  const ports = await freshPorts(t);
  const source = new FakeSource({ 'a.yaml': clientYaml('alpha') });
  const target = targetOf(source);
  await run(ports, target);
  const occasion = { trigger: 'interval', actor: 'plumbline', settled: ['converged'] } as const;
  const poll = () => reconcile(ports, target, occasion, never);
  const entries = () =>
    ports.database.read((query) => history(query, { verb: 'sync' })).then((all) => all.length);
  const state = () => ports.database.read((query) => readSourceState(query, 'team'));
  t.equal(await entries(), 1);

  source.failure = new PlumblineError('SOURCE_UNREACHABLE', 'no route to the host');
  for (let round = 0; round < 3; round += 1) t.equal((await poll()).outcome, 'retrying');
  t.equal(await entries(), 2, 'the same failure is journalled once');
  t.match(await state(), { outcome: 'retrying', message: 'no route to the host', records: 1 });
  source.failure = new PlumblineError('SOURCE_DENIED', 'wrong password');
  await poll();
  t.equal(await entries(), 3, 'another failure is news');

  source.failure = undefined;
  const back = await poll();
  t.match({ ...back, told: told(back) }, { outcome: 'converged', told: [] });
  t.match(await state(), { outcome: 'converged' });
  const quiet = await poll();
  t.equal(quiet.settled, true);
  t.equal(await entries(), 4);
});

t.test('a run that is stopped says so, and leaves the rest to the next', async (t) => {
  const ports = await freshPorts(t);
  const files = Object.fromEntries(
    Array.from({ length: 1200 }, (_, at) => [`${at}.yaml`, clientYaml(`bot_${at}`)]),
  );
  const target = targetOf(new FakeSource(files));
  const stop = new AbortController();
  const database: Database = {
    dialect: 'sqlite',
    location: 'a database',
    read: (work) => ports.database.read(work),
    write: async (work) => {
      stop.abort();
      return ports.database.write(work);
    },
    close: async () => undefined,
  };
  const occasion = { trigger: 'command', actor: 'test', settled: [] } as const;
  const result = await reconcile({ ...ports, database }, target, occasion, stop.signal);
  const count = (outcome: string) => result.outcomes.filter((it) => it.outcome === outcome).length;
  t.equal(count('applied'), 1000, 'the transaction under way is finished');
  t.equal(count('skipped'), 200);
  t.match(result, { outcome: 'retrying', message: 'stopped with 200 changes to go' });
  const rest = await run(ports, target);
  t.equal(rest.summary.create, 200);
  t.equal(rest.outcome, 'converged');

  const early = await reconcile(ports, target, occasion, AbortSignal.abort());
  t.match(early, { error: { code: 'RUN_STOPPED' }, plan: undefined });
});

t.test('the journal has the content digests of what it tells of', async (t) => {
  const ports = await freshPorts(t);
  const source = new FakeSource({
    'key.yaml': tokenYaml('key'),
    'bot.yaml': clientYaml('bot', { deployed: true }, closed),
  });
  const target = targetOf(source);
  await run(ports, target);
  source.files = {
    ...source.files,
    'bot.yaml': clientYaml('bot', { deployed: true, defaultModel: 'gpt-4.1' }, closed),
  };
  await run(ports, target);
  const digests = async () => {
    const { live } = await readLive(ports.database, ports.brokers, 'default', 'team');
    return live.find((it) => it.key.name === 'bot')?.digest;
  };
  const entries = await ports.database.read((query) => history(query, { name: 'bot' }));
  const [update, ...first] = entries;
  t.same(
    entries.map((it) => it.verb),
    ['update', 'deploy', 'create'],
  );
  t.equal(update?.afterDigest, await digests(), 'of the record as it is now');
  for (const { verb, afterDigest, beforeDigest } of first) {
    t.equal(afterDigest, update?.beforeDigest, `${verb} left what the update found`);
    t.equal(beforeDigest, null);
  }
});
