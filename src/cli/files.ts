import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { sha256 } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { Clock } from '../lib/time.ts';
import { yamlLimits } from '../lib/yaml.ts';
import { DirectorySource } from '../source/directory.ts';
import type { Terminal } from './invocation.ts';

/** Files a person named on the command line, ready to be read. */
export interface NamedFiles {
  readonly count: number;
  readonly problems: readonly Diagnostic[];
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  read(): AsyncIterable<{
    readonly file: { path: string; blob: string };
    readonly bytes: Uint8Array;
  }>;
}

type Read = NamedFiles['read'];

/**
 * Looks up the paths: a file is taken whatever its name, a folder as a directory source would take
 * it, `-` is standard input. Throws USAGE for a path that is not there.
 */
export async function openFiles(
  paths: readonly string[],
  terminal: Terminal,
  clock: Clock,
  verb: string,
): Promise<NamedFiles> {
  const reads: Read[] = [];
  const problems: Diagnostic[] = [];
  const ignored: { path: string; reason: string }[] = [];
  let count = 0;
  for (const path of paths) {
    if (path === '-') {
      reads.push(() => readStandardInput());
      count += 1;
      continue;
    }
    const full = resolve(terminal.workingFolder, path);
    if (await isFolder(full, path, verb)) {
      const snapshot = await new DirectorySource({ name: verb, root: full, clock }).fetch(
        terminal.signal,
      );
      const shown = (name: string) => join(path, name);
      problems.push(...snapshot.problems.map((it) => ({ ...it, file: shown(it.file) })));
      ignored.push(...snapshot.ignored.map((it) => ({ ...it, path: shown(it.path) })));
      count += snapshot.files.length;
      reads.push(async function* () {
        for await (const { file, bytes } of snapshot.read(snapshot.files))
          yield { file: { path: shown(file.path), blob: file.blob }, bytes };
      });
    } else {
      count += 1;
      reads.push(async function* () {
        const bytes = await readNamed(full, path);
        yield { file: { path, blob: sha256(bytes) }, bytes };
      });
    }
  }
  return {
    count,
    problems,
    ignored,
    read: async function* () {
      for (const read of reads) yield* read();
    },
  };
}

async function isFolder(full: string, path: string, verb: string): Promise<boolean> {
  try {
    return (await stat(full)).isDirectory();
  } catch (cause) {
    throw new PlumblineError('USAGE', `there is no file or folder ${path}`, {
      hint: `name one that exists: plumbline ${verb} PATH`,
      cause,
    });
  }
}

/** Opened without waiting for a writer, so that a pipe with a manifest's name cannot hang the command. */
async function readNamed(full: string, path: string): Promise<Uint8Array> {
  const handle = await open(full, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => {
    throw new PlumblineError('FILE_UNREADABLE', `cannot read ${path}`, {
      hint: 'check who may read it',
      place: { file: path },
      cause,
    });
  });
  try {
    const { size, isFile } = await handle
      .stat()
      .then((it) => ({ size: it.size, isFile: it.isFile() }));
    if (!isFile)
      throw new PlumblineError('FILE_SPECIAL', `${path} is no ordinary file`, {
        place: { file: path },
      });
    if (size > yamlLimits.bytes)
      throw new PlumblineError(
        'FILE_TOO_LARGE',
        `${path} has more than ${yamlLimits.bytes} bytes`,
        {
          place: { file: path },
        },
      );
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function* readStandardInput(): ReturnType<Read> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > yamlLimits.bytes)
      throw new PlumblineError(
        'FILE_TOO_LARGE',
        `standard input has more than ${yamlLimits.bytes} bytes`,
      );
  }
  const bytes = Buffer.concat(chunks);
  yield { file: { path: 'standard input', blob: sha256(bytes) }, bytes };
}
