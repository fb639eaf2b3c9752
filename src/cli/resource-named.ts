import type { Kind } from '../manifest/kind.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import { canonicalName } from '../manifest/normal.ts';
import { kindNamed } from './kind-named.ts';

/** The resource a person means by a kind and a name; a hyphen in the name means an underscore, as in manifests. Throws USAGE. */
export function resourceNamed(
  account: string,
  word: string,
  name: string,
): { readonly kind: Kind; readonly key: ResourceKey } {
  const kind = kindNamed(word);
  const folded = canonicalName(name);
  return {
    kind,
    key: { account, space: kind.space, name: 'name' in folded ? folded.name : name },
  };
}
