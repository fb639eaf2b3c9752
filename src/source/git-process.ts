import { type ChildProcess, spawn } from 'node:child_process';
import { PlumblineError } from '../lib/errors.ts';
import {
  checkCredentials,
  credentialArguments,
  type GitSetting,
  gitEnvironment,
  secretsOf,
} from './git-environment.ts';
import { gitFailure } from './git-failure.ts';

export interface GitCall {
  readonly signal: AbortSignal;
  /** The mirror; without it git runs outside any repository. */
  readonly mirror?: string;
  /** True where the call talks to the remote: it alone gets the credentials and a transport. */
  readonly network?: boolean;
  readonly input?: string;
  /** Where git and what it starts find configuration; an empty folder without it. */
  readonly home?: string;
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
    const running = this.#start(args, call);
    try {
      running.wait(this.#setting.timeoutMs);
      const printed = running.all();
      await running.verdict();
      return Buffer.concat(printed);
    } finally {
      await running.end();
    }
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
    const helper = network ? credentialArguments(this.#setting) : [];
    const child = spawn('git', [...mirror, ...fixedConfiguration, ...helper, ...args], {
      cwd: this.#setting.home,
      env: { ...gitEnvironment(this.#setting, network), HOME: call.home ?? this.#setting.home },
      detached: true,
      stdio: [call.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
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

  /** What git has printed once `verdict` is there; git is stopped where it prints too much. */
  all(): readonly Buffer[] {
    const chunks: Buffer[] = [];
    let size = 0;
    // An iterator would be neater, and takes longer to start than most answers of git.
    this.#child.stdout?.on('error', this.#stop).on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > outputLimit) this.#halt(tooMuch());
      else chunks.push(chunk);
    });
    return chunks;
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
