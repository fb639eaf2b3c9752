import type { Diagnostic } from '../lib/diagnostic.ts';

/** A file of a snapshot that may hold manifests. */
export interface SnapshotFile {
  /** Relative to the source's root, with `/`. */
  readonly path: string;
  /** Content id: equal ids mean equal bytes. `sha1:…`, `sha256:…`. */
  readonly blob: string;
  /** In bytes. */
  readonly size: number;
}

/** Who made the revision and when; absent for a directory. */
export interface Commit {
  readonly id: string;
  readonly author: string;
  /** ISO 8601. */
  readonly time: string;
  readonly subject: string;
}

/**
 * The files of a source at one moment. A snapshot exists only if every file it lists could be read;
 * what could not be read at all is a thrown error, never a missing file, because a missing file may
 * mean a delete.
 */
export interface Snapshot {
  /** Name of the moment: `main@sha1:4f2c…` or `sha256:…` of the tree's content. */
  readonly revision: string;
  readonly commit?: Commit;
  /** Candidates (`.yaml`, `.yml`, `.json`), in path order. */
  readonly files: readonly SnapshotFile[];
  /** Paths that were passed over, with the reason in a few words, in path order. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  /**
   * Files that would have been candidates but cannot be taken (a link, a pipe, too large, unreadable).
   * They are errors of that file alone; what they may have declared is unknown, so a run with one of
   * them deletes nothing.
   */
  readonly problems: readonly Diagnostic[];
  /**
   * Whether an earlier revision of the source is part of this one's history. Absent where there is no
   * history, as in a folder.
   */
  follows?(revision: string, signal: AbortSignal): Promise<boolean>;
  /**
   * The bytes of the given files, in the order asked for. Throws SOURCE_DAMAGED or SOURCE_UNSTABLE if
   * one of them cannot be read any more or is not what its content id says; the snapshot is void then.
   */
  read(
    files: readonly SnapshotFile[],
  ): AsyncIterable<{ readonly file: SnapshotFile; readonly bytes: Uint8Array }>;
}

/** How a source differs from a revision that was read before: what a snapshot holds, of the paths that changed. */
export interface Changes
  extends Pick<Snapshot, 'revision' | 'commit' | 'follows' | 'files' | 'problems' | 'read'> {
  /** Paths that may have been files and are none any more. */
  readonly gone: readonly string[];
}

/** Where manifests come from. Throws PlumblineError with a SOURCE_ code and never holds half a result. */
export interface Source {
  readonly name: string;
  /** What tells its files from those of another place: equal origins and equal revisions have equal files. */
  readonly origin: string;
  /** The present revision alone, as cheaply as the source can tell it; equal revisions have equal files. */
  revision(signal: AbortSignal): Promise<string>;
  fetch(signal: AbortSignal): Promise<Snapshot>;
  /**
   * The bytes of a file of an earlier snapshot, from what is on this machine; undefined where they are
   * there no more. It never asks the outside.
   */
  recall(file: Pick<SnapshotFile, 'path' | 'blob'>): Promise<Uint8Array | undefined>;
  /**
   * What has changed since a revision of the same origin; it costs what has changed, as far as the
   * source can tell. Undefined where it does not know that revision any more. The limits on the whole of
   * a source are looked at where the whole is listed, by `fetch`.
   */
  changes(since: string, signal: AbortSignal): Promise<Changes | undefined>;
  /** Calls back when there may be something new. A hint only: it may come too often, late, or not at all. */
  watch(changed: () => void): Promise<void>;
  /** Stops watching and ends every process it started. */
  close(): Promise<void>;
}
