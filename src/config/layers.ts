import { isAbsolute } from 'node:path';
import { compareText, type Diagnostic } from '../lib/diagnostic.ts';
import { isObject } from '../lib/json.ts';
import { suggest } from '../lib/suggest.ts';
import {
  alternatives,
  defaultSourceName,
  knownVariables,
  type Setting,
  settings,
} from './settings.ts';

/** Environment variables, as `process.env` has them. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that options of the command line give, by path. */
export type ConfigFlags = Partial<
  Readonly<Record<'database' | 'account' | 'http.listen' | 'log.level' | 'log.format', string>>
>;

/** One setting from outside the file: where it came from is the name of the variable or option. */
export interface GivenSetting {
  /** With an index for the source: `sources.0.prune`. */
  readonly path: string;
  readonly value: unknown;
  readonly from: string;
}

export interface Given {
  readonly settings: readonly GivenSetting[];
  readonly problems: readonly Diagnostic[];
  /** True where the environment names a source of its own, which then is the only one. */
  readonly ownSource: boolean;
}

const sourcePrefix = 'sources[].';

/** Variables that Kubernetes sets for a service named plumbline, which nobody meant for us. */
const serviceLink = /^PLUMBLINE_(?:SERVICE_(?:HOST|PORT)|PORT(?:_|$))/;

/** What environment and options say, turned into values of the file's types; the last of equal paths wins. */
export function givenSettings(
  environment: Environment,
  flags: ConfigFlags,
  sourcesInFile: readonly unknown[],
): Given {
  const problems: Diagnostic[] = unknownVariables(environment);
  const given: GivenSetting[] = [];
  const place = environment['PLUMBLINE_SOURCE'] ?? '';
  const ownSource = place !== '';
  if (ownSource) {
    const path = isGitUrl(place) ? 'sources.0.git.url' : 'sources.0.directory';
    given.push({ path: 'sources.0.name', value: defaultSourceName, from: 'PLUMBLINE_SOURCE' });
    given.push({ path, value: place, from: 'PLUMBLINE_SOURCE' });
  }
  for (const setting of settings) {
    const text = environment[setting.variable] ?? '';
    if (text === '' || setting.variable === 'PLUMBLINE_SOURCE') continue;
    const refusal = setting.path.startsWith(sourcePrefix)
      ? sourceRefusal(setting, place, sourcesInFile)
      : undefined;
    if (refusal !== undefined) {
      problems.push(refusal);
      continue;
    }
    const value = typed(text, setting);
    if (value === undefined) problems.push(wrongType(setting));
    else given.push({ path: setting.path.replace('[]', '.0'), value, from: setting.variable });
  }
  for (const [path, value] of Object.entries(flags)) {
    if (value !== undefined) given.push({ path, value, from: `--${path.replace('.', '-')}` });
  }
  return { settings: given, problems, ownSource };
}

/** Puts the given settings over the file's; a given alternative takes the place of the file's. */
export function merge(
  file: Readonly<Record<string, unknown>>,
  given: Given,
): Record<string, unknown> {
  const merged = structuredClone(file) as Record<string, unknown>;
  if (given.ownSource) merged['sources'] = [];
  const paths = new Set(given.settings.map((it) => it.path));
  for (const { path, value } of given.settings) {
    for (const other of othersOf(path)) {
      const stays = [...paths].some((it) => it === other || it.startsWith(`${other}.`));
      if (!stays) removeAt(merged, other);
    }
    setAt(merged, path, value);
  }
  return merged;
}

/** True for what git would take for a repository's address rather than a folder of ours. */
export function isGitUrl(text: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /\.git\/?$/.test(text)) return true;
  return !isAbsolute(text) && /^[^/\s]+@[^/\s]+:/.test(text);
}

/** Settings that cannot stand beside the one at a path, with the index of its source. */
function othersOf(path: string): readonly string[] {
  const general = path.replace(/^sources\.\d+\./, sourcePrefix);
  const mine = (it: string) => general === it || general.startsWith(`${it}.`);
  const group = alternatives.find((names) => names.some(mine)) ?? [];
  return group.filter((it) => !mine(it)).map((it) => it.replace('[]', '.0'));
}

function setAt(root: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let at: Record<string, unknown> = root;
  for (const [index, step] of steps.entries()) {
    // A list is a map by its indexes as well.
    const next = at[step];
    if (typeof next !== 'object' || next === null)
      at[step] = /^\d+$/.test(steps[index + 1] ?? '') ? [] : {};
    at = at[step] as Record<string, unknown>;
  }
  at[last] = value;
}

function removeAt(root: Record<string, unknown>, path: string): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let at: unknown = root;
  for (const step of steps)
    at = Array.isArray(at) ? at[Number(step)] : isObject(at) ? at[step] : undefined;
  if (isObject(at)) delete at[last];
}

function typed(text: string, setting: Setting): unknown {
  if (setting.type === 'text') return text;
  if (setting.type === 'list') return text.split(',').map((it) => it.trim());
  if (setting.type === 'boolean') return { true: true, false: false }[text];
  return /^\d{1,15}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

function wrongType({ variable, type }: Setting): Diagnostic {
  const [what, hint] =
    type === 'boolean'
      ? ['true or false', 'write true or false']
      : ['a number', 'write a number such as 10'];
  return problem('error', variable, `must be ${what}`, hint);
}

/** Why a setting of the one source has no source that could take it; undefined when it has. */
function sourceRefusal(
  { path, variable }: Setting,
  place: string,
  sourcesInFile: readonly unknown[],
): Diagnostic | undefined {
  if (place === '' && sourcesInFile.length === 0) {
    return problem(
      'error',
      variable,
      'there is no source it could belong to',
      'set PLUMBLINE_SOURCE as well',
    );
  }
  if (place === '' && sourcesInFile.length > 1) {
    const message = `the file has ${sourcesInFile.length} sources, and a variable cannot say which one it means`;
    return problem('error', variable, message, 'write the setting into the file instead');
  }
  const [only] = sourcesInFile;
  const folder =
    place === '' ? isObject(only) && only['directory'] !== undefined : !isGitUrl(place);
  if (!folder || !path.startsWith('sources[].git.')) return undefined;
  return problem(
    'error',
    variable,
    'goes with a Git URL only, and the source is a folder',
    `unset ${variable}`,
  );
}

function unknownVariables(environment: Environment): Diagnostic[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('PLUMBLINE_') && !knownVariables.includes(name))
    .filter((name) => !serviceLink.test(name))
    .sort(compareText)
    .map((name) => {
      const meant = suggest(short(name), knownVariables.map(short));
      const hint = meant === undefined ? 'remove it' : `did you mean PLUMBLINE_${meant}?`;
      return problem('warning', name, 'no setting has this name, so it has no effect', hint);
    });
}

/** Without the prefix that all names share, or any name would look like any other. */
function short(name: string): string {
  return name.replace('PLUMBLINE_', '');
}

/** A problem whose place is a variable or an option. */
export function problem(
  severity: Diagnostic['severity'],
  from: string,
  message: string,
  hint: string,
): Diagnostic {
  return { severity, code: 'CONFIG_INVALID', file: from, message, hint };
}
