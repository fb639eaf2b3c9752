import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from './time.ts';

/** Milliseconds of work between two turns of the event loop: meanwhile health answers, and SQLite goes on. */
const turn = 1;

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
  const pause = pauseEvery(turn);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** A function that lets the event loop turn where its last turn was so many milliseconds ago. */
export function pauseEvery(milliseconds: number): () => Promise<void> | undefined {
  let started = systemClock.monotonic();
  const pause = async () => {
    await nextTurn();
    started = systemClock.monotonic();
  };
  return () => (systemClock.monotonic() - started < milliseconds ? undefined : pause());
}
