import { PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { isUnreadableName } from './candidates.ts';

/** Which line of history a source follows. */
export type GitRef =
  | { readonly branch: string }
  | { readonly tag: string }
  | { readonly commit: string };

/** A URL that was judged safe to hand to git, with the one transport it needs. */
export interface GitAddress {
  readonly url: string;
  readonly protocol: 'https' | 'http' | 'ssh' | 'file';
}

/** What to ask the remote for, in full, and how a revision of it is called. */
export interface RemoteRef {
  /** `refs/heads/main`, `refs/tags/v1.4.0`, or the commit's id. */
  readonly name: string;
  /** The commit's id where it is pinned. */
  readonly commit?: string;
  /** What stands before the id in a revision: `main@`, `v1.4.0@`, or nothing. */
  readonly prefix: string;
  /** For people: `branch main`. */
  readonly title: string;
}

export interface AddressRules {
  readonly allowFile: boolean;
  readonly allowInsecure: boolean;
}

const longest = 2048;
const host = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/;
const user = /^[A-Za-z0-9_][\w.-]*$/;
const pathText = /^[^\p{C}"'`\\$;&|<>*?{}!#^]+$/u;
const scpLike = /^(?:([^@:/]+)@)?([^@:/]+):(?!:|\/\/)(.+)$/;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function refused(what: string, text: string, why: string, hint: string): PlumblineError {
  const shown = escapeUntrusted(withoutCredentials(text)).slice(0, 200);
  return new PlumblineError('SOURCE_REFUSED', `the ${what} '${shown}' ${why}`, { hint });
}

/**
 * An address as it may be shown, however wrong it is: a password may hold blanks and slashes, so it ends at
 * the last `@`.
 */
function withoutCredentials(text: string): string {
  const [scheme = ''] = /^[^/\s:]*:\/\//.exec(text) ?? [];
  const rest = text.slice(scheme.length);
  return withoutUserinfo(scheme + rest.slice(rest.lastIndexOf('@') + 1));
}

/** A line as it may be shown: whatever stands before an `@` in an address may be a credential. */
export function withoutUserinfo(text: string): string {
  return text
    .replace(/\/\/[^/\s]*@/g, '//')
    .replace(/^[^/\s]*@/, '')
    .replace(/[?#][^\s]*/g, '');
}

/**
 * Judges a repository's URL before git sees it, by a list of what is allowed: git has transports that
 * run commands (`ext::`), and takes a text that begins with a hyphen for an option.
 * Throws SOURCE_REFUSED.
 */
export function gitAddress(url: string, rules: AddressRules): GitAddress {
  const odd = url === '' || url.length > longest || url.startsWith('-') || isUnreadableName(url);
  if (odd || url.trim() !== url) {
    throw refused('url', url, 'is not a repository URL', 'write https://host/path.git');
  }
  if (url.startsWith('/') || /^file:/i.test(url)) return fileAddress(url, rules);
  if (/^https?:\/\//.test(url)) return webAddress(url, rules);
  if (url.startsWith('ssh://')) return sshAddress(url);
  const [, name, machine, path] = scpLike.exec(url) ?? [];
  if (machine === undefined || path === undefined || path.includes('@')) {
    const hint = 'use an https:// or ssh:// URL; nothing else is allowed';
    throw refused('url', url, 'has a scheme that is not allowed', hint);
  }
  return sshParts(url, name ?? '', machine, path);
}

function fileAddress(url: string, rules: AddressRules): GitAddress {
  if (!rules.allowFile) {
    const hint = 'use https or ssh, or set git.allowFile: true (PLUMBLINE_SOURCE_ALLOW_FILE=true)';
    throw refused('url', url, 'is a local path, and those are not allowed', hint);
  }
  const path = url.startsWith('/') ? url : /^file:\/\/(\/.*)$/.exec(url)?.[1];
  if (path === undefined || !pathText.test(path)) {
    throw refused('url', url, 'is not an absolute path', 'write file:///path/to/repository.git');
  }
  return { url, protocol: 'file' };
}

function webAddress(url: string, rules: AddressRules): GitAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const whole = parsed !== undefined && host.test(parsed.hostname) && !/[\s\\]/.test(url);
  if (!whole || !pathText.test(parsed.pathname)) {
    throw refused('url', url, 'is not a repository URL', 'write https://host/path.git');
  }
  if (parsed.username !== '' || parsed.password !== '') {
    const hint = 'remove it from the URL and give credentials: { username, passwordFile }';
    throw refused('url', url, 'carries a user name or a password', hint);
  }
  if (url.includes('?') || url.includes('#')) {
    const hint = 'remove everything from ? or #; give a token as credentials';
    throw refused('url', url, 'has a query or a fragment', hint);
  }
  if (parsed.protocol === 'http:' && !rules.allowInsecure && !loopback.test(parsed.hostname)) {
    const hint = 'use https, or allow plain http for this source in the configuration';
    throw refused('url', url, 'is not encrypted', hint);
  }
  return { url, protocol: parsed.protocol === 'http:' ? 'http' : 'https' };
}

function sshAddress(url: string): GitAddress {
  const parts = /^ssh:\/\/(?:([^@/]*)@)?([^@:/]+|\[[^\]]+\])(?::(\d{1,5}))?\/(.+)$/.exec(url);
  if (parts === null) {
    throw refused('url', url, 'is not a repository URL', 'write ssh://git@host/path.git');
  }
  return sshParts(url, parts[1] ?? '', parts[2] as string, parts[4] as string);
}

function sshParts(url: string, name: string, machine: string, path: string): GitAddress {
  if (name.includes(':')) {
    const hint = 'remove the password; ssh uses a key: credentials: { ssh: { keyFile, … } }';
    throw refused('url', url, 'carries a password', hint);
  }
  const sound = (name === '' || user.test(name)) && host.test(machine) && pathText.test(path);
  if (!sound || path.startsWith('-')) {
    throw refused('url', url, 'is not a repository URL', 'write ssh://git@host/path.git');
  }
  return { url, protocol: 'ssh' };
}

/** Judges a branch, tag or commit by git's own rules for names of refs. Throws SOURCE_REFUSED. */
export function remoteRef(ref: GitRef): RemoteRef {
  if ('commit' in ref) {
    const commit = ref.commit.toLowerCase();
    if (!/^[0-9a-f]{40}$/.test(commit)) {
      throw refused('commit', ref.commit, 'is not a full commit id', 'write all 40 digits of it');
    }
    return { name: commit, commit, prefix: '', title: `commit ${commit.slice(0, 12)}` };
  }
  const [kind, name] = 'branch' in ref ? ['branch', ref.branch] : ['tag', ref.tag];
  if (!isRefName(name)) {
    const hint = `write the ${kind}'s short name, such as ${kind === 'branch' ? 'main' : 'v1.4.0'}`;
    throw refused(kind, name, `is not the name of a ${kind}`, hint);
  }
  const folder = kind === 'branch' ? 'refs/heads' : 'refs/tags';
  return { name: `${folder}/${name}`, prefix: `${name}@`, title: `${kind} ${name}` };
}

function isRefName(name: string): boolean {
  if (name === '' || name.length > 250 || name === '@' || isUnreadableName(name)) return false;
  if (/^-|^refs\/|[\s~^:?*[\\]|\.\.|@\{|\.$/.test(name)) return false;
  return name.split('/').every((it) => it !== '' && !it.startsWith('.') && !it.endsWith('.lock'));
}

/** The folder inside the repository, without slashes at its ends; empty for all of it. Throws SOURCE_REFUSED. */
export function subPath(path: string): string {
  const trimmed = path.replace(/^(?:\.?\/)+|\/+$/g, '');
  if (trimmed === '' || trimmed === '.') return '';
  const sound = trimmed.split('/').every((it) => it !== '' && it !== '.' && it !== '..');
  if (!sound || trimmed.startsWith('-') || trimmed.length > longest || isUnreadableName(trimmed)) {
    const hint = 'write a folder of the repository, such as clients/production';
    throw refused('path', path, 'is not a folder inside the repository', hint);
  }
  return trimmed;
}
