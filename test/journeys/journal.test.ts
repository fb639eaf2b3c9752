import { Command, eventually } from '../support/daemon.ts';
import { t } from '../support/tap.ts';
import { clientYaml, World } from '../support/world.ts';

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
