/**
 * The same items in the same order, each asked for while the one before is looked at: reading then goes
 * on beside working. One item at most waits. Whoever stops early leaves once the item on its way is there.
 */
export async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = () => {
    const asked = items.next();
    // A failure is told when its turn comes.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = ask();
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}
