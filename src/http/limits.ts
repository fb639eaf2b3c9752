/** What one caller may take of the process; times in milliseconds, sizes in bytes. */
export interface HttpLimits {
  readonly headersTime: number;
  readonly requestTime: number;
  readonly connections: number;
  readonly headerSize: number;
  readonly bodySize: number;
  /** Of a body that holds manifests. */
  readonly manifestSize: number;
  /** Requests of one address in a window, probes aside. */
  readonly requests: number;
  readonly window: number;
  /** How long a caller waits for what is computed, such as a plan. */
  readonly answerTime: number;
  /** Event streams at the same time. */
  readonly streams: number;
  /** What may wait for the reader of a stream before the stream is closed. */
  readonly streamBacklog: number;
  /** From one sign of life on a quiet stream to the next. */
  readonly heartbeat: number;
}

export const httpLimits: HttpLimits = {
  headersTime: 10_000,
  requestTime: 15_000,
  connections: 256,
  headerSize: 8 * 1024,
  bodySize: 64 * 1024,
  manifestSize: 1024 * 1024,
  requests: 6000,
  window: 60_000,
  answerTime: 60_000,
  streams: 16,
  streamBacklog: 1024 * 1024,
  heartbeat: 15_000,
};
