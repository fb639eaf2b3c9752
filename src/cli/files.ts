import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { sha256 } from '../lib/digest.ts';
import { type ErrorCode, PlumblineError } from '../lib/errors.ts';
import { yamlLimits } from '../lib/yaml.ts';
import type { KindSet } from '../manifest/kind.ts';
import { type LoadResult, ManifestLoader } from '../manifest/load.ts';
import type { Vault } from '../manifest/secret-value.ts';
import { DirectorySource } from '../source/directory.ts';
import { readRegularFile, type Trouble } from '../source/regular-file.ts';
import type { Terminal } from './invocation.ts';
import { Progress } from './progress.ts';

export interface FilesOptions {
  readonly kinds: KindSet;
  readonly account: string;
  /** Absent where the values of secrets are none of the command's business. */
  readonly vault?: Vault;
  /** How a path is given to the command, for a hint: `plumbline apply -f PATH`. */
  readonly usage: string;
}

type Content = { readonly path: string; readonly bytes: Uint8Array };
type Passed = LoadResult['ignored'][number];

/** What the paths of a command line hold, a file at a time, and what of it cannot be taken. */
interface Found {
  readonly problems: Diagnostic[];
  readonly ignored: Passed[];
}

/**
 * Loads the manifests that a person names: a file is taken whatever its name, a folder as a directory
 * source would take it, `-` is standard input. What cannot be read is a problem of that file, and the
 * others go on. Throws USAGE for a path that is not there.
 */
export async function loadFiles(
  paths: readonly string[],
  { kinds, account, vault, usage }: FilesOptions,
  terminal: Terminal,
): Promise<LoadResult> {
  const loader = new ManifestLoader(kinds, account, vault);
  const found: Found = { problems: [], ignored: [] };
  const contents = contentsOf(paths, found, usage, terminal);
  const counted = new Progress(terminal).counted(contents, (it) => `${it} files read`);
  for await (const { path, bytes } of counted) loader.add({ path, blob: sha256(bytes) }, bytes);
  const loaded = loader.finish();
  return {
    ...loaded,
    problems: [...loaded.problems, ...found.problems],
    ignored: [...found.ignored, ...loaded.ignored],
  };
}

async function* contentsOf(
  paths: readonly string[],
  found: Found,
  usage: string,
  terminal: Terminal,
): AsyncGenerator<Content> {
  for (const path of paths) {
    if (path === '-') {
      yield* standardInput(found);
      continue;
    }
    const full = resolve(terminal.workingFolder, path);
    const what = await look(full, path, usage);
    if (typeof what === 'object') found.problems.push(what);
    else if (what === 'folder') yield* inFolder(full, path, found, terminal.signal);
    else yield* oneFile(full, path, found);
  }
}

/** What a path leads to, links followed, or why that cannot be learned. */
async function look(
  full: string,
  path: string,
  usage: string,
): Promise<'folder' | 'file' | Diagnostic> {
  try {
    return (await stat(full)).isDirectory() ? 'folder' : 'file';
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return troubleWith(path, 'unreadable');
    throw new PlumblineError('USAGE', `there is no file or folder ${path}`, {
      hint: `name one that exists: ${usage}`,
      cause,
    });
  }
}

async function* inFolder(
  full: string,
  path: string,
  { problems, ignored }: Found,
  signal: AbortSignal,
): AsyncGenerator<Content> {
  const shown = (name: string) => join(path, name);
  try {
    const folder = new DirectorySource({ name: 'of the command line', root: full });
    const snapshot = await folder.fetch(signal);
    problems.push(...snapshot.problems.map((it) => ({ ...it, file: shown(it.file) })));
    ignored.push(...snapshot.ignored.map((it) => ({ ...it, path: shown(it.path) })));
    for await (const { file, bytes } of snapshot.read(snapshot.files))
      yield { path: shown(file.path), bytes };
  } catch (error) {
    if (!(error instanceof PlumblineError) || signal.aborted) throw error;
    const { code, message, hint = 'name another folder' } = error;
    problems.push({ severity: 'error', code, file: path, message, hint });
  }
}

/** A link is followed: the person who names one means what it leads to. */
async function* oneFile(full: string, path: string, { problems }: Found): AsyncGenerator<Content> {
  const real = await realpath(full).catch(() => full);
  const content = await readRegularFile(real, yamlLimits.bytes);
  if ('bytes' in content) yield { path, bytes: content.bytes };
  else problems.push(troubleWith(path, content.trouble));
}

async function* standardInput({ problems }: Found): AsyncGenerator<Content> {
  const path = 'standard input';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > yamlLimits.bytes) {
      problems.push(troubleWith(path, 'large'));
      return;
    }
    chunks.push(chunk);
  }
  yield { path, bytes: Buffer.concat(chunks) };
}

const reasons: Readonly<Record<Trouble, readonly [ErrorCode, string, string]>> = {
  link: ['FILE_LINK', 'is a link that leads nowhere', 'name the file itself'],
  special: [
    'FILE_SPECIAL',
    'is a pipe, socket or device, not a file',
    "name a file, or '-' to read standard input",
  ],
  unreadable: ['FILE_UNREADABLE', 'cannot be read', 'check the path and who may read it'],
  large: [
    'FILE_TOO_LARGE',
    `has more than ${yamlLimits.bytes} bytes`,
    'split it: a manifest is never so large',
  ],
  changed: ['FILE_UNREADABLE', 'changed while it was read', 'run the command again'],
};

function troubleWith(file: string, trouble: Trouble): Diagnostic {
  const [code, message, hint] = reasons[trouble];
  return { severity: 'error', code, file, message, hint };
}
