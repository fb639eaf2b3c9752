import { PlumblineError } from '../lib/errors.ts';

/** The one sentence for a record that is not there. */
export function recordNotFound(kind: string, name: string): PlumblineError {
  return new PlumblineError('RECORD_NOT_FOUND', `there is no ${kind} named ${name.slice(0, 60)}`, {
    hint: `list them with 'plumbline get ${kind.toLowerCase()}'`,
  });
}
