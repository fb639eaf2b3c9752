import { statSync } from 'node:fs';
import { ask, closeHandle, openHandle } from './driver.ts';
import { asStoreError, driverCode } from './driver-error.ts';
import { createPrivateFile, fileError } from './private-file.ts';

/** "PLMB": what the header of every database of ours says it belongs to. */
const applicationId = 0x504c4d42;

/*
 * The file of an open database is never opened with node:fs: closing it again would drop the locks
 * that SQLite holds on it in this process.
 */

/** True where there is no database yet: no file, or an empty one. Throws STORE_UNREACHABLE. */
export function isNew(path: string): boolean {
  try {
    return statSync(path).size === 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    throw fileError(path, error);
  }
}

/** Makes the file of a new database and marks it as ours; only its owner may read it. Throws STORE_ errors. */
export async function createDatabaseFile(path: string): Promise<void> {
  await createPrivateFile(path);
  try {
    const handle = await openHandle(path, 'write');
    try {
      await ask(handle, 'PRAGMA busy_timeout = 5000');
      await ask(handle, `PRAGMA application_id = ${applicationId}`);
    } finally {
      await closeHandle(handle);
    }
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/** True for the database of another program, by its header alone. Throws STORE_DAMAGED and STORE_UNREACHABLE. */
export async function isForeign(path: string): Promise<boolean> {
  const id = await readApplicationId(path);
  return id !== undefined && id !== applicationId;
}

/** Undefined where the header cannot be judged without the log beside it; opening the database then decides. */
async function readApplicationId(path: string): Promise<number | undefined> {
  try {
    const handle = await openHandle(path, 'probe');
    try {
      const [row] = await ask<{ application_id: number }>(handle, 'PRAGMA application_id');
      return row?.application_id;
    } finally {
      await closeHandle(handle);
    }
  } catch (error) {
    if (driverCode(error) === 'SQLITE_CORRUPT') return undefined;
    throw asStoreError(error, path);
  }
}
