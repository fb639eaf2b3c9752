import { readFileSync, statSync } from 'node:fs';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { PlumblineError } from '../lib/errors.ts';
import { isObject } from '../lib/json.ts';
import { checkShape } from '../lib/shape.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { parseYaml, type YamlDocument, yamlLimits } from '../lib/yaml.ts';
import { problem } from './layers.ts';
import type { SettingPlace } from './rules.ts';
import { configSchema } from './schema.ts';

/** What a configuration file says, and where. */
export interface ConfigFile {
  /** As it was asked for; absent when there is no file. */
  readonly path?: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Its list of sources, whatever that holds. */
  readonly sources: readonly unknown[];
  readonly problems: readonly Diagnostic[];
  place(path: string): SettingPlace;
}

export const noConfigFile: ConfigFile = {
  value: {},
  sources: [],
  problems: [],
  place: (path) => ({ file: path }),
};

/**
 * Reads a configuration file; undefined when there is none. Throws CONFIG_MISSING when it is there and
 * cannot be read. What is wrong inside it comes back as problems.
 */
export function readConfigFile(file: string, shown: string): ConfigFile | undefined {
  const found = bytesOf(file, shown);
  if (found === undefined) return undefined;
  const warnings = (found.mode & 0o002) === 0 ? [] : [writableByAll(shown)];
  const read = parseConfig(found.bytes, shown);
  return { ...read, path: shown, problems: [...read.problems, ...warnings] };
}

function bytesOf(file: string, shown: string): { bytes: Uint8Array; mode: number } | undefined {
  try {
    const { mode, size } = statSync(file);
    if (size > yamlLimits.bytes) throw unreadable(shown, 'is too large to be a configuration');
    return { bytes: readFileSync(file), mode };
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

/** One document, checked against the schema; an empty file says nothing, and nothing is wrong with that. */
function parseConfig(bytes: Uint8Array, shown: string): Omit<ConfigFile, 'path'> {
  const parsed = parseYaml(bytes, shown);
  const [document, second] = parsed.documents;
  const problems = parsed.problems.map((it): Diagnostic => ({ ...it, code: 'CONFIG_INVALID' }));
  if (document === undefined) return { ...noConfigFile, problems, place: () => ({ file: shown }) };

  const value = withoutNulls(document.value);
  problems.push(...checkShape(configSchema, document, { value, code: 'CONFIG_INVALID' }));
  if (second !== undefined) problems.push(secondDocument(second));
  const map = isObject(value) ? value : {};
  const sources = map['sources'];
  return {
    value: map,
    sources: Array.isArray(sources) ? sources : [],
    problems,
    place: (path) => {
      const steps = path.split('.').map((it) => (/^\d+$/.test(it) ? Number(it) : it));
      const frame = document.frameAt(steps, 'value');
      return { file: shown, ...document.place(steps, 'value'), frame };
    },
  };
}

/** A key with nothing behind it is a setting that is not set, such as a section whose lines are comments. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const set = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(set.map(([key, item]) => [key, withoutNulls(item)]));
}

function secondDocument(document: YamlDocument): Diagnostic {
  const message = 'a second document begins here, and a configuration is one';
  const at = { ...document.place([], 'value'), frame: document.frameAt([], 'value') };
  return { ...problem('error', document.file, message, 'remove it, or the --- above it'), ...at };
}
