import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { parseSealingKey, type SealingKey } from '../lib/seal.ts';
import { Secret } from '../lib/secret.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import type { Config, GitLocation, GitSignIn, SourceConfig } from './config.ts';
import { parseDuration } from './duration.ts';
import { type Environment, problem } from './layers.ts';
import type { Places } from './rules.ts';
import type { ConfigText, SourceText } from './schema.ts';
import { keyVariable } from './settings.ts';

/** What turning texts into values needs of the outside. */
export interface Surroundings {
  readonly environment: Environment;
  /** Relative paths start here. */
  readonly cwd: string;
  readonly places: Places;
}

export interface Resolved {
  readonly config: Config;
  readonly problems: readonly Diagnostic[];
}

/** A secret longer than this, in bytes, is some other file. */
const longestSecret = 64 * 1024;

/**
 * Durations to milliseconds, paths to absolute ones, secrets out of their files and variables. A secret
 * that cannot be read is a problem, and the configuration must not be used then.
 */
export function resolveConfig(text: ConfigText, around: Surroundings): Resolved {
  const problems: Diagnostic[] = [];
  const token = readSecret(text.http, 'http', ['token'], around, problems);
  const key = sealingKey(around.environment, problems);
  const { host, port } = splitListen(text.http.listen);
  const { directory } = text.secrets;
  const config: Config = {
    database: databaseAt(text.database, around.cwd),
    account: text.account,
    sources: text.sources.map((source, index) => ({
      ...sourceConfig(source, index, around, problems),
      account: source.account ?? text.account,
    })),
    http: { listen: { host, port }, ...(token === undefined ? {} : { token }) },
    secrets: {
      ...(directory === undefined ? {} : { directory: resolve(around.cwd, directory) }),
      ...(key === undefined ? {} : { key }),
    },
    journal: { keep: parseDuration(text.journal.keep) },
    trash: { keep: parseDuration(text.trash.keep) },
    platform: platformConfig(text.platform),
    endpoint: endpointConfig(text.endpoint, around, problems),
    log: text.log,
  };
  return { config, problems };
}

function platformConfig(platform: ConfigText['platform']): Config['platform'] {
  const { scheme, domain, apiDomain, accountNumber, username } = platform;
  return {
    scheme,
    username,
    ...(domain === undefined ? {} : { domain }),
    ...(apiDomain === undefined ? {} : { apiDomain }),
    ...(accountNumber === undefined ? {} : { accountNumber }),
  };
}

function endpointConfig(
  endpoint: ConfigText['endpoint'],
  around: Surroundings,
  problems: Diagnostic[],
): Config['endpoint'] {
  const { driver, url, timeout, patience, undeployTimeout } = endpoint;
  if (driver === 'record' || url === undefined) return { driver: 'record' };
  const key = readSecret(endpoint, 'endpoint', ['key'], around, problems) ?? new Secret('');
  return {
    driver,
    url,
    key,
    timeout: parseDuration(timeout),
    patience: parseDuration(patience),
    undeployTimeout: parseDuration(undeployTimeout),
  };
}

function sealingKey(environment: Environment, problems: Diagnostic[]): SealingKey | undefined {
  const text = environment[keyVariable] ?? '';
  const key = text === '' ? undefined : parseSealingKey(text);
  if (text !== '' && key === undefined) {
    const hint = 'make a key with: openssl rand -base64 32';
    problems.push(problem('error', keyVariable, 'must be 32 bytes in base64 or hex', hint));
  }
  return key;
}

function sourceConfig(
  source: SourceText,
  index: number,
  around: Surroundings,
  problems: Diagnostic[],
): Omit<SourceConfig, 'account'> {
  const at = `sources.${index}`;
  const webhook = readSecret(source.webhook ?? {}, `${at}.webhook`, ['secret'], around, problems);
  const { name, schedule, prune, drift, adopt, allowEmpty, history, allow } = source;
  return {
    name,
    location:
      source.git === undefined
        ? { directory: resolve(around.cwd, source.directory ?? '') }
        : { git: gitLocation(source.git, `${at}.git`, around, problems) },
    ...(webhook === undefined ? {} : { webhook }),
    rhythm: {
      interval: parseDuration(source.interval),
      ...(schedule === undefined ? {} : { schedule }),
    },
    policy: {
      prune,
      drift,
      adopt,
      history,
      allowEmpty,
      limits: { ...source.limits, window: parseDuration(source.limits.window) },
      classes: source.policy,
      fightWindow: parseDuration(source.fight.window),
      ...(allow === undefined ? {} : { allow: allowance(allow) }),
    },
  };
}

