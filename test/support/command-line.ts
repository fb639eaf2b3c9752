import { main } from '../../src/cli/cli.ts';
import type { Terminal } from '../../src/cli/invocation.ts';

/** What a command printed and how it ended. */
export interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly width?: number | undefined;
  /** Whether a person watches standard error. */
  readonly watched?: boolean;
  /** Called with everything written to standard error, as it comes. */
  readonly onErr?: (text: string) => void;
}

/** Runs one command line in this process, in a folder and with an environment of its own. */
export async function plumbline(
  words: readonly string[],
  { folder, environment = {}, signal, width = 100, watched = false, onErr }: Surroundings,
): Promise<Ended> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      onErr?.(text);
    },
    log: {
      writableLength: 0,
      write: (text) => terminal.err(text),
      on: () => undefined,
    },
    watched,
    colour: false,
    width,
    environment,
    workingFolder: folder,
    signal: signal ?? new AbortController().signal,
  };
  const exit = await main(words, terminal);
  return { exit, out, err };
}
