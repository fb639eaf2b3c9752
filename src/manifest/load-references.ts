import type { Diagnostic } from '../lib/diagnostic.ts';
import { type JsonObject, valueAt } from '../lib/json.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import { looksSecret } from '../lib/yaml-frame.ts';
import type { Kind, KindSet } from './kind.ts';
import { tell } from './load-tell.ts';
import type { Reference } from './manifest.ts';
import { canonicalName } from './normal.ts';

/** What a manifest refers to, each with its place, and what is wrong with the names as such. */
export function collectReferences(
  document: YamlDocument,
  root: JsonObject,
  kind: Kind,
  kinds: KindSet,
): { readonly references: readonly Reference[]; readonly problems: readonly Diagnostic[] } {
  const references = new Map<string, Reference>();
  const problems: Diagnostic[] = [];
  for (const { path, references: space } of kind.fields) {
    if (space === undefined) continue;
    const value = valueAt(root, path);
    for (const [index, written] of (Array.isArray(value) ? value : [value]).entries()) {
      if (typeof written !== 'string' || written.trim() === '') continue;
      const at = Array.isArray(value) ? [...path.split('.'), index] : path.split('.');
      const verdict = canonicalName(written);
      if (!('name' in verdict)) {
        problems.push(
          tell(document, 'MANIFEST_BAD_NAME', at, 'value', badName(written, verdict, space, kinds)),
        );
        continue;
      }
      const { name } = verdict;
      if (name !== written) {
        const words = {
          message: `a hyphen in a name means an underscore, so this is ${name}`,
          hint: `write ${name}`,
        };
        problems.push(tell(document, 'MANIFEST_BAD_NAME', at, 'value', words, 'warning'));
      }
      if (!references.has(`${space}/${name}`))
        references.set(`${space}/${name}`, {
          path: at.join('.'),
          space,
          name,
          ...document.place(at, 'value'),
        });
    }
  }
  return { references: [...references.values()], problems };
}

/** What looks like the secret itself must not be shown, not even as a suggestion. */
function badName(
  written: string,
  { problem, suggestion }: { problem: string; suggestion: string | undefined },
  space: string,
  kinds: KindSet,
): { message: string; hint: string } {
  const names = kinds.all.filter((it) => it.space === space).map((it) => it.name);
  const what = names.join(' or ');
  if (looksSecret(written))
    return {
      message: `this must be the name of a ${what}, and it looks like a secret`,
      hint: `write the name, and replace the secret, which now is in the history of the repository`,
    };
  const hint = suggestion === undefined ? `write the name of a ${what}` : `write ${suggestion}`;
  return { message: `the name of a ${what} ${problem}`, hint };
}
