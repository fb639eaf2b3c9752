import { readFile, stat } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { type Place, PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { problem } from './layers.ts';
import { configSchema } from './schema.ts';

/** What a configuration file says, and where. */
export interface ConfigFile {
  /** As it was asked for; absent when there is no file. */
  readonly path?: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Its list of sources, whatever that holds. */
  readonly sources: readonly unknown[];
  readonly problems: readonly Diagnostic[];
  place(path: string): Place;
}

export const noConfigFile: ConfigFile = {
  value: {},
  sources: [],
  problems: [],
  place: (path) => ({ file: path }),
};

/** A configuration larger than this, in bytes, is some other file. */
const largest = 1024 * 1024;

/**
 * Reads a configuration file; undefined when there is none. Throws CONFIG_MISSING when it is there and
 * cannot be read. What is wrong inside it comes back as problems.
 */
export async function readConfigFile(file: string, shown: string): Promise<ConfigFile | undefined> {
  const found = await bytesOf(file, shown);
  if (found === undefined) return undefined;
  const warnings = (found.mode & 0o002) === 0 ? [] : [writableByAll(shown)];
  const read = parseConfig(found.bytes, shown);
  return { ...read, path: shown, problems: [...read.problems, ...warnings] };
}

async function bytesOf(
  file: string,
  shown: string,
): Promise<{ bytes: Uint8Array; mode: number } | undefined> {
  try {
    const { mode, size } = await stat(file);
    if (size > largest) throw unreadable(shown, 'is too large to be a configuration');
    return { bytes: await readFile(file), mode };
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const reasons: Record<string, string> = {
      EISDIR: 'is a folder',
      EACCES: 'may not be read by this user',
    };
    throw unreadable(shown, reasons[code] ?? 'cannot be read', error);
  }
}

function unreadable(shown: string, why: string, cause?: unknown): PlumblineError {
  return new PlumblineError(
    'CONFIG_MISSING',
    `the configuration ${escapeUntrusted(shown)} ${why}`,
    {
      hint: 'name a readable file with --config FILE',
      cause,
    },
  );
}

function writableByAll(shown: string): Diagnostic {
  const message = 'every user of this machine can change the file';
  return problem('warning', shown, message, `take the right away: chmod o-w ${shown}`);
}

/** PROVISIONAL */
function parseConfig(bytes: Uint8Array, shown: string): Omit<ConfigFile, 'path'> {
  const lines = new LineCounter();
  const document = parseDocument(new TextDecoder().decode(bytes), { lineCounter: lines });
  const place = (path: string): Place => {
    const steps = path.split('.').map((it) => (/^\d+$/.test(it) ? Number(it) : it));
    const node = document.getIn(steps, true);
    const at = isNode(node) && node.range ? lines.linePos(node.range[0]) : { line: 1, col: 1 };
    return { file: shown, line: at.line, column: at.col };
  };
  const value = (document.toJS() ?? {}) as Record<string, unknown>;
  const parsed = configSchema.safeParse(value);
  const problems: Diagnostic[] = (parsed.error?.issues ?? []).map((it) => ({
    severity: 'error',
    code: 'CONFIG_INVALID',
    ...place(it.path.join('.')),
    path: it.path.join('.'),
    message: it.message,
  }));
  return { value, sources: (value['sources'] ?? []) as [], problems, place };
}
