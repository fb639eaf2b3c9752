import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** What a process is looking at, noted where the next process finds it. */
export interface ParseMarks {
  /** What the mark of a source says; undefined where its last process has come to an end with it. */
  left(source: string): string | undefined;
  mark(source: string, text: string): void;
  clear(source: string): void;
}

/**
 * Marks in files beside a database. They are not forced to the disk: what a process has written is
 * there after it is killed or aborts, and a machine that stops was not stopped by a manifest. So a mark
 * costs microseconds, and every file that is read can have one. A folder that takes no files costs the
 * marks, and nothing else.
 */
export function fileMarks(database: string): ParseMarks {
  const handles = new Map<string, number>();
  const pathOf = (source: string) => `${database}.reading-${source}`;
  return {
    left: (source) => quietly(() => textOf(readFileSync(pathOf(source), 'utf8')) || undefined),
    mark: (source, text) =>
      quietly(() => {
        const handle = handles.get(source) ?? openSync(pathOf(source), 'w', 0o600);
        handles.set(source, handle);
        writeSync(handle, `${text}${end}`, 0);
      }),
    clear: (source) =>
      quietly(() => {
        const handle = handles.get(source);
        if (handle !== undefined) closeSync(handle);
        handles.delete(source);
        rmSync(pathOf(source), { force: true });
      }),
  };
}

/** What follows it is left of a longer mark: to cut the file each time would cost more than to write it. */
const end = '\0';

function textOf(written: string): string {
  return written.split(end, 1)[0] ?? '';
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Marks that nobody finds, for a database in memory. */
export function memoryMarks(): ParseMarks {
  const marks = new Map<string, string>();
  return {
    left: (source) => marks.get(source),
    mark: (source, text) => void marks.set(source, text),
    clear: (source) => void marks.delete(source),
  };
}
