import { valueAt } from '../lib/json.ts';
import type { KindSet } from '../manifest/kind.ts';
import { decoded, type Manifest } from '../manifest/manifest.ts';
import { type Change, isSwitch } from './change.ts';
import type { Hold } from './hold.ts';
import { annotation, kindNamed } from './world.ts';

/** Annotation that lets a resource answer anonymous callers; its value must be `allow`. */
const anonymous = 'plumbline.dev/anonymous';
/** Annotation that keeps a record from being deleted by a run. */
export const protect = 'plumbline.dev/protect';

/**
 * Why a change of a record waits because it opens the record to anonymous callers: of all its changes
 * the switch alone where the record was open already, everything where the write takes the key away.
 */
export function exposureHold(
  kinds: KindSet,
  unit: readonly Change[],
  change: Change,
): Hold | undefined {
  const { kind: name, live, desired } = change;
  if (desired === undefined) return undefined;
  const guards = kindNamed(kinds, name).fields.filter((field) => field.guards === 'anonymous');
  if (guards.length === 0) return undefined;
  const isOpen = (manifest: Manifest) => guards.some(({ path }) => !valueAt(manifest, path));
  const due = unit.filter((it) => it.held !== true);
  const write = due.find((it) => it.write !== undefined)?.write;
  const after = write === undefined ? live?.manifest : decoded(write);
  const action = due.find(isSwitch)?.action;
  const deployed = action === undefined ? live?.deployed === true : action === 'deploy';
  const openBefore = live !== undefined && isOpen(live.manifest);
  if (!deployed || !isOpen(after ?? desired.manifest)) return undefined;
  if (openBefore && live.deployed === true) return undefined;
  if (annotation(desired.manifest, anonymous) === 'allow') return undefined;
  if ((live === undefined || openBefore) && !isSwitch(change)) return undefined;
  const paths = guards.map(({ path }) => path).join(', ');
  return {
    guard: 'anonymous',
    reason: `without ${paths} it answers anonymous callers; set ${paths}, declare it with the annotation ${anonymous}: allow, or approve the plan`,
  };
}

/** Whether a manifest keeps its record from being deleted. */
export function isProtected(manifest: Manifest): boolean {
  const value = annotation(manifest, protect);
  return value === true || value === 'true';
}
