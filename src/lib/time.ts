import { setTimeout as delay } from 'node:timers/promises';

/**
 * Time as a value, so that tests can own it. `now` is the wall clock, for people and rows;
 * `monotonic` counts milliseconds and never runs backwards, for intervals and deadlines.
 */
export interface Clock {
  now(): Date;
  monotonic(): number;
  /** Resolves after the milliseconds, or at once when the signal fires; it never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  // Not performance.now(), whose first call loads what takes as long as opening a database.
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch {
      // The only rejection is the abort, and to be woken is what the caller asked for.
    }
  },
};

/**
 * How long to wait before try number `attempt` (from 1), in milliseconds: 1 s doubled up to five
 * minutes, less up to a quarter by chance, so that many daemons do not knock at the same moment.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(1000 * 2 ** Math.min(attempt - 1, 20), 300_000);
  return Math.round(full * (1 - random() / 4));
}
