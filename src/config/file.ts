import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { type Place, PlumblineError } from '../lib/errors.ts';
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

/** PROVISIONAL. */
export async function readConfigFile(file: string, shown: string): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PlumblineError('CONFIG_MISSING', `cannot read ${shown}`, { cause: error });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (path: string): Place => {
    const steps = path.split('.').map((it) => (/^\d+$/.test(it) ? Number(it) : it));
    const node = document.getIn(steps, true);
    const at = isNode(node) && node.range ? lines.linePos(node.range[0]) : { line: 1, col: 1 };
    return { file: shown, line: at.line, column: at.col };
  };
  const value = document.toJS() as Record<string, unknown>;
  const parsed = configSchema.safeParse(value);
  const problems: Diagnostic[] = (parsed.error?.issues ?? []).map((it) => ({
    severity: 'error',
    code: 'CONFIG_INVALID',
    ...place(it.path.join('.')),
    path: it.path.join('.'),
    message: it.message,
  }));
  return { path: shown, value, sources: value['sources'] as [], problems, place };
}
