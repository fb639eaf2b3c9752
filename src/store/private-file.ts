import { randomUUID } from 'node:crypto';
import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlumblineError } from '../lib/errors.ts';
import { makeFolder } from '../lib/folder.ts';
import { escapeUntrusted } from '../lib/terminal.ts';

/** An empty file with mode 0600, in a folder made on demand; one that is there already stays as it is. */
export async function createPrivateFile(path: string): Promise<void> {
  try {
    makeFolder(dirname(path), 0o700);
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, error);
  }
}

/** A file with mode 0600 that appears with all of its content or not at all. */
export async function writeByRename(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** What to tell of a file beside the database, or of its folder, that the file system refuses. */
export function fileError(path: string, cause: unknown): PlumblineError {
  const { code } = cause as NodeJS.ErrnoException;
  const place = escapeUntrusted(path);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new PlumblineError('STORE_FULL', `there is no room on the disk for ${place}`, {
      hint: 'free or add space on that disk; nothing is lost and the next try goes on',
      cause,
    });
  return new PlumblineError('STORE_UNREACHABLE', `${place} cannot be read or written (${code})`, {
    hint: `check the path and that this user may write there: ls -ld ${place}`,
    cause,
  });
}
