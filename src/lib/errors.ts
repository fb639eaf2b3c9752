import type { Diagnostic } from './diagnostic.ts';

/**
 * Every failure a person can meet has one row here. A code is public and keeps its meaning for good;
 * wording may improve at any time, so nothing ever matches on a message.
 *
 * `exit` is the exit status of a command that ends on it, `httpStatus` the answer of a route,
 * `retry` whether trying again without a change by a person can help; `person` where everything waits,
 * untouched, for somebody to say that it is meant.
 */
const catalogue = {
  USAGE: { exit: 64, httpStatus: 400, retry: 'never' },
  INTERNAL: { exit: 1, httpStatus: 500, retry: 'never' },
  CONFIG_MISSING: { exit: 1, httpStatus: 500, retry: 'never' },
  CONFIG_INVALID: { exit: 1, httpStatus: 500, retry: 'never' },

  MANIFEST_ENCODING: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_SYNTAX: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_LIMIT: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_FORBIDDEN: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_DUPLICATE_KEY: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_API_VERSION: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_UNKNOWN_KIND: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_UNKNOWN_KEY: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_LEGACY_KEY: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_MISSING_KEY: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_WRONG_TYPE: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_BAD_VALUE: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_BAD_NAME: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_DUPLICATE: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_UNKNOWN_REFERENCE: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_CONFLICT: { exit: 1, httpStatus: 409, retry: 'never' },
  MANIFEST_NOT_ALLOWED: { exit: 1, httpStatus: 403, retry: 'never' },
  MANIFEST_NONE: { exit: 1, httpStatus: 422, retry: 'never' },
  MANIFEST_ADVICE: { exit: 1, httpStatus: 422, retry: 'never' },

  SECRET_UNAVAILABLE: { exit: 1, httpStatus: 422, retry: 'backoff' },
  SECRET_KEY: { exit: 1, httpStatus: 500, retry: 'never' },

  FILE_LINK: { exit: 1, httpStatus: 422, retry: 'never' },
  FILE_SPECIAL: { exit: 1, httpStatus: 422, retry: 'never' },
  FILE_UNREADABLE: { exit: 1, httpStatus: 422, retry: 'backoff' },
  FILE_TOO_LARGE: { exit: 1, httpStatus: 422, retry: 'never' },
  FILE_NAME: { exit: 1, httpStatus: 422, retry: 'never' },
  FILE_QUARANTINED: { exit: 1, httpStatus: 422, retry: 'never' },
  FILE_NOT_TEXT: { exit: 1, httpStatus: 422, retry: 'never' },

  SOURCE_UNREACHABLE: { exit: 1, httpStatus: 502, retry: 'backoff' },
  SOURCE_DENIED: { exit: 1, httpStatus: 502, retry: 'backoff' },
  SOURCE_TIMEOUT: { exit: 1, httpStatus: 504, retry: 'backoff' },
  SOURCE_NOT_FOUND: { exit: 1, httpStatus: 502, retry: 'backoff' },
  SOURCE_DAMAGED: { exit: 1, httpStatus: 502, retry: 'backoff' },
  SOURCE_UNSTABLE: { exit: 1, httpStatus: 503, retry: 'backoff' },
  SOURCE_REFUSED: { exit: 1, httpStatus: 422, retry: 'never' },
  SOURCE_LIMIT: { exit: 1, httpStatus: 422, retry: 'never' },
  SOURCE_REWRITTEN: { exit: 3, httpStatus: 409, retry: 'person' },
  SOURCE_UNVERIFIED: { exit: 3, httpStatus: 409, retry: 'person' },
  SOURCE_UNKNOWN: { exit: 1, httpStatus: 404, retry: 'never' },

  PLAN_UNKNOWN: { exit: 1, httpStatus: 404, retry: 'never' },
  PLAN_STALE: { exit: 1, httpStatus: 409, retry: 'never' },

  CHANGE_HELD: { exit: 3, httpStatus: 409, retry: 'person' },
  CHANGE_BLOCKED: { exit: 1, httpStatus: 409, retry: 'never' },

  RUN_STOPPED: { exit: 1, httpStatus: 503, retry: 'backoff' },

  STORE_BUSY: { exit: 1, httpStatus: 503, retry: 'backoff' },
  STORE_FULL: { exit: 1, httpStatus: 503, retry: 'backoff' },
  STORE_UNREACHABLE: { exit: 1, httpStatus: 503, retry: 'backoff' },
  STORE_LEASED: { exit: 1, httpStatus: 409, retry: 'backoff' },
  STORE_DAMAGED: { exit: 70, httpStatus: 500, retry: 'never' },
  STORE_FOREIGN: { exit: 70, httpStatus: 500, retry: 'never' },
  STORE_NEWER: { exit: 70, httpStatus: 500, retry: 'never' },
  STORE_OLDER: { exit: 1, httpStatus: 500, retry: 'never' },

  RECORD_NOT_FOUND: { exit: 1, httpStatus: 404, retry: 'never' },
  RECORD_EXISTS: { exit: 1, httpStatus: 409, retry: 'never' },
  RECORD_STALE: { exit: 1, httpStatus: 409, retry: 'backoff' },
  RECORD_OWNED: { exit: 1, httpStatus: 409, retry: 'never' },
  RECORD_PROTECTED: { exit: 1, httpStatus: 409, retry: 'never' },
  RECORD_NOT_DEPLOYED: { exit: 1, httpStatus: 409, retry: 'never' },
  RECORD_REJECTED: { exit: 1, httpStatus: 422, retry: 'never' },
  VERB_NOT_IMPLEMENTED: { exit: 1, httpStatus: 501, retry: 'never' },

  TOKEN_ISSUED: { exit: 1, httpStatus: 409, retry: 'never' },
  TOKEN_NOT_ISSUED: { exit: 1, httpStatus: 409, retry: 'never' },

  ENDPOINT_UNREACHABLE: { exit: 1, httpStatus: 502, retry: 'backoff' },
  ENDPOINT_TIMEOUT: { exit: 1, httpStatus: 504, retry: 'backoff' },
  ENDPOINT_REFUSED: { exit: 1, httpStatus: 502, retry: 'backoff' },
  ENDPOINT_ANSWER: { exit: 1, httpStatus: 502, retry: 'backoff' },
  ENDPOINT_PENDING: { exit: 1, httpStatus: 503, retry: 'backoff' },

  EXPORT_REFUSED: { exit: 1, httpStatus: 409, retry: 'never' },
  LISTEN_FAILED: { exit: 1, httpStatus: 500, retry: 'never' },

  REQUEST_INVALID: { exit: 1, httpStatus: 400, retry: 'never' },
  REQUEST_UNAUTHENTICATED: { exit: 1, httpStatus: 401, retry: 'never' },
  REQUEST_REFUSED: { exit: 1, httpStatus: 403, retry: 'never' },
  REQUEST_NOT_FOUND: { exit: 1, httpStatus: 404, retry: 'never' },
  REQUEST_METHOD: { exit: 1, httpStatus: 405, retry: 'never' },
  REQUEST_TIMEOUT: { exit: 1, httpStatus: 408, retry: 'backoff' },
  REQUEST_TOO_LARGE: { exit: 1, httpStatus: 413, retry: 'never' },
  REQUEST_TOO_MANY: { exit: 1, httpStatus: 429, retry: 'backoff' },
} as const satisfies Record<
  string,
  { exit: number; httpStatus: number; retry: 'never' | 'backoff' | 'person' }
