import type { Diagnostic } from '../lib/diagnostic.ts';
import { valueAt } from '../lib/json.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import {
  contentDigest,
  keyId,
  type LoadedManifest,
  type ResourceKey,
  withContent,
} from '../manifest/manifest.ts';
import { keptValue, withSecret } from '../manifest/secret-value.ts';
import { kindNamed, type PlanInput, title } from './world.ts';

/**
 * The input with every secret value that a manifest wants kept taken from the record. Where there is
 * no record, or none with a value, the manifest asks for what is not there: its own problem.
 */
export function withKeptValues(input: PlanInput): PlanInput {
  const asks = (it: LoadedManifest) => secretPathOf(input, it) !== undefined;
  if (!input.desired.some(asks)) return input;
  const records = new Map(input.live.map((record) => [keyId(record.key), record]));
  const desired: LoadedManifest[] = [];
  const lost: LoadedManifest[] = [];
  for (const item of input.desired) {
    const path = secretPathOf(input, item);
    const live = records.get(keyId(item.key));
    const value =
      path === undefined || live === undefined ? undefined : valueAt(live.manifest, path);
    if (path === undefined) desired.push(item);
    else if (typeof value !== 'string') lost.push(item);
    else {
      const manifest = withSecret(item.manifest, path, value);
      const kind = kindNamed(input.kinds, item.kind);
      const digest = contentDigest(manifest, comparableOf(kind));
      desired.push(withContent(item, { manifest, digest }));
    }
  }
  return {
    ...input,
    desired,
    problems: [...input.problems, ...lost.map((item) => problemOf(input, item))],
    declaredButInvalid: [...input.declaredButInvalid, ...lost.map((it): ResourceKey => it.key)],
  };
}

/** The path of the secret value where a manifest wants it kept. */
function secretPathOf(input: PlanInput, item: LoadedManifest): string | undefined {
  const { secret } = kindNamed(input.kinds, item.kind);
  return secret !== undefined && valueAt(item.manifest, secret.value) === keptValue
    ? secret.value
    : undefined;
}

function problemOf(input: PlanInput, item: LoadedManifest): Diagnostic {
  const { kind, key, file, line } = item;
  return {
    severity: 'error',
    code: 'SECRET_UNAVAILABLE',
    file,
    line,
    column: 1,
    path: secretPathOf(input, item) ?? '',
    message: `${title({ kind, key })} has no value yet that could be kept`,
    hint: 'write valueFrom: { env: NAME } or { file: PATH }',
  };
}
