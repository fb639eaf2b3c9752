import type { Terminal } from './invocation.ts';

/** The process's own terminal. A reader that goes away (`| head`) ends the command quietly. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    log: stderr,
    watched: stderr.isTTY === true,
    colour: stdout.isTTY === true && !env['NO_COLOR'],
    // Some pseudo-terminals say that they have none.
    width: stdout.columns || undefined,
    environment: env,
    workingFolder: process.cwd(),
    signal: stop.signal,
  };
}
