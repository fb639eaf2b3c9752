import { digestOf } from '../lib/digest.ts';
import { PlumblineError } from '../lib/errors.ts';
import { keyId, type ResourceKey } from '../manifest/manifest.ts';
import type { Change } from '../plan/change.ts';
import type { EffectVerb, OwedEffect } from '../store/effects.ts';
import { type Effort, follow } from './follow.ts';
import type { Ports } from './ports.ts';
import type { Run } from './run.ts';
import { isRetry, type Step } from './steps.ts';

/** Runs that somebody asked for or that begin a process; all others leave a try to its time. */
export const tryingAtOnce: readonly string[] = ['start', 'request', 'command'];

/** The change of a step that its endpoint has to follow: the switch, or the write of what is published. */
export function followedChange({ changes }: Step): Change {
  const switched = changes.find((it) => it.action === 'deploy' || it.action === 'undeploy');
  return (switched ?? changes.at(-1)) as Change;
}

/**
 * What the endpoint owes once a step is committed. A try after a failure has the key of the first one,
 * as long as it is about the same: an endpoint that has done it already does it once.
 */
export function effectOf(ports: Ports, step: Step, run: Run): OwedEffect | undefined {
  const verb = verbOf(ports, step);
  if (verb === undefined) return undefined;
  const { timeout, patience } = ports.endpoint.limits;
  const now = ports.clock.now();
  const before = step.before?.owed;
  // What is withdrawn is withdrawn, whatever has changed of it meanwhile; what is published must be new.
  const isSame = isRetry(step) || (verb === 'undeploy' && before?.verb === 'undeploy');
  const owed = isSame ? before : undefined;
  return {
    ...step.key,
    kind: step.kind,
    verb,
    idempotencyKey: owed?.idempotencyKey ?? idempotencyKeyOf(run.id, step.key, verb),
    since: owed?.since || now.toISOString(),
    attempts: owed?.attempts ?? 0,
    // This run tries it, so nobody else does before it must have given up.
    nextTryAt: new Date(now.getTime() + patience + timeout).toISOString(),
    lastError: owed?.lastError ?? null,
  };
}

/**
 * What an endpoint knows one effect by, over all tries of it: 64 hex digits, so that it fits into any
 * header and column, however long the names are.
 */
export function idempotencyKeyOf(occasion: string, key: ResourceKey, verb: EffectVerb): string {
  return digestOf([occasion, keyId(key), verb]).replace('sha256:', '');
}

/**
 * Where the record itself is the endpoint, it has followed with the commit: only what another driver left is
 * owed.
 */
function verbOf({ endpoint }: Ports, step: Step): EffectVerb | undefined {
  if (step.verb === 'remove') return undefined;
  if (isRetry(step)) return step.before?.owed?.verb;
  if (endpoint.identity === undefined) return undefined;
  const { action } = followedChange(step);
  if (action === 'deploy' || action === 'undeploy') return action;
  const changes = step.changes.some((it) => it.write !== undefined);
  return changes && step.deployed === true ? 'redeploy' : undefined;
}

/** Why a retry is not for this run: it is not its time yet. Undefined where the run may try. */
export function notYet(ports: Ports, step: Step, run: Run): PlumblineError | undefined {
  const owed = step.before?.owed;
  if (owed === undefined || !isRetry(step) || tryingAtOnce.includes(run.trigger)) return undefined;
  if (owed.nextTryAt <= ports.clock.now().toISOString()) return undefined;
  return new PlumblineError(
    'ENDPOINT_PENDING',
    `the endpoint is asked again at ${owed.nextTryAt}${owed.lastError === null ? '' : `; last it was ${owed.lastError}`}`,
  );
}

/** Whether a record that is to be deleted has waited long enough for its endpoint to confirm the undeploy. */
export function isGivenUp(ports: Ports, step: Step): boolean {
  const since = step.before?.owed?.since;
  if (since === undefined || followedChange(step).action !== 'undeploy') return false;
  const waited = ports.clock.now().getTime() - Date.parse(since);
  return isRetry(step) && waited >= ports.endpoint.limits.undeployTimeout;
}

/**
 * Lets the endpoints follow steps that are committed, until that moment of monotonic time. What fails
 * stays owed; why is given back by key id.
 */
export async function followSteps(
  ports: Ports,
  steps: readonly Step[],
  run: Run,
  until: number,
  signal: AbortSignal,
): Promise<Map<string, PlumblineError>> {
  const efforts = steps.flatMap((step): Effort[] => {
    const effect = effectOf(ports, step, run);
    return effect === undefined ? [] : [{ effect, run, tellSuccess: isRetry(step) }];
  });
  const failed = new Map<string, PlumblineError>();
  for (const { effect, error } of await follow(ports, efforts, until, signal))
    if (error !== undefined) failed.set(keyId(effect), error);
  return failed;
}
