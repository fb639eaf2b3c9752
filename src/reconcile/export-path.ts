import { PlumblineError } from '../lib/errors.ts';
import { remembered } from '../lib/remembered.ts';
import type { Kind } from '../manifest/kind.ts';
import { canonicalName } from '../manifest/normal.ts';

/**
 * How files are laid out: a folder per kind, all in one folder, or each record in the file and
 * document it came from.
 */
export type Layout = 'kind' | 'source' | 'flat';

/** Lists, in the target folder, the files that an export put there. */
export const indexName = '.plumbline-export.json';

/** Why one file is left as it is; its place names it. */
export function refusal(path: string, message: string, hint: string): PlumblineError {
  return new PlumblineError('EXPORT_REFUSED', message, { hint, place: { file: path } });
}

/** The name of a kind as file names carry it: `LLMClient` is `llm-client`. */
export function manifestFileSlug(kind: Pick<Kind, 'name'>): string {
  return slugOf(kind.name);
}

const slugOf = remembered((name) =>
  name
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase(),
);

/** What decides where a record is written. */
export interface Origin {
  readonly kind: Pick<Kind, 'name'>;
  readonly name: string;
  /** Path of its file in its source; absent for a record that no source owns. */
  readonly file?: string;
}

/** Path of the file for a record, relative to the target. Throws EXPORT_REFUSED. */
export function pathFor({ kind, name, file }: Origin, layout: Layout): string {
  if (layout === 'source' && file !== undefined) return checkedPath(file);
  const slug = manifestFileSlug(kind);
  const verdict = canonicalName(name);
  if (!('name' in verdict) || verdict.name !== name || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug))
    throw refusal(`${kind.name} ${name}`, 'the name cannot be a file name', 'rename it');
  const path = `${slug}/${name}.yaml`;
  if (layout === 'flat') return checkedPath(`${slug}-${name}.yaml`);
  return checkedPath(layout === 'source' ? `manual/${path}` : path);
}

/** Backslashes and drive letters are separators elsewhere; the rest is never part of an honest path. */
const foreign = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|^[A-Za-z]:/u;

/**
 * A path that comes from an inventory or an index, which may hold anything. It is good only if it
 * names a manifest file below the target on every system. Throws EXPORT_REFUSED.
 */
export function checkedPath(path: string): string {
  const good =
    path.length <= 1024 &&
    !foreign.test(path) &&
    /\.(?:ya?ml|json)$/i.test(path) &&
    path.split('/').every(isGoodSegment);
  if (good) return path;
  throw refusal(
    path.slice(0, 200),
    'the path is none that an export may write to',
    'export with --layout kind instead',
  );
}

function isGoodSegment(segment: string): boolean {
  // A trailing dot or blank is dropped by some systems, which would make `.. ` mean `..`.
  if (segment === '' || /[. ]$/.test(segment) || Buffer.byteLength(segment) > 200) return false;
  return ![indexName, '.git'].includes(segment.toLowerCase());
}
