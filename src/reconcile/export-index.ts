import { PlumblineError } from '../lib/errors.ts';
import { isObject } from '../lib/json.ts';
import type { ExportFolder, Present } from './export-folder.ts';
import { checkedPath, indexName } from './export-path.ts';

/** A file that an export created. */
export interface ListedFile {
  /** Of the content that was written; any other content is somebody else's work. */
  readonly digest: string;
  /** `account/Kind/name` of what it declares. */
  readonly records: readonly string[];
  readonly source?: string;
}

export type ExportIndex = Map<string, ListedFile>;

/**
 * The files that earlier exports created in the folder, and the index as it is there. Throws
 * EXPORT_REFUSED for an index that is not one of ours.
 */
export function readIndex(folder: ExportFolder): {
  readonly index: ExportIndex;
  readonly saved: Present | undefined;
} {
  try {
    const saved = folder.read(indexName);
    if (saved === undefined) return { index: new Map(), saved };
    const { files } = JSON.parse(saved.text) as { files: unknown };
    if (!isObject(files)) throw new TypeError('no files');
    const listing = Object.entries(files).map(
      ([path, it]) => [checkedPath(path), listed(it)] as const,
    );
    return { index: new Map(listing), saved };
  } catch (cause) {
    throw new PlumblineError('EXPORT_REFUSED', `${indexName} in the target cannot be understood`, {
      hint: 'delete it; files of earlier exports then stay where they are',
      cause,
    });
  }
}

function listed(value: unknown): ListedFile {
  if (!isObject(value)) throw new TypeError('no file');
  const { digest, records, source } = value;
  const texts = Array.isArray(records) && records.every((it) => typeof it === 'string');
  if (typeof digest !== 'string' || !texts) throw new TypeError('no digest or records');
  return typeof source === 'string' ? { digest, records, source } : { digest, records };
}

/** The index as text, one file a line in path order, so that it makes small diffs. */
export function printIndex(index: ExportIndex): string {
  const lines = [...index.keys()].sort().map((path) => {
    const { digest, records, source } = index.get(path) as ListedFile;
    return `    ${JSON.stringify(path)}: ${JSON.stringify({ digest, records, source })}`;
  });
  const head = '{\n  "apiVersion": "plumbline.dev/v1",\n  "kind": "ExportIndex",\n  "files": {';
  return `${head}${lines.length === 0 ? '' : '\n'}${lines.join(',\n')}\n  }\n}\n`;
}
