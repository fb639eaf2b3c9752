import { resolve } from 'node:path';
import type * as z from 'zod';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../lib/diagnostic.ts';
import { type Place, PlumblineError } from '../lib/errors.ts';
import { wording } from '../lib/shape-words.ts';
import type { Config } from './config.ts';
import { type ConfigFile, noConfigFile, readConfigFile } from './file.ts';
import {
  type ConfigFlags,
  type Environment,
  type Given,
  givenSettings,
  merge,
  problem,
} from './layers.ts';
import { resolveConfig } from './resolve.ts';
import { checkRules, type Places } from './rules.ts';
import { configSchema } from './schema.ts';
import { fileVariable, settings } from './settings.ts';

export interface LoadInput {
  /** The file to read; without one PLUMBLINE_CONFIG, then config/plumbline.yaml, which may be missing. */
  readonly file?: string;
  readonly environment: Environment;
  readonly flags: ConfigFlags;
  /** Relative paths start here. */
  readonly cwd: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly Diagnostic[];
  /** The file that was read; absent when everything came from environment and options. */
  readonly file?: string;
}

const defaultFile = 'config/plumbline.yaml';

/**
 * The configuration: options over environment over file over defaults. Throws CONFIG_MISSING when there
 * is no file and no source in the environment, and CONFIG_INVALID, which carries every problem of file
 * and environment in `problems`.
 */
export async function loadConfig(input: LoadInput): Promise<LoadedConfig> {
  const { environment, flags, cwd } = input;
  const file = openFile(input);
  const given = givenSettings(environment, flags, file.sources);
  const places = placesOf(file, given);
  const found = [...file.problems, ...given.problems];

  // Checked once, so it is not worth the functions that zod makes for what it checks often.
  const shape = configSchema.safeParse(merge(file.value, given), { error: wording, jitless: true });
  // What the file itself has wrong is told already, and better.
  if (!shape.success) found.push(...problemsOfGiven(shape.error, given));
  if (!shape.success || hasErrors(found)) throw invalid(found);

  found.push(...(await checkRules(shape.data, places)));
  if (hasErrors(found)) throw invalid(found);

  const { config, problems } = resolveConfig(shape.data, { environment, cwd, places });
  found.push(...problems);
  if (hasErrors(found)) throw invalid(found);

  const warnings = sortDiagnostics(found);
  return file.path === undefined ? { config, warnings } : { config, warnings, file: file.path };
}

function openFile({ file, environment, cwd }: LoadInput): ConfigFile {
  const named = file ?? (environment[fileVariable] || undefined);
  const shown = named ?? defaultFile;
  const opened = readConfigFile(resolve(cwd, shown), shown);
  if (opened !== undefined) return opened;
  if (named === undefined && (environment['PLUMBLINE_SOURCE'] ?? '') !== '') return noConfigFile;
  throw new PlumblineError('CONFIG_MISSING', `there is no configuration file ${shown}`, {
    hint: 'name one with --config FILE, or set PLUMBLINE_SOURCE to a folder or a Git URL',
  });
}

/** A setting's place: the variable or option that gave it, else where the file has it. */
function placesOf(file: ConfigFile, given: Given): Places {
  const from = new Map(given.settings.map((it) => [it.path, it.from]));
  return (path) => {
    const name = from.get(path);
    if (name !== undefined) return { file: name };
    if (given.ownSource && path.startsWith('sources.0')) return { file: 'PLUMBLINE_SOURCE' };
    return file.place(path);
  };
}

/** What is wrong with the values of variables and options, each at its own name. */
function problemsOfGiven(error: z.core.$ZodError, given: Given): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const issue of error.issues) {
    const path = issue.path.join('.');
    const from = given.settings.findLast((it) => it.path === path)?.from;
    const partner = from === undefined ? missingPartner(path, given) : undefined;
    if (from !== undefined) found.push(problem('error', from, issue.message, `correct ${from}`));
    if (partner !== undefined) {
      found.push(problem('error', partner, 'is needed as well', `set ${partner}`));
    }
  }
  return found;
}

/** The variable of a setting that is missing only because a variable gave its neighbour. */
function missingPartner(path: string, given: Given): string | undefined {
  const section = path.slice(0, path.lastIndexOf('.') + 1);
  if (section === '' || !given.settings.some((it) => it.path.startsWith(section))) return undefined;
  return settings.find((it) => it.path.replace('[]', '.0') === path)?.variable;
}

function placeIn({ file, line, column }: Diagnostic): Place {
  return {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

function invalid(found: readonly Diagnostic[]): PlumblineError {
  const problems = sortDiagnostics(found);
  const errors = problems.filter((it) => it.severity === 'error');
  const [first] = errors as [Diagnostic];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new PlumblineError('CONFIG_INVALID', `${first.message}${more}`, {
    hint: first.hint ?? 'correct the configuration',
    place: placeIn(first),
    problems,
  });
}
