import type { Summary } from '../plan/change.ts';

/** How the last run over a source ended. `pending` until the first one has. */
export type Outcome =
  | 'pending'
  | 'converged'
  | 'drifted'
  | 'held'
  | 'retrying'
  | 'stalled'
  | 'suspended';

/** Why a run started. */
export type Trigger =
  | 'start'
  | 'interval'
  | 'schedule'
  | 'file'
  | 'webhook'
  | 'signal'
  | 'request'
  | 'command';

/** The present state of one source, for health, metrics and people. Times are ISO 8601. */
export interface SourceStatus {
  readonly name: string;
  /** For people, without credentials. */
  readonly location: string;
  readonly outcome: Outcome;
  /** A sentence that says why. */
  readonly message: string;
  /** Since when the outcome is what it is. */
  readonly since: string;
  /** True once a complete pass has been made since the process started. */
  readonly ready: boolean;
  readonly revision?: string;
  readonly lastRun?: {
    readonly id: string;
    readonly trigger: Trigger;
    readonly startedAt: string;
    readonly milliseconds: number;
    readonly summary: Summary;
    readonly errors: number;
  };
  /** The ids of the requests that runs have answered, the newest last; so many of them that a client that polls meets its own. */
  readonly requests: readonly string[];
  /** Failed tries in a row. */
  readonly failures: number;
  /** When the next try is due, where one is planned. */
  readonly nextRunAt?: string;
}

/** What a listener may ask of the running daemon. */
export interface Daemon {
  status(): readonly SourceStatus[];
  /**
   * Asks for a run of one source, or of all; returns the request's id, which the status of each source
   * repeats in `requests` once done. Throws SOURCE_UNKNOWN.
   */
  request(source?: string): string;
  /** Says that a source may have moved: it is looked at soon, however often this is said. Throws SOURCE_UNKNOWN. */
  hint(source: string): void;
  /** Called after every finished run; returns the function that ends the subscription. */
  onRun(listener: (status: SourceStatus) => void): () => void;
}
