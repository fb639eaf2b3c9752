import { PlumblineError } from '../lib/errors.ts';
import { type JsonValue, valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import { keyId, type Manifest, type ResourceKey } from '../manifest/manifest.ts';
import { withValues } from '../plan/written.ts';
import type { DeletedRecord } from './deleted.ts';

/** A record that a deleted one referred to, and that is gone itself. */
export interface Lost {
  readonly path: string;
  readonly space: string;
  readonly name: string;
}

/**
 * What a deleted record was, without the references to records that are gone; what that would open is
 * for the plan to hold. Throws RECORD_REJECTED where its kind insists on one.
 */
export function withoutLost(
  kind: Kind,
  { account, name: own }: ResourceKey,
  { manifest }: DeletedRecord,
  exists: ReadonlySet<string>,
): { readonly manifest: Manifest; readonly lost: readonly Lost[] } {
  const lost: Lost[] = [];
  const left = new Map<string, JsonValue | undefined>();
  for (const { path, references: space } of kind.fields) {
    const value = valueAt(manifest, path);
    if (space === undefined || value === undefined) continue;
    const names = (Array.isArray(value) ? value : [value]).map(String);
    const gone = names.filter((name) => !exists.has(keyId({ account, space, name })));
    if (gone.length === 0) continue;
    lost.push(...gone.map((name) => ({ path, space, name })));
    const kept = names.filter((name) => !gone.includes(name));
    left.set(path, Array.isArray(value) && kept.length > 0 ? kept : undefined);
  }
  const without = withValues(manifest, left);
  const [first] = lost;
  if (first !== undefined && !kind.spec().safeParse(without.spec).success)
    throw new PlumblineError(
      'RECORD_REJECTED',
      `${kind.name} ${own} cannot be without ${first.path}, and ${first.name} is gone`,
      { hint: `restore or make ${first.name} first` },
    );
  return { manifest: without, lost };
}
