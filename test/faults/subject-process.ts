import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { failpointVariable } from '../../src/lib/failpoint.ts';
import { eventually } from '../support/daemon.ts';
import type { Ground } from './ground.ts';

const program = fileURLToPath(new URL('./subject.js', import.meta.url));

/** The subject as a process, in a folder, with a failpoint armed. */
export class Subject {
  readonly process: ChildProcess;
  err = '';
  readonly #started = performance.now();
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  lasted = 0;

  constructor(
    ground: Ground,
    folder: string,
    words: readonly string[],
    failpoint = '',
    wrapper: readonly string[] = [],
  ) {
    const [command, ...args] = [...wrapper, process.execPath, program, ...words] as [string];
    this.process = spawn(command, args, {
      cwd: folder,
      env: { ...ground.environment, [failpointVariable]: failpoint },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk.toString();
    });
    this.#ended = once(this.process, 'close').then(([status, signal]) => {
      this.lasted = performance.now() - this.#started;
      return (status as number | null) ?? (signal as NodeJS.Signals);
    });
  }

  ended(): Promise<number | NodeJS.Signals | null> {
    return this.#ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Waits until it stands still at its failpoint. */
  async hangs(): Promise<void> {
    await eventually(() => {
      if (this.process.exitCode !== null) throw new Error(`it ended instead: ${this.err}`);
      return this.err.includes('hangs');
    }, 20_000);
  }
}
