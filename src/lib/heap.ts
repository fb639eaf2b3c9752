/**
 * How much the heap may grow before V8 looks through all of it, in percent of what was left the last
 * time. On a machine with much memory V8 lets it grow fourfold and more, most of it thrown away long ago.
 */
const growth = 25;

/**
 * For work on so much that its leavings would fill the memory: they are collected sooner from now on, and
 * the space for what is new stays as it is.
 */
export async function keepHeapSmall(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(`--heap-growing-percent=${growth}`);
  setFlagsFromString('--semi-space-growth-factor=1');
}
