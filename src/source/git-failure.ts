import { type ErrorCode, PlumblineError } from '../lib/errors.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { withoutUserinfo } from './git-address.ts';

interface Outcome {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

interface Meaning extends Outcome {
  readonly says: RegExp;
}

const unreachable: Outcome = {
  code: 'SOURCE_UNREACHABLE',
  message: 'the remote cannot be reached',
  hint: 'check the address, the network and the certificate of the remote',
};

const damagedMirror: Outcome = {
  code: 'SOURCE_DAMAGED',
  message: 'the mirror of the repository is damaged',
  hint: 'nothing to do: a fresh mirror is made at the next try',
};

/** What git's last words mean, first match wins. Git runs in the C locale, so its wording is stable. */
const meanings: readonly Meaning[] = [
  {
    says: /Host key verification failed|host key is known|REMOTE HOST IDENTIFICATION/,
    code: 'SOURCE_DENIED',
    message: 'the ssh host key is not the one in the known-hosts file',
    hint: 'compare the key with the one the host publishes, then write it into knownHostsFile',
  },
  {
    says: /terminal prompts disabled|could not read (?:Username|Password)/,
    code: 'SOURCE_DENIED',
    message: 'the remote asks for credentials and none are configured',
    hint: 'give the source credentials: { username, passwordFile }',
  },
  {
    says: /Authentication failed|Permission denied \(|returned error: 40[13]/,
    code: 'SOURCE_DENIED',
    message: 'the remote refuses the credentials',
    hint: 'check that the token is still valid and may read this repository',
  },
  {
    says: /dubious ownership/,
    code: 'SOURCE_DENIED',
    message: 'the local repository belongs to another user',
    hint: 'run Plumbline as the owner of the repository, or serve it over https or ssh',
  },
  {
    says: /redirect|returned error: 3\d\d/,
    code: 'SOURCE_REFUSED',
    message: 'the remote sends us to another address, and redirects are not followed',
    hint: "write the final address into the source's url",
  },
  {
    says: /couldn't find remote ref|not our ref|no such remote ref/,
    code: 'SOURCE_NOT_FOUND',
    message: 'the remote does not have what the source follows',
    hint: 'check the branch, tag or commit of the source, and that the repository is not empty',
  },
  {
    says: /repository '.*' not found|returned error: 404|does not appear to be a git repo|is this a git repo|No such device or address|repository .* does not exist/,
    code: 'SOURCE_NOT_FOUND',
    message: 'there is no repository at that address',
    hint: "check the source's url, and that the credentials may see the repository",
  },
  {
    says: /fsck|hasDot|hasDotgit|badTree|contains '\.git'|fullPathname/i,
    code: 'SOURCE_REFUSED',
    message: 'the repository holds objects that git holds to be malformed or hostile',
    hint: 'run git fsck in the repository and remove what it names',
  },
  {
    says: /dumb http transport|protocol .* not supported|transport .* not allowed/,
    code: 'SOURCE_REFUSED',
    message: 'the remote does not speak a transport that is allowed',
    hint: 'use a server with smart http, or ssh',
  },
  {
    says: /too slow|timed? ?out/i,
    code: 'SOURCE_TIMEOUT',
    message: 'the remote does not answer in time',
    hint: 'check the network and the remote; the next try comes by itself',
  },
  {
    says: /No space left|Read-only file system|Permission denied|Disk quota/,
    code: 'SOURCE_DAMAGED',
    message: 'the mirror cannot be written',
    hint: 'check that the state folder is writable and that its disk has room',
  },
  {
    ...unreachable,
    says: /Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|closed)|certificate|SSL|GnuTLS|unable to access|Could not read from remote|unexpected disconnect|early EOF|RPC failed|hung up|remote error|returned error: \d/,
  },
];

const shown = 300;

/** What a failed call had to do with: the remote, our mirror, or both. */
export interface Involved {
  readonly network?: boolean;
  readonly mirror?: string;
}

/**
 * What a failed call of git means. A call that stayed on this machine can only fail on a mirror that
 * cannot be read. Where a mirror was involved, anything unknown is taken for that too, so that a fresh
 * one is tried.
 */
export function gitFailure(
  involved: Involved,
  stderr: string,
  hidden: readonly string[],
): PlumblineError {
  const text = scrub(stderr, hidden);
  const own = text.filter((it) => !it.startsWith('remote:'));
  const last = own.findLast((it) => /^(?:fatal|error): /.test(it)) ?? own.at(-1) ?? '';
  const quoted = last === '' ? '' : ` (git: ${last.slice(0, shown)})`;
  const unknown = involved.mirror === undefined ? unreachable : damagedMirror;
  const meaning = involved.network === true ? meaningOf(own) : damagedMirror;
  const { code, message, hint } = meaning ?? unknown;
  return new PlumblineError(code, `${message}${quoted}`, { hint });
}

function meaningOf(lines: readonly string[]): Meaning | undefined {
  return meanings.find(({ says }) => lines.some((it) => says.test(it)));
}

/** The lines of an untrusted text without credentials, control characters or blank lines. */
function scrub(text: string, hidden: readonly string[]): string[] {
  let clear = text;
  for (const secret of hidden) {
    for (const form of [secret, encodeURIComponent(secret)]) clear = clear.replaceAll(form, '***');
  }
  return clear
    .split(/[\r\n]+/)
    .map((it) => escapeUntrusted(withoutUserinfo(it)).trim())
    .filter((it) => it !== '');
}
