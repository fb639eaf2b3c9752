import { PlumblineError } from './errors.ts';

/** A place in a list as the caller hands it back; what is in it is nobody else's business. */
export function cursorOf(position: readonly string[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The place that a cursor means, of so many texts. Throws REQUEST_INVALID for what was never one. */
export function positionAt(cursor: string, length: number): readonly string[] {
  const position = parsed(Buffer.from(cursor, 'base64url').toString());
  if (
    Array.isArray(position) &&
    position.length === length &&
    position.every((it) => typeof it === 'string')
  )
    return position;
  throw new PlumblineError('REQUEST_INVALID', 'the query is not right: there is no such cursor', {
    hint: 'give back next of the page before as it is',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
