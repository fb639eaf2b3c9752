import { hashedId } from '../lib/hashed-id.ts';
import type { Kind } from '../manifest/kind.ts';

/** The public name of a record's row: the kind in lower case and its hashed id. */
export function recordLocator(kind: Kind, id: number): string {
  return `${kind.name.toLowerCase()}-${hashedId(id)}`;
}
