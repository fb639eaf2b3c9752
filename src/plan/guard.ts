import { valueAt } from '../lib/json.ts';
import type { Kind } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Change, LiveRecord, Policy } from './change.ts';
import { annotation } from './world.ts';

/** Annotation that lets a resource answer anonymous callers; its value must be `allow`. */
const anonymous = 'plumbline.dev/anonymous';
/** Annotation that keeps a record from being deleted by a run. */
const protect = 'plumbline.dev/protect';

/** From this many owned records up the share of deletes counts; below it every delete is a large share. */
const shareCountsFrom = 10;

export interface Exposure {
  readonly desired: Manifest;
  readonly live: LiveRecord | undefined;
  /** What the record would hold afterwards. */
  readonly after: Manifest;
  /** Whether it would be published afterwards. */
  readonly deployed: boolean;
}

/**
 * How much of a resource's changes must wait because they open it to anonymous callers: the switch
 * alone where the record was open already, everything where the write takes the key away.
 */
export function exposure(
  kind: Kind,
  { desired, live, after, deployed }: Exposure,
): { readonly held: 'nothing' | 'switch' | 'everything'; readonly reason: string } {
  const guards = kind.fields.filter((field) => field.guards === 'anonymous');
  const isOpen = (manifest: Manifest) => guards.some(({ path }) => !valueAt(manifest, path));
  const openBefore = live !== undefined && isOpen(live.manifest);
  const fine =
    !deployed ||
    !isOpen(after) ||
    (openBefore && live.deployed === true) ||
    annotation(desired, anonymous) === 'allow';
  const paths = guards.map(({ path }) => path).join(', ');
  return {
    held: fine ? 'nothing' : live === undefined || openBefore ? 'switch' : 'everything',
    reason: `without ${paths} it answers anonymous callers; set ${paths}, or declare it with the annotation ${anonymous}: allow`,
  };
}

/** Whether a manifest keeps its record from being deleted. */
export function isProtected(manifest: Manifest): boolean {
  const value = annotation(manifest, protect);
  return value === true || value === 'true';
}

/** Why all deletes of a run must wait; undefined when they may go on. */
export function deleteHold(
  policy: Policy,
  count: { readonly deletes: number; readonly owned: number; readonly declared: number },
): string | undefined {
  const { deletes, owned, declared } = count;
  const { deletes: limit, allowEmpty } = policy;
  if (deletes === 0) return undefined;
  if (declared === 0 && !allowEmpty)
    return 'the source declares nothing any more, and nothing of it would be left; set allowEmpty: true for this source if that is meant';
  if (deletes > limit.count)
    return `${deletes} deletes in one run are more than the limit of ${limit.count}; raise limits.deletes.count for this source if that is meant`;
  if (owned >= shareCountsFrom && deletes * 100 > limit.percent * owned)
    return `${deletes} of ${owned} owned records are more than the limit of ${limit.percent} %; raise limits.deletes.percent for this source if that is meant`;
  return undefined;
}

/** The changes, held for a reason. */
export function hold(changes: readonly Change[], reason: string): Change[] {
  return changes.map((change) =>
    change.action === 'blocked' ? change : { ...change, held: true, reason },
  );
}
