import { asPlumblineError, type ErrorCode, PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly says: (location: string) => string;
  readonly hint: (location: string) => string;
}

const busy: Meaning = {
  code: 'STORE_BUSY',
  says: (location) => `another process kept the database ${location} locked`,
  hint: (location) => `try again; if it stays locked, find who holds it with: fuser ${location}`,
};

const damaged: Meaning = {
  code: 'STORE_DAMAGED',
  says: (location) => `the database ${location} is damaged or is no database`,
  hint: (location) =>
    `stop plumbline, then put a backup in its place: cp BACKUP ${location} && rm -f ${location}-wal ${location}-shm`,
};

const unreachable: Meaning = {
  code: 'STORE_UNREACHABLE',
  says: (location) => `the database ${location} cannot be opened, read or written`,
  hint: (location) =>
    `check that it is a file, that this user may write it and its folder, and that the disk is sound: ls -ld ${location}*`,
};

const meanings: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: busy,
  SQLITE_LOCKED: busy,
  SQLITE_PROTOCOL: busy,
  SQLITE_FULL: {
    code: 'STORE_FULL',
    says: (location) => `there is no room on the disk of the database ${location}`,
    hint: () => 'free or add space on that disk; nothing is lost and the next try goes on',
  },
  SQLITE_CORRUPT: damaged,
  SQLITE_NOTADB: damaged,
  SQLITE_CANTOPEN: unreachable,
  SQLITE_READONLY: unreachable,
  SQLITE_IOERR: unreachable,
  SQLITE_PERM: unreachable,
  SQLITE_AUTH: unreachable,
};

/** What to do about a broken rule of the schema, by the words SQLite starts its message with. */
const constraintHints: readonly (readonly [RegExp, string])[] = [
  [/^UNIQUE/, 'another record has this value already; change one of the two'],
  [/^FOREIGN KEY/, 'apply what it refers to first, or delete what refers to it first'],
  [/^NOT NULL/, 'give the field a value'],
];

/**
 * An error as it may leave the store: ours as it is, the driver's with a code of the catalogue.
 * Anything else was thrown by the work itself and passes unchanged.
 */
export function asStoreError(error: unknown, location: string): unknown {
  const code = driverCode(error);
  if (code === undefined) return error;
  const cause = error as Error;
  if (code === 'SQLITE_CONSTRAINT') return rejected(cause);
  const meaning = meanings[code];
  if (meaning === undefined) return asPlumblineError(cause);
  const place = escapeUntrusted(location);
  return new PlumblineError(meaning.code, meaning.says(place), {
    hint: meaning.hint(place),
    cause,
  });
}

/** `SQLITE_BUSY` and the like; undefined for what is no driver error. */
export function driverCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_')
    ? error.code
    : undefined;
}

/** Names the constraint; the message never carries a bound value, only names of tables and columns. */
function rejected(cause: Error): PlumblineError {
  const reason = cause.message.slice(cause.message.lastIndexOf('SQLITE_CONSTRAINT: ') + 19);
  const hint = constraintHints.find(([words]) => words.test(reason))?.[1];
  return new PlumblineError('RECORD_REJECTED', `the database refuses this: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
