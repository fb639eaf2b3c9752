import { type ChildProcess, spawn } from 'node:child_process';
import { PlumblineError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import type { GitAddress } from './git-address.ts';
import { gitFailure } from './git-failure.ts';

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

export interface GitCall {
  readonly signal: AbortSignal;
  /** The mirror; without it git runs outside any repository. */
  readonly mirror?: string;
  /** True where the call talks to the remote: it alone gets the credentials and a transport. */
  readonly network?: boolean;
  readonly input?: string;
}

/** What a repository, a user or a machine could configure to run a command is switched off here. */
const fixedConfiguration = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'fetch.fsckObjects=true',
  'transfer.fsckObjects=true',
  'fetch.unpackLimit=1',
  'fetch.writeCommitGraph=false',
  'submodule.recurse=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=20',
  'http.followRedirects=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.version=2',
  'credential.helper=',
].flatMap((it) => ['-c', it]);

/** Reads the environment, so that no credential is ever in an argument, a file or a URL. */
const credentialFromEnvironment =
  'credential.helper=!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$PLUMBLINE_GIT_USERNAME" "$PLUMBLINE_GIT_PASSWORD"; }; f';

const errorTextLimit = 16_384;
const outputLimit = 268_435_456;
const graceMs = 300;

/** Leaders of process groups that run now; whatever ends this process ends them too. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
});

/** Runs git for one source: nothing inherited, nothing asked, nothing left behind. */
export class GitProcess {
  readonly #setting: GitSetting;
  readonly #running = new Set<Running>();
  #closed = false;

  /** Throws SOURCE_REFUSED for credentials that do not fit the address or could not be passed on safely. */
  constructor(setting: GitSetting) {
    checkCredentials(setting);
    this.#setting = setting;
  }

  /** Runs git to its end and gives what it printed. Throws a SOURCE_ error. */
  async run(args: readonly string[], call: GitCall): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const running = this.#start(args, call);
    try {
      running.wait(this.#setting.timeoutMs);
      for await (const chunk of running.output()) {
        size += chunk.length;
        if (size > outputLimit) throw tooMuch();
        chunks.push(chunk);
      }
      await running.verdict();
    } finally {
      await running.end();
    }
    return Buffer.concat(chunks);
  }

