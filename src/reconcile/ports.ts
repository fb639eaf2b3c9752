import type { Brokers } from '../broker/brokers.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import type { LocalVault } from '../kinds/secret/local-vault.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/time.ts';
import type { Policy } from '../plan/change.ts';
import type { Source } from '../source/source.ts';
import type { Database } from '../store/database.ts';
import type { ParseMarks } from '../store/parse-marks.ts';

/** Everything a run needs of the outside. */
export interface Ports {
  readonly database: Database;
  readonly brokers: Brokers;
  readonly endpoint: Endpoint;
  readonly vault: LocalVault;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds that entries of the journal are kept; 0 for ever. */
  readonly journalKept: number;
  readonly marks: ParseMarks;
  /** Milliseconds that a deleted record can be restored. */
  readonly trashKept: number;
  /** Of Plumbline itself: a new version looks at everything again. */
  readonly version: string;
}

/** A source with what it may do. */
export interface Target {
  readonly source: Source;
  readonly account: string;
  readonly policy: Policy;
  /** The other sources of the account, to which what leaves here may go. */
  readonly neighbours?: readonly Source[];
}
