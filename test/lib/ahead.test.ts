import { ahead } from '../../src/lib/ahead.ts';
import { t } from '../support/tap.ts';

/** Gives numbers and notes which were asked for; the last thing it notes is that it was left. */
async function* counting(to: number, asked: unknown[]): AsyncGenerator<number> {
  try {
    for (let at = 0; at < to; at += 1) {
      asked.push(at);
      yield at;
    }
    throw new Error(`no ${to}`);
  } finally {
    asked.push('left');
  }
}

t.test('an item is asked for while the one before is looked at, and no more of them', async (t) => {
  const asked: unknown[] = [];
  const numbers = ahead(counting(9, asked));
  t.equal((await numbers.next()).value, 0);
  t.same(asked, [0, 1]);
  t.equal((await numbers.next()).value, 1);
  t.same(asked, [0, 1, 2]);
  await numbers.return(undefined);
  t.same(asked, [0, 1, 2, 'left'], 'whoever stops early leaves nothing open');
});

t.test('a failure is told in its turn, after the items before it', async (t) => {
  const [asked, given]: [unknown[], number[]] = [[], []];
  const take = async () => {
    for await (const it of ahead(counting(2, asked))) {
      given.push(it);
      // Long enough for a failure that nobody waits for to be taken for an unhandled one.
      await new Promise(setImmediate);
    }
  };
  await t.rejects(take(), { message: 'no 2' });
  t.same(given, [0, 1]);
});
