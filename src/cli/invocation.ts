import { PlumblineError } from '../lib/errors.ts';
import type { LogStream } from '../lib/log-line.ts';

/** What a command is given: words and options as typed, and the outside to talk to. */
export interface Invocation {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly terminal: Terminal;
}

/** Where results and everything else go. Results are for pipes, the rest is for the person. */
export interface Terminal {
  /** A result, as it stands. */
  out(text: string): void;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** Where log lines go. */
  readonly log: LogStream;
  /** Whether a person watches standard error and wants to know how long work goes on. */
  readonly watched: boolean;
  /** Whether results may be coloured. */
  readonly colour: boolean;
  /** Columns of the screen that results go to; undefined where it is no screen, so that nothing is cut. */
  readonly width: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** Fires when the person or the system asks the command to end. */
  readonly signal: AbortSignal;
}

/** The one thing a command's file exports. */
export interface Command {
  /** Resolves to the exit status, as the contract in README lists them. */
  run(invocation: Invocation): Promise<number>;
}

export function textOption(invocation: Invocation, name: string): string | undefined {
  const value = invocation.options[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOption(invocation: Invocation, name: string): readonly string[] {
  const value = invocation.options[name];
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
}

export function flag(invocation: Invocation, name: string): boolean {
  return invocation.options[name] === true;
}

/** The number that an option was given. Throws USAGE. */
export function countOption(invocation: Invocation, name: string): number | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new PlumblineError('USAGE', `--${name} takes a whole number from 1`, {
    hint: `for example: --${name} 100`,
  });
}
