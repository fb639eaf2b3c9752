import { join } from 'node:path';
import { Command, eventually } from '../support/daemon.ts';
import { behindItsBack } from '../support/database.ts';
import { GitRepository } from '../support/git-repository.ts';
import { t } from '../support/tap.ts';
import { clientYaml, tokenYaml, World } from '../support/world.ts';

/** An entry as `history -o json` prints it, as far as tests look. */
interface Entry {
  readonly id: number;
  readonly at: string;
  readonly verb: string;
  readonly name: string | null;
  readonly revision: string;
  readonly after: unknown;
}

async function entriesOf(world: World, ...words: string[]): Promise<readonly Entry[]> {
  const { exit, out, err } = await world.run('history', ...words, '-o', 'json');
  if (exit !== 0) throw new Error(err);
  return JSON.parse(out) as Entry[];
}

const verbsAndNames = (entries: readonly Entry[]) => entries.map((it) => [it.verb, it.name]);

t.test('the journal is asked by everything that an entry says', async (t) => {
  const world = new World(t);
  world.write('a.yaml', clientYaml('alpha'));
  await world.run('sync');
  const [first] = await entriesOf(world, '--name', 'alpha');
  if (first === undefined) throw new Error('nothing was journalled');
  world.write('a.yaml', clientYaml('alpha', { defaultTemperature: 0.1 }));
  await world.run('sync');
  const all = await entriesOf(world);
  const sync = ['sync', null];
  t.same(
    verbsAndNames(all),
    [sync, ['update', 'alpha'], sync, ['create', 'alpha']],
    'newest first',
  );
  const cases: [string[], (string | null)[][]][] = [
    [
      ['--revision', first.revision],
      [sync, ['create', 'alpha']],
    ],
    [
      ['--revision', first.revision.slice(0, 15)],
      [sync, ['create', 'alpha']],
    ],
    [
      ['--outcome', 'converged'],
      [sync, sync],
    ],
    [['--actor', 'nobody'], []],
    [['--since', '1h', '--verb', 'update'], [['update', 'alpha']]],
    [['--until', '1h'], []],
    [['--until', first.at], []],
    [['--limit', '1', '--before', String(all[1]?.id)], [sync]],
  ];
  for (const [words, wanted] of cases)
    t.same(verbsAndNames(await entriesOf(world, ...words)), wanted, words.join(' '));
});

t.test('a follower sees what was there, and every new entry as it comes', async (t) => {
  const world = new World(t);
  t.match((await world.run('history', '--follow')).err, /no database yet/, 'nothing to wait for');
  world.write('a.yaml', clientYaml('alpha'));
  await world.run('sync');
  const follower = new Command(t, world, ['history', '--follow', '-o', 'json']);
  const printed = () => follower.out.split('\n').slice(0, -1);
  await eventually(() => printed().length === 2);
  world.write('b.yaml', clientYaml('beta'));
  await world.run('sync');
  await eventually(() => printed().length === 4);
  const entries = printed().map((line) => JSON.parse(line) as Entry);
  t.same(verbsAndNames(entries), [
    ['create', 'alpha'],
    ['sync', null],
    ['create', 'beta'],
    ['sync', null],
  ]);
  const { exit, within } = await follower.stop('SIGTERM');
  t.equal(exit, 0);
  t.ok(within < 5_000, 'it ends at once');
});

/** A field as `why -o json` tells of it, as far as tests look. */
interface Told {
  readonly path: string;
  readonly value: unknown;
  readonly file: string | null;
  readonly line: number | null;
  readonly lineOf: string | null;
  readonly origin: Readonly<Record<string, unknown>>;
  readonly previous: readonly {
    readonly value: unknown;
    readonly origin: { readonly by: string };
  }[];
}

async function whyOf(world: World, ...words: string[]): Promise<readonly Told[]> {
  const { exit, out, err } = await world.run('why', ...words, '-o', 'json');
  if (exit !== 0) throw new Error(err);
  return (JSON.parse(out) as { fields: readonly Told[] }).fields;
}

const temperature = (value: number) => `apiVersion: smarter.sh/v1
kind: LLMClient
metadata:
  name: alpha
  description: The alpha
  version: 1.0.0
spec:
  config:
    defaultModel: gpt-4o-mini
    # Warm enough for small talk.
    defaultTemperature: ${value}
`;

t.test('why tells of a field its line, its commit, its run and what it was before', async (t) => {
  const holder = new World(t);
  const repository = new GitRepository(join(holder.folder, 'repo.git'));
  const world = new World(t, {
    PLUMBLINE_SOURCE: repository.url,
    PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
  });
  const files = (value: number) => ({
    'bots/a.yaml': `${tokenYaml('key')}---\n${temperature(value)}`,
  });
  repository.commit(files(0.2), { author: 'Ann', subject: 'A bot', time: 1_700_000_000 });
  await world.run('sync');
  const warm = { author: 'Bob\u001b[31m', subject: 'Warmer', time: 1_700_086_400 };
  const commit = repository.commit(files(0.7), warm);
  await world.run('sync');
  const [field, ...others] = await whyOf(world, 'llmclient', 'alpha', 'defaultTemperature');
  const line =
    files(0.7)
      ['bots/a.yaml'].split('\n')
      .findIndex((it) => it.includes('0.7')) + 1;
  t.same(others, [], 'of one field that is asked for');
  t.match(field, {
    path: 'spec.config.defaultTemperature',
    value: 0.7,
    file: 'bots/a.yaml',
    line,
    lineOf: 'field',
    origin: {
      by: 'source',
      source: 'team',
      revision: `main@sha1:${commit}`,
      commit: {
        id: commit,
        author: 'Bob\\x1b[31m <ann@example.com>',
        time: '2023-11-15T22:13:20.000Z',
        subject: 'Warmer',
      },
    },
    previous: [{ value: 0.2, origin: { by: 'source', commit: { subject: 'A bot' } } }],
  });
  const { exit, out } = await world.run('why', 'llmclient', 'alpha');
  t.equal(exit, 0);
  t.match(out, `bots/a.yaml:${line}, from team at main@sha1:${commit.slice(0, 12)}`);
  t.match(out, 'before that 0.2, from team at main@sha1:');
  t.match(out, 'commit of Bob\\x1b[31m <ann@example.com>, 2023-11-15T22:13:20.000Z: Warmer');
  t.notMatch(out, '\u001b', 'what a commit claims to be called moves no cursor');
});

