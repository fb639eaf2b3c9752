import type { Diagnostic } from '../lib/diagnostic.ts';
import { type ErrorCode, PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';

/** How much of a source is taken. Above `files` or `totalBytes` there is no snapshot at all. */
export interface SourceLimits {
  /** How many candidates a snapshot may hold. */
  readonly files: number;
  /** The size of one candidate, in bytes; a larger one is a problem of that file alone. */
  readonly fileBytes: number;
  /** The size of all candidates together, in bytes. */
  readonly totalBytes: number;
}

export const defaultLimits: SourceLimits = {
  files: 200_000,
  fileBytes: 1_048_576,
  totalBytes: 536_870_912,
};

/** What a path is to us: a file that may hold manifests, or something passed over, and from where down. */
export type Standing =
  | { readonly candidate: true }
  | { readonly candidate: false; readonly path: string; readonly reason: string };

const manifestName = /\.(?:ya?ml|json)$/i;
const editorLeftover = /~$|\.(?:bak|orig|sw[a-p])$|^#.*#$|^4913$/;
const otherExtension = /\.[a-z][a-z0-9]*$/i;

/** Judges by the name alone. A hidden folder is passed over once, as a whole. */
export function standingOf(path: string): Standing {
  const segments = path.split('/');
  const hidden = segments.findIndex((it) => it.startsWith('.'));
  if (hidden >= 0) {
    return { candidate: false, path: segments.slice(0, hidden + 1).join('/'), reason: 'hidden' };
  }
  const name = segments.at(-1) as string;
  if (editorLeftover.test(name)) return { candidate: false, path, reason: 'left by an editor' };
  if (!manifestName.test(name)) {
    return { candidate: false, path, reason: 'not .yaml, .yml or .json' };
  }
  return { candidate: true };
}

/**
 * Whether a link of this name may hide manifests: by its name it is one itself, or it may stand for a
 * folder. `CLAUDE.md` pointing to `AGENTS.md` is nobody's business.
 */
export function mayHideManifests(path: string): boolean {
  const standing = standingOf(path);
  if (standing.candidate) return true;
  return (
    standing.reason !== 'hidden' && !otherExtension.test(path.slice(path.lastIndexOf('/') + 1))
  );
}

/** True for a name that a person could not read off a screen, or that is not valid UTF-8. */
export function isUnreadableName(path: string): boolean {
  return path.includes('\ufffd') || escapeUntrusted(path) !== path;
}

/** A problem of one file. The file's name goes into `file` as it is: printing is what escapes. */
export function fileProblem(
  code: ErrorCode,
  file: string,
  message: string,
  hint: string,
): Diagnostic {
  return { severity: 'error', code, file, message, hint };
}

export function nameProblem(file: string): Diagnostic {
  return fileProblem(
    'FILE_NAME',
    file,
    'the name holds control, invisible or invalid characters',
    'rename it; letters, digits, hyphen, underscore and dot are safe',
  );
}

export function linkProblem(file: string): Diagnostic {
  return fileProblem(
    'FILE_LINK',
    file,
    'is a link, and links are never followed',
    'put the file or folder itself here, or move the link out of the watched folder',
  );
}

export function sizeProblem(file: string, size: number | bigint, limits: SourceLimits): Diagnostic {
  return fileProblem(
    'FILE_TOO_LARGE',
    file,
    `has ${size} bytes; a manifest may have ${limits.fileBytes}`,
    'split the file, or move it out of the watched folder',
  );
}

export function tooMany(what: string, limit: number): PlumblineError {
  return new PlumblineError('SOURCE_LIMIT', `the source holds more than ${limit} ${what}`, {
    hint: "narrow the source's path, or raise its limit",
  });
}
