import { isatty } from 'node:tty';
import type { Terminal } from './invocation.ts';

/** The process's own terminal. A reader that goes away (`| head`) ends the command quietly. */
export function processTerminal(): Terminal {
  const { env } = process;
  const stop = new AbortController();
  const stdout = opened(() => process.stdout);
  const stderr = opened(() => process.stderr);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  return {
    out: (text) => void stdout().write(text),
    err: (text) => void stderr().write(text),
    get log() {
      return stderr();
    },
    get watched() {
      return isatty(2);
    },
    get colour() {
      return isatty(1) && !env['NO_COLOR'];
    },
    get width() {
      // Some pseudo-terminals say that they have none.
      return stdout().columns || undefined;
    },
    environment: env,
    workingFolder: process.cwd(),
    signal: stop.signal,
  };
}

/** Node.js takes a millisecond or two to make a stream of its own ready, so that waits until it is used. */
function opened(stream: () => NodeJS.WriteStream): () => NodeJS.WriteStream {
  let known: NodeJS.WriteStream | undefined;
  return () => {
    if (known === undefined) {
      known = stream();
      known.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') process.exit(0);
        throw error;
      });
    }
    return known;
  };
}