t.test('why tells what was set behind the back, by hand, by default, or longer ago', async (t) => {
  const world = new World(t);
  world.write('a.yaml', temperature(0.2));
  await world.run('sync');
  const field = async (path: string, kind = 'llmclient', name = 'alpha') =>
    (await whyOf(world, kind, name, path))[0] as Told;

  await behindItsBack(world.database, 'UPDATE llm_client SET default_temperature = 0.9');
  t.match(await field('defaultTemperature'), {
    value: 0.9,
    origin: { by: 'outside', before: null },
    previous: [{ value: 0.2, origin: { by: 'source' } }],
  });
  t.match((await world.run('why', 'llmclient', 'alpha')).out, /a\.yaml:11 says otherwise/);
  await world.run('suspend', 'llmclient', 'alpha');
  t.match(await field('description'), { origin: { by: 'source' } }, 'a suspension sets no field');
  await world.run('resume', 'llmclient', 'alpha');
  await world.run('sync');
  const enforced = await field('defaultTemperature');
  t.match(enforced, { value: 0.2, origin: { by: 'source' } });
  t.same(
    enforced.previous.map((it) => [it.value, it.origin.by]),
    [
      [0.9, 'outside'],
      [0.2, 'source'],
    ],
    'a sync put it right, and what was between is not forgotten',
  );

  await world.run('deploy', 'llmclient', 'alpha');
  t.match(await field('deployed'), { value: false, origin: { by: 'default' } }, 'held: it is open');
  t.match(await field('appFileAttachment'), { value: false, origin: { by: 'default' } });
  t.match(await field('subdomain'), { value: null, origin: { by: 'default' } });

  world.write('hand/key.yaml', tokenYaml('hand_key'));
  await world.run('apply', '-f', world.path('hand/key.yaml'));
  world.remove('hand/key.yaml');
  t.match(await field('username', 'smarterauthtoken', 'hand_key'), {
    value: 'admin',
    file: null,
    origin: { by: 'hand', source: null, commit: null },
  });

  world.write('a.yaml', `# moved\n${temperature(0.2)}`);
  t.match(
    await field('defaultTemperature'),
    { line: 1, lineOf: 'document' },
    'of a file that has changed since, only the line of the document is known',
  );
  t.match(await world.run('why', 'llmclient', 'alpha', 'defaultTemprature'), {
    exit: 64,
    err: /did you mean defaultTemperature\?/,
  });
  t.match(await world.run('why', 'llmclient', 'nobody'), { exit: 1, err: /RECORD_NOT_FOUND/ });
});

t.test('what is over its time leaves the journal, but not what why has to tell', async (t) => {
  const world = new World(t, { PLUMBLINE_JOURNAL_KEEP: '30d' });
  world.write('b.yaml', clientYaml('beta'));
  for (const value of [0.1, 0.2, 0.3]) {
    world.write('a.yaml', temperature(value));
    await world.run('sync');
  }
  t.equal((await entriesOf(world)).length, 7, 'all of it is young');
  // Nobody can change an entry who does not take its guard away.
  await behindItsBack(world.database, 'DROP TRIGGER journal_is_append_only');
  await behindItsBack(world.database, "UPDATE journal SET at = '2020-01-01T00:00:00.000Z'");
  t.equal((await world.run('sync')).exit, 0);
  t.same(
    verbsAndNames(await entriesOf(world)),
    [
      ['update', 'alpha'],
      ['create', 'beta'],
    ],
    'also by a sync that has nothing else to do, which tells nothing of itself',
  );
  const [field] = await whyOf(world, 'llmclient', 'alpha', 'defaultTemperature');
  t.match(field, {
    value: 0.3,
    line: 11,
    origin: { by: 'source', at: '2020-01-01T00:00:00.000Z' },
  });
  const [model] = await whyOf(world, 'llmclient', 'alpha', 'defaultModel');
  t.match(model, { origin: { by: 'unknown' }, line: 9 }, 'its file still says it');
});

t.test(
  'a value that always was the default is not said to have been set before the journal',
  async (t) => {
    const world = new World(t);
    world.write('bot.yaml', clientYaml('bot', { appFileAttachment: false }));
    t.equal((await world.run('sync')).exit, 0);
    const { out } = await world.run('why', 'llmclient', 'bot', 'appFileAttachment');
    t.match(out, /bot\.yaml:\d+, the default too\n/);
    t.notMatch(out, 'where the journal begins');
  },
);
