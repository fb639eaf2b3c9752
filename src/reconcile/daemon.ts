import { PlumblineError } from '../lib/errors.ts';
import { type Rhythm, SourceLoop } from './loop.ts';
import type { RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import type { Daemon, SourceStatus } from './status.ts';

/** A source with when to look at it and how to call it. */
export interface WatchedTarget extends Target {
  readonly rhythm: Rhythm;
  /** For people, without credentials. */
  readonly location: string;
}

/** All sources of one process, each in a loop of its own. */
export class DaemonLoops implements Daemon {
  readonly #loops: readonly SourceLoop[];
  readonly #listeners = new Set<(status: SourceStatus, result: RunResult) => void>();

  constructor(ports: Ports, targets: readonly WatchedTarget[]) {
    const finished = (status: SourceStatus, result: RunResult) => {
      for (const listener of this.#listeners) listener(status, result);
    };
    this.#loops = targets.map(
      (target) => new SourceLoop(ports, target, target.rhythm, target.location, finished),
    );
  }

  status(): readonly SourceStatus[] {
    return this.#loops.map((loop) => loop.status);
  }

  request(source?: string): string {
    const [first, ...others] = this.#named(source);
    const id = first.request();
    for (const loop of others) loop.request(id);
    return id;
  }

  hint(source: string): void {
    for (const loop of this.#named(source)) loop.trigger('webhook');
  }

  /** Asks every source for a run, as SIGHUP does. */
  lookAgain(): void {
    for (const loop of this.#loops) loop.trigger('signal');
  }

  #named(source: string | undefined): readonly [SourceLoop, ...SourceLoop[]] {
    const loops = this.#loops.filter((it) => source === undefined || it.status.name === source);
    const [first, ...others] = loops;
    if (first !== undefined) return [first, ...others];
    throw new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${source}`, {
      hint: `name one of: ${this.#loops.map((it) => it.status.name).join(', ')}`,
    });
  }

  onRun(listener: (status: SourceStatus, result: RunResult) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Runs every loop until the signal fires and all of them have come to rest. A loop that cannot go on
   * ends the others first, because what they all share is closed once this returns or throws.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const ends = this.#loops.map((loop) =>
      loop.run(either).catch((error) => {
        stop.abort();
        throw error;
      }),
    );
    const [failure] = (await Promise.allSettled(ends)).filter((it) => it.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }
}
