import { diagnosticJson } from '../lib/diagnostic.ts';
import type { PlumblineError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { apiVersion } from '../manifest/manifest.ts';
import type { Verb } from './verbs.ts';

/** What a verb of a broker comes to; what it does not come to is a PlumblineError. */
export interface Answer {
  readonly verb: Verb;
  /** Name of the kind. */
  readonly thing: string;
  /** Whether anything was written. */
  readonly changed: boolean;
  readonly data: JsonObject;
  /** A sentence for people. */
  readonly message: string;
}

/** What a request was about, as far as it was understood before it failed. */
export interface About {
  readonly verb?: Verb | undefined;
  readonly thing?: string | undefined;
}

/** An answer in the envelope of the reference platform; `data` is left out where there is none. */
export function successEnvelope({ verb, thing, changed, data, message }: Answer): JsonObject {
  return {
    ...(Object.keys(data).length === 0 ? {} : { data }),
    message,
    api: apiVersion,
    metadata: { command: verb, thing, changed },
  };
}

/**
 * An error in the envelope of the reference platform, with our code, hint and problems besides. What
 * its client reads at the top stands there too. There is never a stack trace or a cause: those keys
 * exist there for their readers, and are null.
 */
export function errorEnvelope(error: PlumblineError, { verb, thing }: About = {}): JsonObject {
  const { code, hint, problems, httpStatus: status } = error;
  const command = verb ?? null;
  const context = `thing=${thing ?? ''}, command=${verb ?? ''}`;
  const description = hint === undefined ? error.message : `${error.message} (${hint})`;
  return {
    error: {
      errorClass: errorClasses[status] ?? (status < 500 ? 'SAMBrokerError' : internal),
      stacktrace: null,
      description,
      status,
      args: null,
      cause: null,
      context,
      thing: thing ?? null,
      command,
      code,
      hint: hint ?? null,
      problems: problems.map((it) => diagnosticJson(it) as JsonObject),
    },
    description,
    context,
    status,
    api: apiVersion,
    metadata: { command, thing: thing ?? null },
  };
}

const internal = 'SAMBrokerInternalError';

/** What the reference platform calls an error, by the status it has here. */
const errorClasses: Readonly<Record<number, string>> = {
  400: 'SAMBadRequestError',
  404: 'SAMBrokerErrorNotFound',
  405: 'SAMBrokerReadOnlyError',
  422: 'SAMValidationError',
  501: 'SAMBrokerErrorNotImplemented',
  503: 'SAMBrokerErrorNotReady',
};
