import { settledAnswer } from '../endpoint/answer.ts';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { backoff } from '../lib/time.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import {
  type EndpointState,
  type OwedEffect,
  stageEffectDone,
  stageEndpointState,
  stageTries,
} from '../store/effects.ts';
import { stageEntry } from '../store/journal.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { effectEntry } from './entries.ts';
import { limited } from './limited.ts';
import type { Ports } from './ports.ts';
import { type Run, runStopped } from './run.ts';

/** An effect to try, for whose run, and whether the journal does not know of it yet. */
export interface Effort {
  readonly effect: OwedEffect;
  readonly run: Run;
  readonly tellSuccess: boolean;
}

/** What became of a try; without an error the endpoint has followed. */
export interface Followed extends Effort {
  readonly error?: PlumblineError;
  /** False where it was not tried at all. */
  readonly tried: boolean;
  readonly said?: EndpointState;
}

/**
 * Tries effects, some at a time, until that moment of monotonic time or until the signal fires, and
 * notes what became of them: one reading and one writing transaction for all. An endpoint that throws,
 * refuses, answers nonsense or never answers is one effect that stays owed, and no other waits for it
 * longer than the limit of one answer. Once the signal fires no further endpoint is asked, and those
 * under way get a moment.
 */
export async function follow(
  ports: Ports,
  efforts: readonly Effort[],
  until: number,
  signal: AbortSignal,
): Promise<readonly Followed[]> {
  if (efforts.length === 0) return [];
  const records = await recordsOf(
    ports,
    efforts.map(({ effect }) => effect),
  );
  const results: Followed[] = [];
  const waiting = efforts.values();
  const worker = async () => {
    for (const effort of waiting) {
      const record = records.get(keyId(effort.effect));
      if (signal.aborted) results.push({ ...effort, tried: false, error: runStopped() });
      else if (ports.clock.monotonic() > until)
        results.push({ ...effort, tried: false, error: notAsked() });
      else results.push(await attempt(ports, effort, record, signal));
    }
  };
  await Promise.all(Array.from({ length: ports.endpoint.limits.concurrency }, worker));
  await note(ports, results);
  return results;
}

function notAsked(): PlumblineError {
  return new PlumblineError(
    'ENDPOINT_PENDING',
    'the endpoint was not asked yet, because others took all the time of this run',
    { hint: 'it is asked by itself, or run the command again' },
  );
}

async function attempt(
  ports: Ports,
  effort: Effort,
  record: LiveRecord | undefined,
  signal: AbortSignal,
): Promise<Followed> {
  const { effect } = effort;
  try {
    failpoint('effect.before-request');
    // Deleted by somebody since: nothing is left to publish, and what was published is not ours to find.
    if (record === undefined) return { ...effort, tried: true };
    const said = await ask(ports, effect, record, signal);
    failpoint('effect.answered');
    return { ...effort, tried: true, said };
  } catch (error) {
    const reason = asPlumblineError(error);
    ports.log.warn({ key: keyId(effect), err: error }, 'an endpoint did not follow');
    return { ...effort, tried: reason.code !== 'RUN_STOPPED', error: reason };
  }
}

async function ask(
  { endpoint, clock }: Ports,
  effect: OwedEffect,
  record: LiveRecord,
  signal: AbortSignal,
): Promise<EndpointState> {
  const { timeout } = endpoint.limits;
  const withdrawn = effect.verb === 'undeploy';
  const answer: unknown = await limited(clock, timeout, signal, async (giveUp) =>
    withdrawn
      ? endpoint.withdraw(record, effect.idempotencyKey, giveUp)
      : endpoint.publish(record, effect.idempotencyKey, giveUp),
  );
  const { url, message } = settledAnswer(answer, withdrawn ? 'withdrawn' : 'published');
  return {
    state: withdrawn ? 'undeployed' : 'deployed',
    url: url ?? null,
    message: message ?? null,
    answeredAt: clock.now().toISOString(),
    generation: record.generation,
  };
}

/** The records as they are now, by key id: one reading for all of them. */
async function recordsOf(
  ports: Ports,
  effects: readonly OwedEffect[],
): Promise<ReadonlyMap<string, LiveRecord>> {
  const groups = new Map<string, { readonly first: OwedEffect; readonly names: string[] }>();
  for (const effect of effects) {
    const group = `${effect.kind}/${effect.account}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, { first: effect, names: [effect.name] });
    else known.names.push(effect.name);
  }
  return ports.database.read(async (query) => {
    const records = new Map<string, LiveRecord>();
    for (const { first, names } of groups.values()) {
      const broker = ports.brokers.of(first.kind);
      for (const record of await broker.read(query, first.account, names))
        records.set(keyId(record.key), record);
    }
    return records;
  });
}

/** Crosses out what happened, and notes of the rest when it is due again. The journal hears what is news. */
async function note(ports: Ports, results: readonly Followed[]): Promise<void> {
  const now = ports.clock.now();
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    for (const result of results) {
      const { effect, error, said, tried, run, tellSuccess } = result;
      const lastError = error === undefined ? null : `${error.code}: ${error.message}`;
      const isNews = error === undefined ? tellSuccess : tried && lastError !== effect.lastError;
      if (isNews) stageEntry(unit, effectEntry(effect, run, now.toISOString(), lastError));
      if (error === undefined) {
        stageEffectDone(unit, effect);
        const { identity } = ports.endpoint;
        if (said !== undefined && identity !== undefined)
          stageEndpointState(unit, effect, identity, said);
        continue;
      }
      const attempts = effect.attempts + (tried ? 1 : 0);
      const wait = tried ? backoff(attempts) : 0;
      stageTries(unit, {
        ...effect,
        attempts,
        nextTryAt: new Date(now.getTime() + wait).toISOString(),
        lastError: tried ? lastError : effect.lastError,
      });
    }
    await unit.flush(query);
    failpoint('effect.noted');
  });
}
