import { randomUUID } from 'node:crypto';
import { PlumblineError } from '../lib/errors.ts';
import type { Plan } from '../plan/change.ts';
import type { SnapshotFile } from '../source/source.ts';
import { type Approved, approve } from './approve.ts';
import { type Rhythm, SourceLoop } from './loop.ts';
import { keepOwing } from './new-endpoint.ts';
import type { RunResult } from './outcome.ts';
import type { Ports, Target } from './ports.ts';
import { keepTrimming } from './retention.ts';
import type { Daemon, RunStart, SourceStatus } from './status.ts';

/** A source with when to look at it and how to call it. */
export interface WatchedTarget extends Target {
  readonly rhythm: Rhythm;
  /** For people, without credentials. */
  readonly location: string;
}

/** All sources of one process, each in a loop of its own. */
export class DaemonLoops implements Daemon {
  readonly #ports: Ports;
  readonly #loops: readonly SourceLoop[];
  readonly #listeners = new Set<(status: SourceStatus, result: RunResult) => void>();
  readonly #startListeners = new Set<(start: RunStart) => void>();

  constructor(ports: Ports, targets: readonly WatchedTarget[]) {
    this.#ports = ports;
    const heard = {
      started: (start: RunStart) => {
        for (const listener of this.#startListeners) listener(start);
      },
      finished: (status: SourceStatus, result: RunResult) => {
        for (const listener of this.#listeners) listener(status, result);
      },
    };
    const but = (one: WatchedTarget) =>
      targets.filter((it) => it !== one).map(({ source }) => source.name);
    this.#loops = targets.map(
      (target) => new SourceLoop(ports, target, target.rhythm, target.location, heard, but(target)),
    );
  }

  status(): readonly SourceStatus[] {
    return this.#loops.map((loop) => loop.status);
  }

  request(source?: string): string {
    const loops = source === undefined ? this.#loops : [this.#loop(source)];
    const id = randomUUID();
    for (const loop of loops) loop.request(id);
    return id;
  }

  hint(source: string): void {
    this.#loop(source).trigger('webhook');
  }

  async plan(source: string): Promise<Plan> {
    return this.#loop(source).plan();
  }

  async drift(source: string): Promise<Plan> {
    return this.#loop(source).drift();
  }

  async approve(plan: string, actor: string): Promise<Approved> {
    const plannable = this.#loops.map((loop) => ({ name: loop.status.name, plan: loop.plan }));
    const done = await approve(this.#ports, plannable, plan, actor);
    this.#loop(done.source).trigger('request');
    return done;
  }

  async recall(source: string, file: Pick<SnapshotFile, 'path' | 'blob'>) {
    return this.#loops.find((it) => it.status.name === source)?.recall(file);
  }

  /** Asks every source for a run, as SIGHUP does. */
  lookAgain(): void {
    for (const loop of this.#loops) loop.trigger('signal');
  }

  onStart(listener: (start: RunStart) => void): () => void {
    this.#startListeners.add(listener);
    return () => this.#startListeners.delete(listener);
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
    const trimming = keepTrimming(this.#ports, either);
    const owing = keepOwing(this.#ports, either, () => this.lookAgain());
    const [failure] = (await Promise.allSettled(ends)).filter((it) => it.status === 'rejected');
    stop.abort();
    await trimming;
    await owing;
    if (failure !== undefined) throw failure.reason;
  }

  #loop(source: string): SourceLoop {
    const loop = this.#loops.find((it) => it.status.name === source);
    if (loop !== undefined) return loop;
    throw new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${source.slice(0, 60)}`, {
      hint: `name one of: ${this.#loops.map((it) => it.status.name).join(', ')}`,
    });
  }
}
