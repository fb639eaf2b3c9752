import { hasErrors } from '../lib/diagnostic.ts';
import { PlumblineError } from '../lib/errors.ts';
import type { LoadResult } from '../manifest/load.ts';
import type { Plan } from '../plan/change.ts';
import { planReport } from '../plan/report.ts';
import { refuseProblems } from '../reconcile/conclude.ts';
import type { Resources } from '../reconcile/resources.ts';
import type { HttpParts } from './parts.ts';

/** The manifests of a body, in JSON or YAML, any number of documents. Throws MANIFEST_NONE. */
export function manifestsIn(resources: Resources, body: unknown): LoadResult {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array();
  const loaded = resources.load(bytes, 'request');
  if (loaded.manifests.length > 0 || hasErrors(loaded.problems)) return loaded;
  throw new PlumblineError('MANIFEST_NONE', 'there is no manifest in the body', {
    hint: 'GET /api/v1/kinds/llmclient/example answers one to start from',
  });
}

/**
 * Does what a plan by hand says, or with `dryRun` only tells it; gives the report that the commands
 * print. It is done as a whole or not at all.
 */
export async function workByHand(
  { access, limits }: HttpParts,
  resources: Resources,
  plan: Plan,
  dryRun: boolean,
): Promise<Record<string, unknown>> {
  if (dryRun) {
    refuseProblems(plan);
    return planReport(plan, 'Plan');
  }
  const signal = AbortSignal.timeout(limits.answerTime);
  const by = { actor: access.actor, signal, trigger: 'request' } as const;
  return planReport(plan, 'SyncReport', await resources.perform(plan, by));
}
