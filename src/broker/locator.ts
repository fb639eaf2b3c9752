import type { Kind } from '../manifest/kind.ts';

/**
 * The public name of a record's row: the kind in lower case and an id that does not look like a
 * count. The form is the reference platform's: `r`, base64url of the id plus a million, `x`.
 */
export function recordLocator(kind: Kind, id: number): string {
  const hidden = Buffer.from(String(id + 1_000_000)).toString('base64url');
  return `${kind.name.toLowerCase()}-r${hidden}x`;
}
