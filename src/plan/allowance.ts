import type { ResourceKey } from '../manifest/manifest.ts';
import type { Policy } from './change.ts';

/** What a source may declare. A member that is absent allows everything. */
export interface Allowance {
  /** Names of kinds. */
  readonly kinds?: readonly string[];
  /** How the name of everything it declares begins. */
  readonly names?: string;
}

/** Why a source may not declare a resource; undefined where it may. */
export function beyondAllowance(
  { allow }: Policy,
  kind: string,
  { name }: ResourceKey,
): string | undefined {
  if (allow?.kinds?.includes(kind) === false)
    return `this source may declare ${allow.kinds.join(', ') || 'nothing'} only`;
  if (allow?.names !== undefined && !name.startsWith(allow.names))
    return `this source may only declare names that begin with ${allow.names}`;
  return undefined;
}
