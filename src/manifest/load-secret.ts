import type { Diagnostic } from '../lib/diagnostic.ts';
import { type JsonObject, valueAt } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';
import type { YamlDocument } from '../lib/yaml.ts';
import type { Kind } from './kind.ts';
import { tell } from './load-tell.ts';
import type { ResourceKey } from './manifest.ts';
import { keptValue, type Vault, valueFrom, withSecret } from './secret-value.ts';

/** A manifest's content with its secret taken out of it. */
export interface Confided {
  /** The value's keyed hash stands in its place; nothing does where there is no vault or no value. */
  readonly root: JsonObject;
  readonly sealed?: string;
  readonly problems: readonly Diagnostic[];
}

/** The content as everybody may see it, to be called before its shape is known to be right. */
export function withoutSecret(root: JsonObject, { secret }: Kind): JsonObject {
  if (secret === undefined || (valueAt(root, secret.value) ?? null) === null) return root;
  return withSecret(root, secret.value, keptValue);
}

/**
 * Replaces the secret value of a manifest by its keyed hash, and seals it. Without a vault, as in an
 * offline check, the value is neither looked up nor hashed.
 */
export function confide(
  document: YamlDocument,
  root: JsonObject,
  kind: Kind,
  key: ResourceKey,
  vault: Vault | undefined,
): Confided {
  const { secret } = kind;
  if (secret === undefined) return { root, problems: [] };
  const problems: Diagnostic[] = [];
  const written = valueAt(root, secret.value);
  const from = valueFrom(valueAt(root, secret.from));
  const isClear = typeof written === 'string' && written !== keptValue;
  if (isClear) problems.push(advice(document, secret.value));
  if (vault === undefined || (!isClear && from === undefined))
    return { root: withoutSecret(root, kind), problems };
  const value = from === undefined ? new Secret(String(written)) : vault.read(from, key);
  if (!(value instanceof Secret)) {
    const at = [...secret.from.split('.'), ...Object.keys(from ?? {})];
    const problem = hiding(tell(document, 'SECRET_UNAVAILABLE', at, 'value', value));
    return { root: withoutSecret(root, kind), problems: [...problems, problem] };
  }
  const { hash, sealed } = vault.seal(value, key);
  return { root: withSecret(root, secret.value, hash), sealed, problems };
}

function advice(document: YamlDocument, path: string): Diagnostic {
  const message = 'a secret value does not belong into a manifest, where everybody can read it';
  const hint = 'write valueFrom: { env: NAME }, and replace the secret, which has been seen';
  return hiding(
    tell(document, 'MANIFEST_ADVICE', path.split('.'), 'value', { message, hint }, 'warning'),
  );
}

/** Without the excerpt: what stands under a misspelt key may be the secret itself. */
export function hiding(problem: Diagnostic): Diagnostic {
  const { frame, ...rest } = problem;
  return rest;
}
