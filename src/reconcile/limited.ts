import { PlumblineError } from '../lib/errors.ts';
import type { Clock } from '../lib/time.ts';
import { runStopped } from './run.ts';

/** What is under way when the process is told to stop gets this long, in milliseconds, before it is left. */
const stopGrace = 2000;

/**
 * Waits for work of somebody else's code, so long and no longer. The signal that the work is given
 * fires when nobody waits for it any more; work that ignores it is left behind, and what it still does
 * or throws is nobody's. Throws ENDPOINT_TIMEOUT, and RUN_STOPPED soon after `signal` has fired.
 */
export function limited<T>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
  work: (giveUp: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const giveUp = new AbortController();
  return new Promise((resolve, reject) => {
    const end = () => {
      over.abort();
      signal.removeEventListener('abort', stop);
    };
    const leave = (reason: PlumblineError) => {
      if (over.signal.aborted) return;
      end();
      giveUp.abort();
      reject(reason);
    };
    const stop = () => void clock.sleep(stopGrace, over.signal).then(() => leave(runStopped()));
    signal.addEventListener('abort', stop);
    void clock.sleep(milliseconds, over.signal).then(() => leave(tooSlow(milliseconds)));
    work(giveUp.signal).then(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}

function tooSlow(milliseconds: number): PlumblineError {
  return new PlumblineError(
    'ENDPOINT_TIMEOUT',
    `the endpoint did not answer within ${milliseconds / 1000} s`,
    { hint: 'it is asked again by itself; endpoint.timeout sets how long an answer may take' },
  );
}
