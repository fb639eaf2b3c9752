import type { FileFindings } from '../manifest/findings.ts';
import type { SnapshotFile } from '../source/source.ts';
import { countCrash, quarantined } from '../store/crashes.ts';
import type { Ports } from './ports.ts';

/** Keeps a run from content that has ended the process before, and notes what is looked at now. */
export interface ParseWatch {
  refuses(file: SnapshotFile): boolean;
  /** A file is about to be looked at. */
  begins(file: SnapshotFile): void;
  /** All of them have been. */
  ends(): void;
}

/** For a look that writes nothing: it keeps away from the same content, and leaves no mark. */
export async function lookOn({ database, version }: Ports, source: string): Promise<ParseWatch> {
  const refused = await database.read((query) => quarantined(query, source, version));
  return { refuses: ({ blob }) => refused.has(blob), begins: () => {}, ends: () => {} };
}

/** For a run. A mark that is still there tells what the last process was looking at when it ended. */
export async function watchParsing(ports: Ports, source: string): Promise<ParseWatch> {
  const { database, marks, version, clock } = ports;
  const left = marks.left(source);
  const [blob, path] = left?.split('\n') ?? [];
  if (blob !== undefined && path !== undefined) {
    const at = clock.now().toISOString();
    await database.write((query) => countCrash(query, { source, blob, path, version }, at));
    ports.log.warn({ source, file: path }, 'the last process ended while it looked at this file');
    marks.clear(source);
  }
  return {
    ...(await lookOn(ports, source)),
    begins: (file) => marks.mark(source, `${file.blob}\n${file.path}`),
    ends: () => marks.clear(source),
  };
}

/** What is said of a file that is not looked at; whatever it declares stays as it is. */
export function quarantineOf({ path, blob }: SnapshotFile): FileFindings {
  return {
    path,
    blob,
    entries: [],
    manifests: 0,
    unknown: true,
    problems: [
      {
        severity: 'error',
        code: 'FILE_QUARANTINED',
        file: path,
        message:
          'looking at this file has ended the process twice, so it is passed over until it changes',
        hint: 'change or remove the file; the log of the process that ended may say more',
      },
    ],
  };
}
