import { PlumblineError } from '../lib/errors.ts';
import type { Kind } from '../manifest/kind.ts';
import type { ResourceKey } from '../manifest/manifest.ts';
import { canonicalName } from '../manifest/normal.ts';
import type { Assembly } from './assemble.ts';
import { kindNamed } from './kind-named.ts';
import { noDatabase } from './no-database.ts';

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

/** That a kind has no record of a name, with the reason where there is no database at all. */
export function notFound(assembly: Assembly, kind: Kind, name: string): PlumblineError {
  const why = noDatabase(assembly);
  const what = `there is no ${kind.name} named ${name.slice(0, 60)}`;
  return new PlumblineError('RECORD_NOT_FOUND', why === undefined ? what : `${what}: ${why}`, {
    hint:
      why === undefined
        ? `list them with 'plumbline get ${kind.name.toLowerCase()}'`
        : "make it with 'plumbline sync', or name another with --database",
  });
}
