import { isatty } from 'node:tty';
import type { LogStream } from '../lib/log-line.ts';
import type { Terminal } from './invocation.ts';

/** The process's own terminal. A reader that goes away (`| head`) ends the command quietly. */
export function processTerminal(): Terminal {
  const { env } = process;
  const stop = new AbortController();
  const stdout = new LateStream(isatty(1), () => process.stdout);
  const stderr = new LateStream(isatty(2), () => process.stderr);
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
    watched: stderr.isTTY,
    colour: stdout.isTTY && !env['NO_COLOR'],
    get width() {
      return stdout.columns;
    },
    environment: env,
    workingFolder: process.cwd(),
    signal: stop.signal,
  };
}

/** A stream of the process, opened when it is first written to: Node.js takes a millisecond or two for it. */
class LateStream implements LogStream {
  readonly isTTY: boolean;
  readonly #open: () => NodeJS.WriteStream;
  readonly #listeners: ((error: Error) => void)[] = [];
  #known: NodeJS.WriteStream | undefined;

  constructor(isTTY: boolean, open: () => NodeJS.WriteStream) {
    this.isTTY = isTTY;
    this.#open = open;
  }

  get #stream(): NodeJS.WriteStream {
    if (this.#known === undefined) {
      this.#known = this.#open();
      for (const listener of this.#listeners) this.#known.on('error', listener);
    }
    return this.#known;
  }

  get writableLength(): number {
    return this.#known?.writableLength ?? 0;
  }

  /** Undefined where it is no screen; some pseudo-terminals say that they have none. */
  get columns(): number | undefined {
    return (this.isTTY && this.#stream.columns) || undefined;
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  on(event: 'error', listener: (error: Error) => void): void {
    this.#listeners.push(listener);
    this.#known?.on(event, listener);
  }
}
