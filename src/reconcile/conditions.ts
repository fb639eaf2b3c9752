import type { SourceStatus } from './status.ts';

/** One thing that holds of a source or does not, and why. */
export interface Condition {
  readonly type: 'Ready' | 'Converged';
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word for machines. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
  /** ISO 8601; absent where nobody remembers. */
  readonly since?: string;
}

/** What holds of a source: whether it was looked at once, and whether the records are as it says. */
export function conditionsOf({ ready, outcome, message, since }: SourceStatus): Condition[] {
  return [
    ready
      ? {
          type: 'Ready',
          status: 'True',
          reason: 'looked',
          message: 'a complete pass has been made since the process started',
        }
      : {
          type: 'Ready',
          status: 'False',
          reason: 'waiting',
          message: 'no complete pass has been made since the process started',
        },
    {
      type: 'Converged',
      status: outcome === 'pending' ? 'Unknown' : outcome === 'converged' ? 'True' : 'False',
      reason: outcome,
      message,
      since,
    },
  ];
}
