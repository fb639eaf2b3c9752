/**
 * Runs the work for every item, at most `width` at a time, and gives the results in the order of the
 * items. The first failure ends it.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  let next = 0;
  while (next < items.length || begun.length > 0) {
    while (next < items.length && begun.length < width) {
      const promise = work(items[next++] as T);
      // It is awaited in its turn; until then a failure must not count as nobody's.
      promise.catch(() => undefined);
      begun.push(promise);
    }
    yield await (begun.shift() as Promise<R>);
  }
}
