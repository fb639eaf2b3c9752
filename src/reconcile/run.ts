import { PlumblineError } from '../lib/errors.ts';
import type { Commit } from '../source/source.ts';
import type { Trigger } from './status.ts';

/** Whose run it is; every row it writes says so. */
export interface Run {
  readonly id: string;
  readonly trigger: string;
  readonly actor: string;
  /** Undefined for a person's command: records stay owned by nobody. */
  readonly source: string | undefined;
  readonly revision: string;
  /** Who made the revision, for one of a Git source. */
  readonly commit?: Commit | undefined;
  /** What the run has seen of the live counter, its own writes included. */
  counter: number;
}

/** A run over one source. The revision is empty until it is known. */
export interface SourceRun extends Run {
  readonly source: string;
  readonly trigger: Trigger;
  /** ISO 8601, for people. */
  readonly startedAt: string;
  /** Milliseconds of monotonic time, for durations. */
  readonly startedMs: number;
  revision: string;
  commit?: Commit | undefined;
}

/** Why something of a run was not done: somebody stopped the process. */
export function runStopped(cause?: unknown): PlumblineError {
  return new PlumblineError('RUN_STOPPED', 'the run was stopped before its end', {
    hint: 'run it again: what is applied stays, and the rest follows',
    cause,
  });
}
