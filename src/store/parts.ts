/** How many values one statement looks up: enough to make it worth its cost, few enough to bound memory. */
export const partSize = 1000;

/** Asks for many values in statements of a bounded size. */
export async function inParts<T, R>(
  values: readonly T[],
  ask: (part: readonly T[]) => PromiseLike<readonly R[]>,
): Promise<R[]> {
  const found: R[] = [];
  for (let start = 0; start < values.length; start += partSize)
    for (const row of await ask(values.slice(start, start + partSize))) found.push(row);
  return found;
}
