import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work between two turns of the event loop, so that health answers meanwhile. */
const turn = 20;

/** Work that stops now and then, where it may be left for a moment. What it gives is its result. */
export type Stoppable<T> = Generator<undefined, T, undefined>;

/** Does the work at once. */
export function atOnce<T>(work: Stoppable<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Does the work with turns of the event loop between, however much of it there is. */
export async function inTurns<T>(work: Stoppable<T>): Promise<T> {
  let started = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - started < turn) continue;
    await nextTurn();
    started = performance.now();
  }
}
