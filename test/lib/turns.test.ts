import { atOnce, inTurns, type Stoppable } from '../../src/lib/turns.ts';
import { t } from '../support/tap.ts';

/** Counts to a number, and works for a moment at each step. */
function* counting(to: number, milliseconds: number): Stoppable<number> {
  for (let at = 0; at < to; at += 1) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
    yield;
  }
  return to;
}

t.test('long work in turns lets others go on, and gives what it gives at once', async (t) => {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const given = await inTurns(counting(30, 5));
  isOver = true;
  t.equal(given, 30);
  t.equal(atOnce(counting(30, 0)), 30);
  t.ok(turns >= 5, `${turns} turns in 150 ms of work`);
});

t.test('short work takes no turn, and a failure comes through', async (t) => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  t.equal(await inTurns(counting(3, 0)), 3);
  t.notOk(turned);
  function* broken(): Stoppable<number> {
    yield;
    throw new Error('no');
  }
  await t.rejects(inTurns(broken()), { message: 'no' });
  t.throws(() => atOnce(broken()), { message: 'no' });
});
