import { type Diagnostic, hasErrors } from '../lib/diagnostic.ts';
import { sha256 } from '../lib/digest.ts';
import { asPlumblineError, type ErrorCode, PlumblineError } from '../lib/errors.ts';
import { type LoadResult, ManifestLoader } from '../manifest/load.ts';
import type { Change, Plan } from '../plan/change.ts';
import { planReport } from '../plan/report.ts';
import { executeManual } from '../reconcile/manual.ts';
import type { HttpParts } from './parts.ts';

/** Where problems of the manifests of a request are said to stand. */
const path = 'request';

/** The manifests of a body, in JSON or YAML, any number of documents. Throws MANIFEST_NONE. */
export function manifestsIn({ ports, account }: HttpParts, body: unknown): LoadResult {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array();
  const loader = new ManifestLoader(ports.brokers.kinds, account, ports.vault);
  loader.add({ path, blob: sha256(bytes) }, bytes);
  const loaded = loader.finish();
  if (loaded.manifests.length > 0 || hasErrors(loaded.problems)) return loaded;
  throw new PlumblineError('MANIFEST_NONE', 'there is no manifest in the body', {
    hint: 'GET /api/v1/kinds/llmclient/example answers one to start from',
  });
}

/**
 * Does what a plan by hand says, or with `dryRun` only tells it; gives the report that the commands
 * print. It is done as a whole or not at all: throws the first problem with all of them, CHANGE_BLOCKED
 * or CHANGE_HELD before anything is written, and else why a change could not be written.
 */
export async function workByHand(
  { ports, access, limits }: HttpParts,
  plan: Plan,
  dryRun: boolean,
): Promise<Record<string, unknown>> {
  const problem = plan.problems.find((it) => it.severity === 'error');
  if (problem !== undefined) throw invalid(problem, plan.problems);
  if (dryRun) return planReport(plan, 'Plan');
  const blocked = plan.changes.find((it) => it.action === 'blocked');
  if (blocked !== undefined) throw refused('CHANGE_BLOCKED', blocked);
  const held = plan.changes.find((it) => it.held === true);
  if (held !== undefined) throw refused('CHANGE_HELD', held);
  const signal = AbortSignal.timeout(limits.answerTime);
  const results = await executeManual(ports, plan, access.actor, signal);
  const failed = results.find((it) => it.outcome === 'failed');
  if (failed !== undefined) throw asPlumblineError(failed.error);
  return planReport(plan, 'SyncReport', results);
}

function invalid(first: Diagnostic, problems: readonly Diagnostic[]): PlumblineError {
  const { code, message, hint = 'nothing was written' } = first;
  return new PlumblineError(code, message, { hint, problems });
}

function refused(code: ErrorCode, { kind, key, reason = '' }: Change): PlumblineError {
  return new PlumblineError(code, `${kind} ${key.name}: ${reason}`, {
    hint: 'nothing was written',
  });
}
