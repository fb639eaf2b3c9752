import { asPlumblineError, type PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Change } from '../plan/change.ts';
import { type OwedEffect, stageEffectDone } from '../store/effects.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { journalFailure } from './entries.ts';
import type { Ports } from './ports.ts';
import { type Run, runStopped } from './run.ts';
import type { Step } from './steps.ts';

/** The change of a step that the endpoint has to follow, if there is one. */
export function switchIn({ changes }: Step): Change | undefined {
  return changes.find((it) => it.action === 'deploy' || it.action === 'undeploy');
}

/** What the endpoint owes once a step is committed. A try after a failure has the key of the first one. */
export function effectOf(step: Step, run: Run): OwedEffect | undefined {
  const verb = switchIn(step)?.action;
  if (verb !== 'deploy' && verb !== 'undeploy') return undefined;
  const owed = step.before?.owed;
  const idempotencyKey =
    owed?.verb === verb ? owed.idempotencyKey : `${run.id}:${keyId(step.key)}:${verb}`;
  return { ...step.key, verb, idempotencyKey };
}

/**
 * Lets the endpoint follow steps that are committed, and notes which have been followed. What fails
 * stays owed, so that the next plan has it again; it is journalled and given back by key id. Once the
 * signal fires no further endpoint is waited for, because a slow one could outlast the stop.
 */
export async function followSteps(
  ports: Ports,
  steps: readonly Step[],
  run: Run,
  signal: AbortSignal,
): Promise<Map<string, PlumblineError>> {
  const done: OwedEffect[] = [];
  const failed = new Map<string, PlumblineError>();
  const owing = steps.flatMap((step) => {
    const effect = effectOf(step, run);
    return effect === undefined ? [] : [{ step, effect }];
  });
  const records = await recordsOf(
    ports,
    owing.map(({ step }) => step),
  );
  for (const { step, effect } of owing) {
    if (signal.aborted) {
      failed.set(keyId(step.key), runStopped());
      continue;
    }
    try {
      failpoint('effect.before-request');
      await follow(ports, records.get(keyId(step.key)), effect);
      failpoint('effect.answered');
      done.push(effect);
    } catch (error) {
      const reason = asPlumblineError(error);
      failed.set(keyId(step.key), reason);
      ports.log.warn({ key: keyId(step.key), err: error }, 'an endpoint did not follow');
      await journalFailure(ports, step, [switchIn(step) as Change], run, reason);
    }
  }
  if (done.length > 0)
    await ports.database.write(async (query) => {
      const unit = new UnitOfWork();
      for (const effect of done) stageEffectDone(unit, effect);
      await unit.flush(query);
      failpoint('effect.noted');
    });
  return failed;
}

/** The records of these steps as they are after their commit, by key id: one reading for all of them. */
async function recordsOf(ports: Ports, steps: readonly Step[]): Promise<Map<string, LiveRecord>> {
  const names = new Map<string, { readonly first: Step; readonly names: string[] }>();
  for (const step of steps) {
    const group = `${step.kind}/${step.key.account}`;
    const known = names.get(group);
    if (known === undefined) names.set(group, { first: step, names: [step.key.name] });
    else known.names.push(step.key.name);
  }
  if (names.size === 0) return new Map();
  return ports.database.read(async (query) => {
    const records = new Map<string, LiveRecord>();
    for (const { first, names: wanted } of names.values()) {
      const broker = ports.brokers.of(first.kind);
      for (const record of await broker.read(query, first.key.account, wanted))
        records.set(keyId(record.key), record);
    }
    return records;
  });
}

async function follow(
  ports: Ports,
  record: LiveRecord | undefined,
  effect: OwedEffect,
): Promise<void> {
  // Deleted by somebody since; nothing is left to publish, and what was published is not ours to find.
  if (record === undefined) return;
  if (effect.verb === 'deploy') await ports.endpoint.publish(record, effect.idempotencyKey);
  else await ports.endpoint.withdraw(record, effect.idempotencyKey);
}
