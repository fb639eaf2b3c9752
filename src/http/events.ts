import { PlumblineError } from '../lib/errors.ts';
import { type Condition, conditionsOf } from '../reconcile/conditions.ts';
import type { Ports } from '../reconcile/ports.ts';
import type { Daemon, SourceStatus } from '../reconcile/status.ts';
import { entriesAfter, type JournalRow, newestEntryId } from '../store/journal.ts';
import type { Event, EventStream } from './event-stream.ts';
import { changeJson, finishedJson } from './journal-json.ts';
import type { HttpLimits } from './limits.ts';

/** Milliseconds between two looks into the journal, where other processes write as well. */
const rhythm = 1000;

/** Entries told to a reader that comes back, all at once; of more it is told only that it missed them. */
const mostReplayed = 500;

/**
 * Tells readers what happens while they listen: runs of the daemon as it makes them, and changes as
 * they stand in the journal, whoever made them. Everything is told in one order, so a reader that
 * comes back and says what it has seen misses no entry and gets none twice.
 */
export class Events {
  readonly #daemon: Daemon;
  readonly #database: Ports['database'];
  readonly #log: Ports['log'];
  readonly #limits: HttpLimits;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #conditions = new Map<string, readonly Condition[]>();
  readonly #open = new Set<EventStream>();
  /** Those of the open streams that have been told what came before. */
  readonly #readers = new Set<EventStream>();
  #timers: readonly NodeJS.Timeout[] = [];
  /** The last entry that all readers have been told. */
  #seen = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(daemon: Daemon, { database, log }: Ports, limits: HttpLimits) {
    this.#database = database;
    this.#log = log;
    this.#limits = limits;
    this.#daemon = daemon;
    this.#unsubscribe = [
      daemon.onStart((start) => this.#inTurn(() => this.#tell('run-started', { ...start }))),
      daemon.onRun((status) => this.#inTurn(() => this.#finished(status))),
    ];
  }

  /** Throws REQUEST_TOO_MANY where no further stream may be opened. */
  admit(): void {
    if (this.#open.size < this.#limits.streams) return;
    throw new PlumblineError('REQUEST_TOO_MANY', 'too many event streams are open', {
      hint: 'close one that nobody reads',
    });
  }

  /** Takes in a reader. One that comes back is told first what it missed since the entry with this id. */
  join(stream: EventStream, since?: number): void {
    this.#open.add(stream);
    if (this.#open.size === 1) this.#start();
    this.#inTurn(async () => {
      await this.#follow();
      if (!this.#open.has(stream)) return;
      if (since !== undefined) await this.#replay(stream, since);
      stream.begin(this.#seen);
      this.#readers.add(stream);
    });
  }

  leave(stream: EventStream): void {
    this.#open.delete(stream);
    this.#readers.delete(stream);
    if (this.#open.size === 0) this.#stop();
  }

  /** Ends all streams. */
  close(): void {
    for (const end of this.#unsubscribe) end();
    for (const stream of this.#open) {
      stream.end();
      this.leave(stream);
    }
  }

  #start(): void {
    for (const status of this.#daemon.status())
      this.#conditions.set(status.name, conditionsOf(status));
    const follow = setInterval(() => this.#inTurn(() => this.#follow()), rhythm);
    const beat = setInterval(() => {
      for (const stream of this.#open) stream.beat();
    }, this.#limits.heartbeat);
    this.#timers = [follow.unref(), beat.unref()];
  }

  #stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** One thing after the other, so that everybody is told everything in one order. */
  #inTurn(work: () => Promise<void> | void): void {
    if (this.#open.size === 0) return;
    this.#turn = this.#turn
      .then(work)
      .catch((error) => this.#log.warn({ err: error }, 'an event could not be told'));
  }

  /** Tells what the journal has that readers do not know; while there are none, it only keeps up. */
  async #follow(): Promise<void> {
    if (this.#readers.size === 0) {
      this.#seen = await this.#database.read(newestEntryId);
      return;
    }
    for (;;) {
      const rows = await this.#database.read((query) => entriesAfter(query, {}, this.#seen));
      for (const row of rows) {
        this.#seen = row.id;
        // How a run of this daemon ended is told by the daemon, with more than the journal has.
        if (row.verb !== 'sync') this.#tellAll(eventOf(row));
      }
      if (rows.length === 0) return;
    }
  }

  async #replay(stream: EventStream, since: number): Promise<void> {
    const limit = mostReplayed + 1;
    const rows = await this.#database.read((query) => entriesAfter(query, { limit }, since));
    if (rows.length === limit)
      return stream.tell({ type: 'missed', data: { since, hint: 'read GET /api/v1/journal' } });
    // What was written meanwhile comes with the next look.
    for (const row of rows) if (row.id <= this.#seen) stream.tell(eventOf(row));
  }

  async #finished(status: SourceStatus): Promise<void> {
    await this.#follow();
    const { name: source, outcome, message, revision, lastRun } = status;
    const { id: run, work: _, ...told } = lastRun ?? {};
    this.#tell('run-finished', { source, run, outcome, message, revision, ...told });
    const before = this.#conditions.get(source) ?? [];
    const now = conditionsOf(status);
    this.#conditions.set(source, now);
    for (const condition of now) {
      const old = before.find((it) => it.type === condition.type);
      if (old?.status !== condition.status || old.reason !== condition.reason)
        this.#tell('condition', { source, ...condition });
    }
  }

  #tell(type: Event['type'], data: Event['data']): void {
    this.#tellAll({ type, data });
  }

  #tellAll(event: Event): void {
    for (const reader of this.#readers) reader.tell(event);
  }
}

function eventOf(row: JournalRow): Event {
  return row.verb === 'sync'
    ? { type: 'run-finished', id: row.id, data: finishedJson(row) }
    : { type: 'change', id: row.id, data: changeJson(row) };
}
