import type { Held } from '../plan/approval.ts';
import type { Plan, Summary } from '../plan/change.ts';
import type { SnapshotFile } from '../source/source.ts';
import type { Approved } from './approve.ts';
import type { Work } from './work.ts';

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
  | 'command'
  | 'endpoint';

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
    readonly work: Work;
  };
  /** What waits for a person, a time or a record, and why. */
  readonly held?: Held;
  /**
   * The ids of the requests that runs have answered, the newest last; so many of them that a client that
   * polls meets its own.
   */
  readonly requests: readonly string[];
  /** Failed tries in a row. */
  readonly failures: number;
  /** When the next try is due, where one is planned. */
  readonly nextRunAt?: string;
}

/** A run that begins. */
export interface RunStart {
  readonly source: string;
  readonly trigger: Trigger;
  /** ISO 8601. */
  readonly at: string;
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
  /**
   * What a run of a source would do now; it writes nothing. Throws SOURCE_UNKNOWN, and what keeps the source
   * from being read.
   */
  plan(source: string): Promise<Plan>;
  /** How the records differ from what a source last applied. Throws SOURCE_UNKNOWN. */
  drift(source: string): Promise<Plan>;
  /**
   * Approves the held changes of a plan, named by the beginning of its id, and has its source looked at.
   * Throws USAGE, PLAN_UNKNOWN, PLAN_STALE and what keeps a source from being read.
   */
  approve(plan: string, actor: string): Promise<Approved>;
  /**
   * The bytes of a file that a source had, where it still has them; undefined also for a source that is not
   * there.
   */
  recall(
    source: string,
    file: Pick<SnapshotFile, 'path' | 'blob'>,
  ): Promise<Uint8Array | undefined>;
  /** Called before every run; returns the function that ends the subscription. */
  onStart(listener: (start: RunStart) => void): () => void;
  /** Called after every finished run; returns the function that ends the subscription. */
  onRun(listener: (status: SourceStatus) => void): () => void;
}