>;

export type ErrorCode = keyof typeof catalogue;

/** Every code of the catalogue, in its order. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

/** A place in a file; line and column are counted from one, the column in characters. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorDetail {
  /** What to try next, in the imperative. */
  readonly hint?: string;
  readonly place?: Place;
  readonly cause?: unknown;
  /** Everything that is wrong, where the failure stands for several problems of a file. */
  readonly problems?: readonly Diagnostic[];
  readonly approvable?: Approvable;
}

/** What a person can approve so that what has failed goes on: the id to name, and the revision it is about. */
export interface Approvable {
  readonly plan: string;
  readonly revision: string;
}

/** A failure that ends a run or a command. What is wrong inside a watched file is a Diagnostic instead. */
export class PlumblineError extends Error {
  override readonly name = 'PlumblineError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly problems: readonly Diagnostic[];
  readonly approvable: Approvable | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
    this.place = detail.place;
    this.problems = detail.problems ?? [];
    this.approvable = detail.approvable;
  }

  get exit(): number {
    return catalogue[this.code].exit;
  }

  get httpStatus(): number {
    return catalogue[this.code].httpStatus;
  }

  get retry(): 'never' | 'backoff' | 'person' {
    return catalogue[this.code].retry;
  }

  /** What leaves the process: never the stack, never the cause, which may carry credentials. */
  toJSON(): Record<string, unknown> {
    return { code: this.code, message: this.message, hint: this.hint, place: this.place };
  }
}

/** The error itself when it is ours, else an INTERNAL one that keeps the original as its cause, for the log only. */
export function asPlumblineError(error: unknown): PlumblineError {
  if (error instanceof PlumblineError) return error;
  return new PlumblineError('INTERNAL', 'something went wrong that has no name yet', {
    hint: 'run the command again with --log-level debug and report what the log says',
    cause: error,
  });
}
