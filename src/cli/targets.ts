import { join } from 'node:path';
import type { Config, GitLocation, SourceConfig } from '../config/config.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { suggest } from '../lib/suggest.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import { DirectorySource } from '../source/directory.ts';
import { GitSource } from '../source/git.ts';
import type { Source } from '../source/source.ts';

/** Looks at something other than what the configuration points at, for a plan before a merge. */
export interface Elsewhere {
  /** A folder in place of the source's own files. */
  readonly path?: string | undefined;
  /** A branch, tag or commit in place of the configured one. */
  readonly revision?: string | undefined;
}

/** The sources with these names, all of them without names. Throws SOURCE_UNKNOWN, or USAGE for an `elsewhere` that does not fit. */
export function targetsOf(
  config: Config,
  names: readonly string[],
  elsewhere: Elsewhere,
  stateFolder: string,
  log: Log,
): readonly WatchedTarget[] {
  if (config.sources.length === 0)
    throw new PlumblineError('CONFIG_MISSING', 'no source is configured', {
      hint: 'add one under sources: in the configuration file, or set PLUMBLINE_SOURCE',
    });
  const chosen = names.length === 0 ? config.sources : names.map((name) => named(config, name));
  if ((elsewhere.path ?? elsewhere.revision) !== undefined && chosen.length !== 1)
    throw new PlumblineError('USAGE', '--path and --revision need one source', {
      hint: `name it: one of ${config.sources.map((it) => it.name).join(', ')}`,
    });
  return chosen.map((source) => ({
    source: sourceOf(source, elsewhere, stateFolder, log),
    account: config.account,
    policy: source.policy,
    rhythm: source.rhythm,
    location: elsewhere.path ?? locationText(source),
  }));
}

function named(config: Config, name: string): SourceConfig {
  const source = config.sources.find((it) => it.name === name);
  if (source !== undefined) return source;
  const known = config.sources.map((it) => it.name);
  const meant = suggest(name, known);
  throw new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${name.slice(0, 60)}`, {
    hint: meant === undefined ? `name one of: ${known.join(', ')}` : `did you mean ${meant}?`,
  });
}

function sourceOf(
  { name, location }: SourceConfig,
  elsewhere: Elsewhere,
  stateFolder: string,
  log: Log,
): Source {
  const onNotice = (message: string) => log.warn({ source: name }, message);
  if (elsewhere.path !== undefined)
    return new DirectorySource({ name, root: elsewhere.path, onNotice });
  if ('directory' in location) {
    if (elsewhere.revision !== undefined)
      throw new PlumblineError('USAGE', `the source ${name} is a folder and has no revisions`, {
        hint: 'leave out --revision, or name a Git source',
      });
    return new DirectorySource({ name, root: location.directory, onNotice });
  }
  const { git } = location;
  return new GitSource({
    name,
    ...git,
    ...(elsewhere.revision === undefined ? {} : { ref: refOf(elsewhere.revision) }),
    stateFolder: join(stateFolder, name),
  });
}

/** A revision as people write it: a full or short ref name, or a commit's id. */
function refOf(text: string): GitLocation['ref'] {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text)) return { commit: text };
  if (text.startsWith('refs/tags/')) return { tag: text.slice('refs/tags/'.length) };
  return { branch: text.replace(/^refs\/heads\//, '') };
}

function locationText({ location }: SourceConfig): string {
  return 'directory' in location ? location.directory : location.git.url;
}
