import type { Kind } from '../manifest/kind.ts';
import { decoded } from '../manifest/manifest.ts';
import type { Change, FieldChange } from './change.ts';
import { diffFields } from './diff.ts';

const ofKind = Symbol('kind');

type Creation = Omit<Change, 'fields' | 'write'> &
  Required<Pick<Change, 'write'>> & { readonly [ofKind]: Kind };

/** One for all: with a getter each, no two changes would share their shape. */
const fields = {
  enumerable: true,
  get(this: Creation): readonly FieldChange[] {
    return diffFields(this[ofKind], undefined, decoded(this.write), this.owned?.applied);
  },
};

/**
 * A change that makes a record. Its fields follow from what it writes, so they are worked out for
 * whoever asks: kept, those of many new records take more memory than their manifests. A copy of the
 * change has them as values.
 */
export function creation(
  kind: Kind,
  change: Omit<Creation, 'action' | 'kind' | typeof ofKind>,
): Change {
  const made: Creation = { action: 'create', kind: kind.name, ...change, [ofKind]: kind };
  return Object.defineProperty(made, 'fields', fields) as Creation & Pick<Change, 'fields'>;
}
