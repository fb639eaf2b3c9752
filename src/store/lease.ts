import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { PlumblineError } from '../lib/errors.ts';
import { isObject } from '../lib/json.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { closeHandle, openHandle, perform } from './driver.ts';
import { asStoreError, driverCode } from './driver-error.ts';
import { createPrivateFile, writeByRename } from './private-file.ts';

/** Who converges a database. */
export interface Holder {
  /** As a person typed it. */
  readonly command: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** The right to be the only process that converges a database. */
export interface Lease {
  release(): Promise<void>;
}

/** How long a process that is just ending gets, in milliseconds. */
const patience = 1000;

/**
 * Takes the lease of a database file. It is a lock of the operating system, held by a second SQLite
 * file beside it: a holder that is killed frees it at once, one that is merely paused keeps it, and
 * nothing ever has to be cleaned up by hand. Throws STORE_LEASED, naming the holder.
 */
export async function acquireLease(path: string, holder: Holder): Promise<Lease> {
  const lockFile = `${path}.lock`;
  await createPrivateFile(lockFile);
  const handle = await openHandle(lockFile, 'write').catch((error: unknown) => {
    throw asStoreError(error, lockFile);
  });
  try {
    await perform(handle, [`PRAGMA busy_timeout = ${patience}`, 'BEGIN EXCLUSIVE']);
    await writeByRename(holderFile(path), `${JSON.stringify(holder)}\n`);
  } catch (error) {
    await closeHandle(handle);
    throw driverCode(error) === 'SQLITE_BUSY' ? await leased(path) : asStoreError(error, lockFile);
  }
  return {
    release: async () => {
      await rm(holderFile(path), { force: true });
      await closeHandle(handle);
    },
  };
}

/** Whether somebody has the lease of a database file, or was killed while having it. It waits for nobody. */
export function hasHolder(path: string): boolean {
  return existsSync(holderFile(path));
}

/** Beside the lock, because under an exclusive lock nobody else can read the file that holds it. */
function holderFile(path: string): string {
  return `${path}.holder.json`;
}

async function leased(path: string): Promise<PlumblineError> {
  const place = escapeUntrusted(path);
  const holder = await readHolder(path);
  if (holder === undefined)
    return new PlumblineError('STORE_LEASED', `another process works on ${place}`, {
      hint: `stop it; find it with: fuser ${place}.lock`,
    });
  const { command, host, pid, since } = holder;
  const stop = `kill ${Number(pid)}, on ${escapeUntrusted(String(host))}`;
  // A daemon does by itself what the command was typed for, and is better left alive.
  const isDaemon = command === 'plumbline run';
  return new PlumblineError(
    'STORE_LEASED',
    escapeUntrusted(`'${command}' works on ${path}: process ${pid} on ${host}, since ${since}`),
    {
      hint: isDaemon
        ? `leave it to that daemon, which looks again by itself; or stop it first: ${stop}`
        : `wait for its end, or stop it first: ${stop}`,
    },
  );
}

/** Undefined where the holder has not said who it is, or has just gone. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const said: unknown = JSON.parse(await readFile(holderFile(path), 'utf8'));
    return isObject(said) ? (said as unknown as Holder) : undefined;
  } catch {
    return undefined;
  }
}
