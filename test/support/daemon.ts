import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SourceStatus } from '../../src/reconcile/status.ts';
import type { Test } from './tap.ts';
import type { World } from './world.ts';

const program = fileURLToPath(new URL('../../src/main.cjs', import.meta.url));

/** Asks again and again until the answer is no longer undefined or false; throws after so many milliseconds. */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  within = 10_000,
): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${ask}`);
    await delay(10);
  }
}

/** A command of Plumbline as a process of its own, killed at the latest when the test is over. */
export class Command {
  readonly process: ChildProcess;
  readonly startedAt = performance.now();
  /** What it wrote to standard error, line by line. */
  readonly log: string[] = [];
  out = '';
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;

  constructor(
    t: Test,
    world: World,
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.process = spawn(process.execPath, [program, ...words], {
      cwd: world.folder,
      env: { PATH: process.env['PATH'], ...world.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk.toString();
    });
    if (this.process.stderr !== null)
      createInterface(this.process.stderr).on('line', (line) => this.log.push(line));
    this.#ended = once(this.process, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    t.teardown(async () => {
      this.process.kill('SIGKILL');
      await this.#ended;
    });
  }

  /** The exit status, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    const [status, signal] = await this.#ended;
    return status ?? signal;
  }

  /** Sends a signal and gives the exit status with the milliseconds until then. */
  async stop(signal: NodeJS.Signals): Promise<{ exit: number | string | null; within: number }> {
    const start = performance.now();
    this.process.kill(signal);
    const exit = await this.ended();
    return { exit, within: performance.now() - start };
  }
}

/** A daemon on a port of its own. */
export class RunningDaemon extends Command {
  constructor(t: Test, world: World, environment: Readonly<Record<string, string>> = {}) {
    super(t, world, ['run'], {
      PLUMBLINE_HTTP_LISTEN: '127.0.0.1:0',
      PLUMBLINE_LOG_LEVEL: 'info',
      PLUMBLINE_LOG_FORMAT: 'json',
      ...environment,
    });
  }

  /** Where it listens, as its log tells. */
  address(): Promise<string> {
    return eventually(() => {
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.log.join('\n')}`);
      const line = this.log.find((it) => it.includes('listening'));
      return line?.match(/127\.0\.0\.1:\d+/)?.[0];
    });
  }

  async ask(path: string, method: 'GET' | 'POST' = 'GET') {
    const response = await fetch(`http://${await this.address()}${path}`, { method });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async source(name?: string): Promise<SourceStatus> {
    const { sources } = (await this.ask('/api/v1/status')).body as {
      sources: readonly SourceStatus[];
    };
    return sources.find((it) => name === undefined || it.name === name) as SourceStatus;
  }

  /** Waits until it is ready and gives the answers of `/readyz` on the way. */
  async ready(): Promise<readonly number[]> {
    const answers: number[] = [];
    await eventually(async () => {
      const { status } = await this.ask('/readyz');
      answers.push(status);
      return status === 200;
    }, 20_000);
    return answers;
  }
}