  /** What git prints, as it comes; git is ended when the reader stops. Throws a SOURCE_ error. */
  async *stream(args: readonly string[], call: GitCall): AsyncGenerator<Buffer> {
    const running = this.#start(args, call);
    try {
      running.wait(this.#setting.timeoutMs);
      for await (const chunk of running.output()) {
        running.rest();
        yield chunk;
        running.wait(this.#setting.timeoutMs);
      }
      await running.verdict();
    } finally {
      await running.end();
    }
  }

  /** Ends every git that runs, and lets no other start. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map((it) => it.end()));
  }

  #start(args: readonly string[], call: GitCall): Running {
    if (this.#closed || call.signal.aborted) throw stopped();
    const mirror = call.mirror === undefined ? [] : [`--git-dir=${call.mirror}`];
    const network = call.network === true;
    const helper = network && hasPassword(this.#setting) ? ['-c', credentialFromEnvironment] : [];
    const child = spawn('git', [...mirror, ...fixedConfiguration, ...helper, ...args], {
      cwd: this.#setting.home,
      env: environment(this.#setting, network),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const running = new Running(child, call, secretsOf(this.#setting));
    this.#running.add(running);
    void running.closed.then(() => this.#running.delete(running));
    return running;
  }
}

/** One git with its process group. */
class Running {
  /** Resolves when git and everything it started have let go of their pipes; it never rejects. */
  readonly closed: Promise<number | undefined>;
  readonly #child: ChildProcess;
  readonly #call: GitCall;
  readonly #hidden: readonly string[];
  readonly #stop = () => {
    this.#halt(stopped());
  };
  #errorText = '';
  #reason: PlumblineError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, call: GitCall, hidden: readonly string[]) {
    this.#child = child;
    this.#call = call;
    this.#hidden = hidden;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-errorTextLimit);
    });
    // Git may end before it has read everything; its exit status says what is to be known.
    child.stdin?.on('error', () => undefined).end(call.input ?? '');
    if (child.pid !== undefined) groups.add(child.pid);
    call.signal.addEventListener('abort', this.#stop);
    this.closed = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#reason ??= notRunnable(error);
        resolve(undefined);
      });
      child.once('close', (status) => {
        resolve(status ?? undefined);
      });
    });
    void this.closed.then(() => {
      this.rest();
      call.signal.removeEventListener('abort', this.#stop);
      if (child.pid !== undefined) groups.delete(child.pid);
    });
  }

  /** What git prints; throws the reason where git was stopped. */
  async *output(): AsyncGenerator<Buffer> {
    try {
      yield* this.#child.stdout as AsyncIterable<Buffer>;
    } catch (error) {
      await this.closed;
      throw this.#reason ?? error;
    }
  }

  /** From now on git has so many milliseconds. */
  wait(milliseconds: number): void {
    this.rest();
    this.#timer = setTimeout(() => {
      this.#halt(timedOut(milliseconds));
    }, milliseconds);
  }

  /** Git need not hurry: it waits for us. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** Returns if git ended well; throws what its end means otherwise. */
  async verdict(): Promise<void> {
    const status = await this.closed;
    if (this.#reason !== undefined) throw this.#reason;
    if (status !== 0) {
      throw gitFailure(this.#call, this.#errorText, this.#hidden);
    }
  }

  /** Makes sure that nothing of the group lives on. */
  async end(): Promise<void> {
    this.#halt(stopped());
    this.#child.stdout?.destroy();
    await this.closed;
  }

  /** First politely, so that git takes its lock files away; what then still lives is killed. */
  #halt(reason: PlumblineError): void {
    const { pid } = this.#child;
    if (pid === undefined || !groups.has(pid) || this.#reason !== undefined) return;
    this.#reason = reason;
    signalGroup(pid, 'SIGTERM');
    const kill = setTimeout(() => {
      signalGroup(pid, 'SIGKILL');
    }, graceMs);
    void this.closed.then(() => {
      clearTimeout(kill);
      signalGroup(pid, 'SIGKILL');
    });
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}

/** All that git and its children see of the world. */
function environment(setting: GitSetting, network: boolean): NodeJS.ProcessEnv {
  const base = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: setting.home,
    LANG: 'C',
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
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

function checkCredentials({ address, credentials }: GitSetting): void {
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

function hasPassword({ credentials }: GitSetting): boolean {
  return credentials !== undefined && 'password' in credentials;
}

function secretsOf({ credentials }: GitSetting): string[] {
  if (credentials === undefined || !('password' in credentials)) return [];
  return [credentials.password.reveal()].filter((it) => it !== '');
}

function stopped(): PlumblineError {
  return new PlumblineError('SOURCE_TIMEOUT', 'git was stopped before it was done', {
    hint: 'nothing to do: the next run starts again',
  });
}

function timedOut(milliseconds: number): PlumblineError {
  return new PlumblineError('SOURCE_TIMEOUT', `git did not answer within ${milliseconds} ms`, {
    hint: 'check the network and the remote, or give the source a longer timeout',
  });
}

function tooMuch(): PlumblineError {
  return new PlumblineError('SOURCE_LIMIT', `git printed more than ${outputLimit} bytes`, {
    hint: 'give the source a path, so that it reads a part of the repository only',
  });
}

function notRunnable(error: Error): PlumblineError {
  return new PlumblineError('SOURCE_UNREACHABLE', 'git cannot be run', {
    hint: 'install git 2.29 or newer and make sure that it is in the PATH',
    cause: error,
  });
}
