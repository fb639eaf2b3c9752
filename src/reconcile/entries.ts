import { digestOf } from '../lib/digest.ts';
import type { PlumblineError } from '../lib/errors.ts';
import type { Kind } from '../manifest/kind.ts';
import { encoded, type Manifest } from '../manifest/manifest.ts';
import { disclosed } from '../manifest/secret-value.ts';
import type { Change } from '../plan/change.ts';
import type { OwedEffect } from '../store/effects.ts';
import { type JournalEntry, stageEntry } from '../store/journal.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';
import type { Run, SourceRun } from './run.ts';
import { manifestOf, type Step } from './steps.ts';

/** The journal's entry of a change that a step carries out, to be written with the step. */
export function entryOf(
  ports: Ports,
  step: Step,
  change: Change,
  run: Run,
  now: string,
  durationMs: number,
): JournalEntry {
  const { kind } = ports.brokers.of(step.kind);
  const before = toldOf(change.live?.manifest, kind);
  const after = toldOf(manifestOf(step), kind, step.write);
  return {
    run: run.id,
    at: now,
    actor: run.actor,
    trigger: run.trigger,
    source: run.source ?? null,
    revision: run.revision,
    file: change.file ?? null,
    line: change.line ?? null,
    ...step.key,
    kind: step.kind,
    verb: change.restores === undefined ? change.action : 'restore',
    outcome: 'applied',
    before: before.text,
    after: after.text,
    beforeDigest: before.digest,
    afterDigest: after.digest,
    message: change.fields.map((field) => field.path).join(', ') || null,
    durationMs,
  };
}

interface Told {
  readonly text: string | null;
  readonly digest: string | null;
}

const known = new WeakMap<Manifest, Told>();

/** What the journal says of a manifest; a write and a switch of one record say it of the same one. */
function toldOf(manifest: Manifest | undefined, kind: Kind, encoding?: string): Told {
  if (manifest === undefined) return { text: null, digest: null };
  let told = known.get(manifest);
  if (told === undefined) {
    const shown = disclosed(manifest, kind);
    const text = shown === manifest && encoding !== undefined ? encoding : encoded(shown);
    told = { text, digest: digestOf(manifest) };
    known.set(manifest, told);
  }
  return told;
}

/** Journals changes that could not be made; a journal that cannot be written either is only logged. */
export async function journalFailure(
  ports: Ports,
  step: Step,
  changes: readonly Change[],
  run: Run,
  error: PlumblineError,
): Promise<void> {
  const now = ports.clock.now().toISOString();
  try {
    await ports.database.write(async (query) => {
      const unit = new UnitOfWork();
      for (const change of changes)
        stageEntry(unit, {
          ...entryOf(ports, step, change, run, now, 0),
          outcome: 'failed',
          after: null,
          afterDigest: null,
          message: `${error.code}: ${error.message}`,
        });
      await unit.flush(query);
    });
  } catch (second) {
    // A disk that is full refuses this row too; the failure itself is reported all the same.
    ports.log.warn({ err: second }, 'a failure could not be journalled');
  }
}

/** The journal's entry of an endpoint that followed its record, or of the reason why it did not. */
export function effectEntry(
  { account, space, name, kind, verb, attempts }: OwedEffect,
  run: Run,
  now: string,
  error: string | null,
): JournalEntry {
  return {
    run: run.id,
    at: now,
    actor: run.actor,
    trigger: run.trigger,
    source: run.source ?? null,
    revision: run.revision,
    file: null,
    line: null,
    account,
    space,
    name,
    kind,
    verb,
    outcome: error === null ? 'applied' : 'failed',
    before: null,
    after: null,
    beforeDigest: null,
    afterDigest: null,
    message: error ?? `the endpoint followed at try ${attempts + 1}`,
    durationMs: 0,
  };
}

/** Stages the entry of a whole run: how it ended. */
export function stageRun(
  ports: Ports,
  unit: UnitOfWork,
  run: SourceRun,
  outcome: string,
  message: string,
): void {
  stageEntry(unit, {
    run: run.id,
    at: ports.clock.now().toISOString(),
    actor: run.actor,
    trigger: run.trigger,
    source: run.source,
    revision: run.revision,
    file: null,
    line: null,
    account: null,
    space: null,
    name: null,
    kind: null,
    verb: 'sync',
    outcome,
    before: null,
    after: null,
    beforeDigest: null,
    afterDigest: null,
    message,
    // Not by the wall clock, which may be set back while a run is under way.
    durationMs: Math.round(ports.clock.monotonic() - run.startedMs),
  });
}
