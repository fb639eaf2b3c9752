import type { PlumblineError } from '../lib/errors.ts';
import type { Kind } from '../manifest/kind.ts';
import { comparableOf } from '../manifest/kind-set.ts';
import { contentDigest, decoded, EncodedManifest, encoded } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import { disclosed } from '../manifest/secret-value.ts';
import type { Change } from '../plan/change.ts';
import type { OwedEffect } from '../store/effects.ts';
import { type JournalEntry, stageEntry } from '../store/journal.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';
import type { Run, SourceRun } from './run.ts';
import type { Step } from './steps.ts';

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
  const before = foundOf(change.live, kind);
  const after = writtenOf(step, kind);
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

/** What the journal says of a manifest: as it may be shown, and its content digest. */
interface Told {
  readonly text: string | null;
  readonly digest: string | null;
}

const nothing: Told = { text: null, digest: null };

/** A write and a switch of one record say the same, and most digests are known from the plan. */
const known = new WeakMap<LiveRecord | Step, Told>();

function remember<T extends LiveRecord | Step>(of: T, tell: (of: T) => Told): Told {
  const told = known.get(of) ?? tell(of);
  known.set(of, told);
  return told;
}

function foundOf(live: LiveRecord | undefined, kind: Kind): Told {
  if (live === undefined) return nothing;
  return remember(live, ({ manifest, digest }) => ({
    text: encoded(disclosed(manifest, kind)),
    digest,
  }));
}

function writtenOf(step: Step, kind: Kind): Told {
  const { write, desired, before, verb } = step;
  if (verb === 'remove') return nothing;
  if (write === undefined) return foundOf(before, kind);
  return remember(step, () => {
    const manifest = decoded(write);
    const shown = disclosed(manifest, kind);
    const isDesired = desired !== undefined && EncodedManifest.text(desired) === write;
    return {
      text: shown === manifest ? write : encoded(shown),
      digest: isDesired ? desired.digest : contentDigest(manifest, comparableOf(kind)),
    };
  });
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