function allowance({ kinds, names }: NonNullable<SourceText['allow']>) {
  return { ...(kinds === undefined ? {} : { kinds }), ...(names === undefined ? {} : { names }) };
}

function gitLocation(
  git: NonNullable<SourceText['git']>,
  at: string,
  around: Surroundings,
  problems: Diagnostic[],
): GitLocation {
  const { url, branch = 'main', tag, commit, path, depth, allowFile, allowInsecure, verify } = git;
  const credentials = signIn(git.credentials, `${at}.credentials`, around, problems);
  return {
    url,
    ref: tag !== undefined ? { tag } : commit !== undefined ? { commit } : { branch },
    timeoutMs: parseDuration(git.timeout),
    allowFile,
    allowInsecure,
    ...(path === undefined ? {} : { path }),
    ...(depth === undefined ? {} : { depth }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(verify === undefined ? {} : { verify: signers(verify, `${at}.verify`, around, problems) }),
  };
}

/** A file of signers that is not there would hold every revision, which is told better at once. */
function signers(
  { mode, signersFile }: NonNullable<NonNullable<SourceText['git']>['verify']>,
  at: string,
  around: Surroundings,
  problems: Diagnostic[],
): NonNullable<GitLocation['verify']> {
  const file = resolve(around.cwd, signersFile);
  const path = `${at}.signersFile`;
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const message = unreadable(file, error);
    const hint = 'name a file that this user may read';
    problems.push({
      severity: 'error',
      code: 'CONFIG_INVALID',
      ...around.places(path),
      path,
      message,
      hint,
    });
  }
  return { mode, signersFile: file };
}

function signIn(
  credentials: NonNullable<SourceText['git']>['credentials'],
  at: string,
  around: Surroundings,
  problems: Diagnostic[],
): GitSignIn | undefined {
  if (credentials === undefined) return undefined;
  const { ssh, username = 'git' } = credentials;
  if (ssh !== undefined) {
    return {
      keyFile: resolve(around.cwd, ssh.keyFile),
      knownHostsFile: resolve(around.cwd, ssh.knownHostsFile),
    };
  }
  const password = readSecret(credentials, at, ['password', 'token'], around, problems);
  return password === undefined ? undefined : { username, password };
}

/** The secret that a section gives as `name`, `nameEnv` or `nameFile`. */
function readSecret(
  section: Readonly<Record<string, unknown>>,
  at: string,
  names: readonly string[],
  around: Surroundings,
  problems: Diagnostic[],
): Secret | undefined {
  const tell = (key: string, severity: Diagnostic['severity'], message: string, hint: string) => {
    const path = `${at}.${key}`;
    const place = around.places(path);
    problems.push({ severity, code: 'CONFIG_INVALID', ...place, path, message, hint });
  };
  for (const name of names) {
    const [clear, variable, file] = [name, `${name}Env`, `${name}File`].map((it) => section[it]);
    if (typeof clear === 'string') return new Secret(clear);
    if (typeof variable === 'string') {
      const value = around.environment[variable] ?? '';
      if (value !== '') return new Secret(value);
      tell(`${name}Env`, 'error', `the variable ${variable} is not set`, `set ${variable}`);
    }
    if (typeof file === 'string') {
      return secretFile(resolve(around.cwd, file), (severity, message, hint) =>
        tell(`${name}File`, severity, message, hint),
      );
    }
  }
  return undefined;
}

function secretFile(
  file: string,
  tell: (severity: Diagnostic['severity'], message: string, hint: string) => void,
): Secret | undefined {
  try {
    const { mode, size } = statSync(file);
    if (size > longestSecret) {
      tell('error', 'the file is too large to be a secret', 'name the file that holds it alone');
      return undefined;
    }
    const value = readFileSync(file, 'utf8').trim();
    if ((mode & 0o004) !== 0) {
      tell(
        'warning',
        'every user of this machine can read the file',
        'take the right away: chmod o-r FILE',
      );
    }
    if (value !== '') return new Secret(value);
    tell('error', 'the file is empty', 'write the secret into it');
  } catch (error) {
    tell('error', unreadable(file, error), 'name a file that this user may read');
  }
  return undefined;
}

function unreadable(file: string, error: unknown): string {
  const shown = escapeUntrusted(file);
  const reasons: Record<string, string> = {
    ENOENT: `there is no file ${shown}`,
    EACCES: `this user may not read ${shown}`,
    EISDIR: `${shown} is a folder`,
  };
  return reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? `${shown} cannot be read`;
}

function databaseAt(database: string, cwd: string): string {
  const path = database.slice('sqlite:'.length);
  return path === ':memory:' ? database : `sqlite:${resolve(cwd, path)}`;
}

function splitListen(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(text.slice(colon + 1)) };
}
