import { join } from 'node:path';
import type { Config, SourceConfig } from '../config/config.ts';
import { kinds } from '../kinds/kinds.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { suggest } from '../lib/suggest.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import { DirectorySource } from '../source/directory.ts';
import { GitSource } from '../source/git.ts';
import type { GitRef } from '../source/git-address.ts';
import type { Source } from '../source/source.ts';
import { sourceAt } from './revision-named.ts';

/** Looks at something other than what the configuration points at, for a plan before a merge. */
export interface Elsewhere {
  /** A folder in place of the source's own files. */
  readonly path?: string | undefined;
  /** A branch, tag or commit in place of the configured one. */
  readonly revision?: string | undefined;
}

/** The configured sources with these names, all of them without names. Throws CONFIG_MISSING and SOURCE_UNKNOWN. */
export function sourcesNamed(config: Config, names: readonly string[]): readonly SourceConfig[] {
  if (config.sources.length === 0)
    throw new PlumblineError('CONFIG_MISSING', 'no source is configured', {
      hint: 'add one under sources: in the configuration file, or set PLUMBLINE_SOURCE',
    });
  if (names.length === 0) return config.sources;
  return names.map((name) => {
    const source = config.sources.find((it) => it.name === name);
    if (source !== undefined) return source;
    throw unknownSource(
      name,
      config.sources.map((it) => it.name),
    );
  });
}

export function unknownSource(name: string, known: readonly string[]): PlumblineError {
  const meant = suggest(name, known);
  return new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${name.slice(0, 60)}`, {
    hint:
      meant !== undefined
        ? `did you mean ${meant}?`
        : known.length > 0
          ? `name one of: ${known.join(', ')}`
          : 'add it under sources: in the configuration file',
  });
}

/** Where the manifests of a source come from, for people, without credentials. */
export function locationText({ location }: SourceConfig): string {
  return 'directory' in location ? location.directory : location.git.url;
}

/**
 * The sources with these names, ready to be read. Throws SOURCE_UNKNOWN, or USAGE for an `elsewhere` that
 * does not fit.
 */
export function targetsOf(
  config: Config,
  names: readonly string[],
  elsewhere: Elsewhere,
  stateFolder: string,
  log: Log,
): readonly WatchedTarget[] {
  const chosen = sourcesNamed(config, names);
  if ((elsewhere.path ?? elsewhere.revision) !== undefined && chosen.length !== 1)
    throw new PlumblineError('USAGE', '--path and --revision need one source', {
      hint: `name it: one of ${config.sources.map((it) => it.name).join(', ')}`,
    });
  const isElsewhere = (elsewhere.path ?? elsewhere.revision) !== undefined;
  const made = new Map<string, Source>();
  const read = (source: SourceConfig) => {
    const known = made.get(source.name) ?? sourceOf(source, elsewhere, stateFolder, log);
    made.set(source.name, known);
    return known;
  };
  const others = ({ name, account }: SourceConfig) =>
    isElsewhere ? [] : config.sources.filter((it) => it.name !== name && it.account === account);
  return chosen.map((source) => ({
    source: read(source),
    account: source.account,
    neighbours: others(source).map(read),
    policy: policyOf(source, elsewhere),
    rhythm: source.rhythm,
    location: elsewhere.path ?? locationText(source),
  }));
}

/** Elsewhere nothing has to follow what was applied. */
function policyOf(source: SourceConfig, { path, revision }: Elsewhere): SourceConfig['policy'] {
  const policy = withKnownKinds(source);
  return (path ?? revision) === undefined ? policy : { ...policy, history: 'follow' };
}

/**
 * The policy of a source with the kinds of its allowance by their own names. Throws CONFIG_INVALID for
 * another word.
 */
function withKnownKinds({ name, policy }: SourceConfig): SourceConfig['policy'] {
  const { allow } = policy;
  if (allow?.kinds === undefined) return policy;
  const known = allow.kinds.map((word) => {
    const kind = kinds.find(word);
    if (kind !== undefined) return kind.name;
    throw new PlumblineError('CONFIG_INVALID', `source ${name}: there is no kind ${word}`, {
      hint: `write under allow.kinds some of: ${kinds.all.map((it) => it.name).join(', ')}`,
    });
  });
  return { ...policy, allow: { ...allow, kinds: known } };
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
  const at = (ref: GitRef): Source =>
    new GitSource({ name, ...location.git, ref, stateFolder: join(stateFolder, name) });
  return elsewhere.revision === undefined ? at(location.git.ref) : sourceAt(elsewhere.revision, at);
}
