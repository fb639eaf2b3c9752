import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Why a file could not be taken. `changed`: it is not what it was a moment ago; look again. */
export type Trouble = 'link' | 'special' | 'unreadable' | 'large' | 'changed';

export type FileContent =
  | { readonly bytes: Buffer; readonly stat: BigIntStats }
  | { readonly trouble: Trouble; readonly size?: bigint };

/** Without following a link at the end of the path, and without waiting for the other end of a pipe. */
const flags =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | (constants.O_NOCTTY ?? 0);

/** The bytes of a regular file of at most so many bytes. It never blocks and never throws. */
export async function readRegularFile(path: string, limit: number): Promise<FileContent> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, flags);
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return { trouble: 'special' };
    if (stat.size > BigInt(limit)) return { trouble: 'large', size: stat.size };
    const bytes = await readAll(file, Number(stat.size));
    const after = await file.stat({ bigint: true });
    if (bytes === undefined || !sameMoment(stat, after)) return { trouble: 'changed' };
    return { bytes, stat };
  } catch (error) {
    return { trouble: troubleOf(error) };
  } finally {
    await file?.close();
  }
}

async function readAll(file: FileHandle, size: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return bytes;
}

/** True where nothing was written to the file between the two. */
export function sameMoment(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

export function troubleOf(error: unknown): Trouble {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'changed';
  if (code === 'ELOOP') return 'link';
  if (code === 'ENXIO') return 'special';
  return 'unreadable';
}
