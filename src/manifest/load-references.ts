import type { Diagnostic } from '../lib/diagnostic.ts';
import { detached, type JsonObject, recurring, valueAt } from '../lib/json.ts';
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
    const steps = path.split('.');
    for (const [index, written] of (Array.isArray(value) ? value : [value]).entries()) {
      if (typeof written !== 'string' || written.trim() === '') continue;
      const at = Array.isArray(value) ? [...steps, index] : steps;
      const { name, severity, ...words } = judge(written, space, kinds);
      if (severity !== undefined)
        problems.push(tell(document, 'MANIFEST_BAD_NAME', at, 'value', words, severity));
      if (name === undefined || references.has(`${space}/${name}`)) continue;
      const { line, column } = document.valuePlace(at);
      references.set(`${space}/${name}`, {
        path: recurring(at.join('.')),
        space,
        name: recurring(detached(name)),
        line,
        column,
      });
    }
  }
  return { references: [...references.values()], problems };
}

/** The kinds whose names a name space holds, as a sentence has them. */
export function kindsOf(space: string, kinds: KindSet): string {
  const names = kinds.all.filter((it) => it.space === space).map((it) => it.name);
  return names.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

interface Judgement {
  readonly name?: string;
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** What looks like the secret itself must not be shown, not even as a suggestion. */
function judge(written: string, space: string, kinds: KindSet): Judgement {
  const verdict = canonicalName(written);
  if ('name' in verdict && verdict.name === written)
    return { name: written, message: '', hint: '' };
  const what = kindsOf(space, kinds);
  if (looksSecret(written)) {
    const message = `this must be the name of a ${what}, and it looks like a secret`;
    const hint = 'write the name, and replace the secret: it is in the history of the repository';
    return { severity: 'error', message, hint };
  }
  if ('name' in verdict) {
    const { name } = verdict;
    const message = `a hyphen in a name means an underscore, so this is ${name}`;
    return { name, severity: 'warning', message, hint: `write ${name}` };
  }
  const { problem, suggestion } = verdict;
  // What stands where the name of a secret is wanted, and is no name, may well be its value.
  const isTelling = kinds.all.some((it) => it.space === space && it.secret !== undefined);
  const hint =
    suggestion === undefined || isTelling ? `write the name of a ${what}` : `write ${suggestion}`;
  return { severity: 'error', message: `the name of a ${what} ${problem}`, hint };
}
