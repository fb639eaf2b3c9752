import type { Diagnostic } from '../lib/diagnostic.ts';
import { isObject, type JsonObject, type JsonValue, valueAt } from '../lib/json.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import type { Path } from '../lib/yaml-document.ts';
import type { Kind } from './kind.ts';
import { tell } from './load-tell.ts';

/** Characters of a description that listings have room for. */
const roomForDescription = 255;

const signIn = /^[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]*@/i;

/** What is worth saying of a manifest besides its shape: what is unwise, and passwords in addresses. */
export function adviceOn(document: YamlDocument, root: JsonObject, kind: Kind): Diagnostic[] {
  const found: Diagnostic[] = [];
  const advise = (path: string, message: string, hint: string) => {
    found.push(
      tell(document, 'MANIFEST_ADVICE', path.split('.'), 'value', { message, hint }, 'warning'),
    );
  };
  if (isObject(root['metadata'])) {
    const description = valueAt(root, 'metadata.description');
    if ((description ?? null) === null)
      advise('metadata.description', 'there is no description', 'add description: what it is for');
    else if (typeof description === 'string' && description.length > roomForDescription)
      advise(
        'metadata.description',
        `the description has ${description.length} characters`,
        `keep it within ${roomForDescription}`,
      );
    if ((valueAt(root, 'metadata.version') ?? null) === null)
      advise('metadata.version', 'there is no version', 'add version: 1.0.0');
  }
  for (const { path } of kind.fields.filter((it) => it.compare === 'set')) {
    const items = valueAt(root, path);
    const twice = Array.isArray(items) ? firstRepeated(items) : -1;
    if (twice !== -1) advise(`${path}.${twice}`, 'this item is there already', 'remove it');
  }
  const withPassword: Path[] = [];
  findPasswords(root['spec'], ['spec'], withPassword);
  for (const path of withPassword) {
    const message = 'this address holds a password, and a manifest is no place for secrets';
    const hint = 'remove what stands before the @, and change the password';
    found.push(tell(document, 'MANIFEST_FORBIDDEN', path, 'value', { message, hint }));
  }
  return found;
}

function firstRepeated(items: readonly JsonValue[]): number {
  const seen = new Set<JsonValue>();
  return items.findIndex((it) => seen.size === seen.add(it).size);
}

/**
 * Finds the paths of addresses that hold a password. Each value of every manifest is looked at, so only a
 * find costs a path.
 */
function findPasswords(
  value: JsonValue | undefined,
  steps: (string | number)[],
  found: Path[],
): void {
  if (typeof value === 'string') {
    if (signIn.test(value)) found.push([...steps]);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    steps.push(key);
    findPasswords((value as JsonObject)[key], steps, found);
    steps.pop();
  }
}
