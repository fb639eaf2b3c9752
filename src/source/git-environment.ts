import { PlumblineError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import type { GitAddress } from './git-address.ts';

/** How we prove who we are. Files are given by absolute paths. */
export type GitCredentials =
  | { readonly username: string; readonly password: Secret }
  | { readonly keyFile: string; readonly knownHostsFile: string };

/** What every call of git for one source has in common. */
export interface GitSetting {
  readonly address: GitAddress;
  readonly credentials: GitCredentials | undefined;
  /** An empty folder of our own, in which git finds no configuration of anybody. */
  readonly home: string;
  /** How long a call may take, and a stream may be silent, in milliseconds. */
  readonly timeoutMs: number;
}

/** Reads the environment, so that no credential is ever in an argument, a file or a URL. */
const credentialFromEnvironment =
  'credential.helper=!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$PLUMBLINE_GIT_USERNAME" "$PLUMBLINE_GIT_PASSWORD"; }; f';

/**
 * All that git and its children see of the world, besides their home. Only a call over the network gets the
 * credentials and a transport, and only the transport of its own URL.
 */
export function gitEnvironment(setting: GitSetting, network: boolean): NodeJS.ProcessEnv {
  const base = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C',
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    // Refs in files, whatever a newer git prefers: see git-mirror.ts.
    GIT_DEFAULT_REF_FORMAT: 'files',
    GIT_ALLOW_PROTOCOL: network ? setting.address.protocol : '',
  };
  const { credentials } = setting;
  if (!network || credentials === undefined) return base;
  if ('password' in credentials) {
    return {
      ...base,
      PLUMBLINE_GIT_USERNAME: credentials.username,
      PLUMBLINE_GIT_PASSWORD: credentials.password.reveal(),
    };
  }
  return { ...base, GIT_SSH_VARIANT: 'ssh', GIT_SSH_COMMAND: sshCommand(credentials, setting) };
}

const plainPath = /^\/[\w.,=@+/-]+$/;

/** Git gives this to a shell, so nothing but plain paths, checked before, ever enters it. */
function sshCommand(files: { keyFile: string; knownHostsFile: string }, setting: GitSetting) {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${files.knownHostsFile}`,
    'GlobalKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `ConnectTimeout=${Math.ceil(setting.timeoutMs / 1000)}`,
  ];
  return `ssh -F /dev/null ${options.map((it) => `-o ${it}`).join(' ')} -i ${files.keyFile}`;
}

/** Throws SOURCE_REFUSED for credentials that do not fit the URL or could not be passed on safely. */
export function checkCredentials({ address, credentials }: GitSetting): void {
  const { protocol } = address;
  if (credentials === undefined) {
    if (protocol !== 'ssh') return;
    throw refused('an ssh URL needs a key and the host keys it may trust', sshHint);
  }
  if ('password' in credentials) {
    if (protocol !== 'https' && protocol !== 'http') {
      throw refused(`a user name and a password do not fit a URL of ${protocol}`, sshHint);
    }
    const both = credentials.username + credentials.password.reveal();
    if (/\p{Cc}/u.test(both)) {
      const hint = 'check that the password file holds the password alone, on one line';
      throw refused('the user name or the password holds a control character', hint);
    }
    return;
  }
  if (protocol !== 'ssh') {
    const hint = 'give credentials: { username, passwordFile }, or use an ssh:// URL';
    throw refused(`an ssh key does not fit a URL of ${protocol}`, hint);
  }
  if (!plainPath.test(credentials.keyFile) || !plainPath.test(credentials.knownHostsFile)) {
    const hint = 'use absolute paths of letters, digits and . , = @ + / _ - only';
    throw refused('the path of the ssh key or of the known-hosts file is not plain', hint);
  }
}

const sshHint = 'give credentials: { ssh: { keyFile, knownHostsFile } }';

function refused(message: string, hint: string): PlumblineError {
  return new PlumblineError('SOURCE_REFUSED', message, { hint });
}

/** The arguments that make git ask the environment for a password, where there is one to ask for. */
export function credentialArguments({ credentials }: GitSetting): string[] {
  const password = credentials !== undefined && 'password' in credentials;
  return password ? ['-c', credentialFromEnvironment] : [];
}

/** What must never be shown, whatever git prints. */
export function secretsOf({ credentials }: GitSetting): string[] {
  if (credentials === undefined || !('password' in credentials)) return [];
  return [credentials.password.reveal()].filter((it) => it !== '');
}
