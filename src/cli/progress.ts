import { escapeUntrusted } from '../lib/terminal.ts';
import type { WatchedTarget } from '../reconcile/daemon.ts';
import type { Snapshot, Source } from '../source/source.ts';
import type { Terminal } from './invocation.ts';

/** How many files or records go by between two looks at the same line. */
const stride = 500;

/** One line on standard error that is written over while long work goes on. It says nothing where nobody watches. */
export class Progress {
  readonly #terminal: Terminal;
  #shown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(text: string): void {
    if (!this.#terminal.watched) return;
    this.#shown = true;
    this.#terminal.err(`\r\x1b[K${escapeUntrusted(text)}`);
  }

  /** Wipes the line, so that what is printed next stands alone. */
  end(): void {
    if (this.#shown) this.#terminal.err('\r\x1b[K');
    this.#shown = false;
  }

  /** The same items, counted aloud as they go by; the line is wiped behind the last. */
  async *counted<T>(
    items: AsyncIterable<T>,
    textOf: (count: number) => string,
  ): AsyncGenerator<T, void, undefined> {
    let count = 0;
    try {
      for await (const item of items) {
        count += 1;
        if (count % stride === 0) this.tell(textOf(count));
        yield item;
      }
    } finally {
      this.end();
    }
  }
}

/** The target with a source that tells how far it is read, and then what comes after. */
export function told(target: WatchedTarget, progress: Progress, after: string): WatchedTarget {
  const { source, location } = target;
  const { name } = source;
  const reading = (read: Snapshot['read']): Snapshot['read'] =>
    async function* (files) {
      const counting = (count: number) => `${name}: ${count} of ${files.length} files read`;
      yield* progress.counted(read(files), counting);
      progress.tell(`${name}: ${files.length} files read, ${after}`);
    };
  const telling: Source = {
    name,
    origin: source.origin,
    revision: (signal) => {
      // The remote is at work while the line is written.
      const asked = source.revision(signal);
      progress.tell(`${name}: looking at ${location}`);
      return asked;
    },
    recall: (file) => source.recall(file),
    watch: (changed) => source.watch(changed),
    close: () => source.close(),
    fetch: async (signal) => {
      progress.tell(`${name}: looking at ${location}`);
      const snapshot = await source.fetch(signal);
      return { ...snapshot, read: reading(snapshot.read) };
    },
    changes: async (since, signal) => {
      progress.tell(`${name}: looking at ${location}`);
      const changes = await source.changes(since, signal);
      return changes === undefined ? undefined : { ...changes, read: reading(changes.read) };
    },
  };
  return { ...target, source: telling };
}
