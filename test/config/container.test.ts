import { readFileSync } from 'node:fs';
import { knownVariables } from '../../src/config/settings.ts';
import { t } from '../support/tap.ts';

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile, with comments dropped and continued lines joined. */
function instructions(text: string): Instruction[] {
  const joined = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word, rest] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { word: word ?? '', rest: (rest ?? '').trim() };
    });
}

const all = instructions(readFileSync('Dockerfile', 'utf8'));
const last = all.slice(all.findLastIndex((it) => it.word === 'FROM'));
const every = (from: readonly Instruction[], word: string) =>
  from.filter((it) => it.word === word).map((it) => it.rest);

t.test('the image runs as nobody in particular and writes one volume', async (t) => {
  t.same(
    every(last, 'USER'),
    ['10001:10001'],
    'a number, so that a cluster can tell it is not root',
  );
  t.same(every(last, 'VOLUME'), ['/data']);
  t.same(every(last, 'WORKDIR'), ['/data']);
  t.match(every(last, 'ENV').join(' '), /HOME=\/data\b/);
  t.match(every(last, 'ENV').join(' '), /PLUMBLINE_DATABASE=sqlite:\/data\//);
});

t.test('the image starts the daemon without a shell and tells its health', async (t) => {
  t.same(
    every(last, 'ENTRYPOINT').map((it) => JSON.parse(it)),
    [['node', '/app/dist/src/main.cjs']],
  );
  t.same(
    every(last, 'CMD').map((it) => JSON.parse(it)),
    [['run']],
  );
  const [health = '', ...more] = every(last, 'HEALTHCHECK');
  t.same(more, []);
  const command = JSON.parse(health.slice(health.indexOf('[')));
  t.same(command.slice(0, 2), ['node', '-e']);
  t.match(command[2], '/healthz');
  t.doesNotThrow(() => new Function(command[2]), 'the check is JavaScript');
});

t.test('the base has a version, and nothing of the build reaches the image', async (t) => {
  const [base = ''] = every(all, 'ARG');
  t.match(base, /^BASE=node:\d+-\w+-slim$/);
  t.same(every(all, 'FROM'), ['${BASE} AS build', '${BASE}']);
  t.notMatch(readFileSync('Dockerfile', 'utf8'), /latest/);
  t.ok(
    every(last, 'COPY').every((it) => it.startsWith('--from=build /app/')),
    'copies come from the build',
  );
  t.notMatch(every(last, 'RUN').join(' '), /g\+\+|make|python3/);
  t.match(every(last, 'RUN').join(' '), /git openssh-client gnupg ca-certificates/);
  t.notMatch(every(all, 'ADD').join(' '), /./);
});

t.test('the build sees sources only', async (t) => {
  const [first, ...taken] = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  t.equal(first, '*', 'everything is left out first');
  const copied = every(all, 'COPY')
    .filter((it) => !it.startsWith('--from'))
    .flatMap((it) => it.split(' ').slice(0, -1));
  t.same(taken.map((it) => it.slice(1)).sort(), copied.map((it) => it.replace('./', '')).sort());
});

t.test('every variable that the image speaks of is one that is read', async (t) => {
  const named = readFileSync('Dockerfile', 'utf8').match(/PLUMBLINE_[A-Z_]+/g) ?? [];
  t.same(
    named.filter((name) => !knownVariables.includes(name)),
    [],
  );
});
