/** Waits until the condition holds; throws after so many milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  milliseconds = 5000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
