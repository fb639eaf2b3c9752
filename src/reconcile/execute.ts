import { refuseOtherKey } from '../broker/sealed.ts';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { valueAt } from '../lib/json.ts';
import { keyId, type Manifest } from '../manifest/manifest.ts';
import type { Change, ChangeResult, Plan } from '../plan/change.ts';
import type { Query } from '../store/database.ts';
import { stageEffect, stageEndpointGone } from '../store/effects.ts';
import { removeInventory } from '../store/inventory.ts';
import { stageEntry } from '../store/journal.ts';
import { follow, keepingCounters } from '../store/live-counter.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageApplied, stageAuthor } from './books.ts';
import { stageDone } from './control-record.ts';
import { stageDeleted } from './deleted.ts';
import { effectOf, followedChange, followSteps, isGivenUp, notYet } from './effects.ts';
import { entryOf, journalFailure } from './entries.ts';
import type { Ports } from './ports.ts';
import { presentRecords, referenceIds } from './resolve.ts';
import type { Run } from './run.ts';
import { isRetry, manifestOf, type Step, stepsOf } from './steps.ts';

/** Steps in one transaction: enough to make the fsync cheap, few enough to keep memory and the queue short. */
const stepsPerTransaction = 1000;

/** New records that are staged while those before them are written. */
const stepsAtOnce = 250;

/**
 * Executes a plan: every change in a transaction with its inventory and journal rows, many changes to
 * a transaction. A transaction that fails is split until the change that cannot be written stands
 * alone; all others are applied. Endpoint effects follow the commit they belong to. When the signal
 * fires, the transaction under way is finished and the rest is skipped. Throws the STORE_ errors: what
 * was committed before stays, and the next run goes on from there.
 */
export async function execute(
  ports: Ports,
  plan: Plan,
  run: Run,
  signal: AbortSignal,
): Promise<ChangeResult[]> {
  const written = new Set<Change>();
  const errors = new Map<Change, PlumblineError>();
  const failed = new Set<string>();
  const fail = (step: Step, changes: readonly Change[], error: PlumblineError) => {
    failed.add(keyId(step.key));
    for (const change of changes) errors.set(change, error);
  };
  // A record whose endpoint is behind is not deleted, unless it has waited long enough.
  const fallBehind = (step: Step, error: PlumblineError) => {
    const change = followedChange(step);
    if (isGivenUp(ports, step)) errors.set(change, error);
    else fail(step, [change], error);
  };
  const until = ports.clock.monotonic() + ports.endpoint.limits.patience;
  const write = async (steps: readonly Step[]): Promise<void> => {
    const open = steps.filter((step) => !failed.has(keyId(step.key)));
    const [only] = open;
    if (only === undefined) return;
    try {
      await writeSteps(ports, open, run);
      failpoint('execute.committed');
    } catch (error) {
      const reason = asPlumblineError(error);
      // A database that is locked, full or gone refuses the others as well.
      if (reason.code.startsWith('STORE_')) throw reason;
      if (open.length > 1) {
        const half = Math.ceil(open.length / 2);
        await write(open.slice(0, half));
        return write(open.slice(half));
      }
      ports.log.warn({ key: keyId(only.key), err: error }, 'a change could not be written');
      await journalFailure(ports, only, only.changes, run, reason);
      return fail(only, only.changes, reason);
    }
    for (const step of open) for (const change of step.changes) written.add(change);
    const behind = await followSteps(ports, open, run, until, signal);
    for (const step of open) {
      const error = behind.get(keyId(step.key));
      if (error !== undefined) fallBehind(step, error);
    }
  };
  failpoint('execute.begin');
  function* due(): Generator<Step> {
    for (const step of stepsOf(plan)) {
      const reason = notYet(ports, step, run);
      if (reason === undefined) yield step;
      else fallBehind(step, reason);
    }
  }
  for (const steps of batches(due())) {
    if (signal.aborted) break;
    await write(steps);
  }
  failpoint('execute.end');
  return plan.changes.map((change) => {
    const error = errors.get(change);
    if (error !== undefined) return { change, outcome: 'failed', error };
    if (written.has(change)) return { change, outcome: 'applied' };
    return { change, outcome: change.held === true ? 'held' : 'skipped' };
  });
}

/** Consecutive steps; a record is never twice in one batch, because the second step builds on the first. */
function* batches(steps: Iterable<Step>): Generator<readonly Step[]> {
  let batch: Step[] = [];
  let keys = new Set<string>();
  for (const step of steps) {
    const id = keyId(step.key);
    if (batch.length === stepsPerTransaction || keys.has(id)) {
      yield batch;
      batch = [];
      keys = new Set();
    }
    batch.push(step);
    keys.add(id);
  }
  if (batch.length > 0) yield batch;
}

async function writeSteps(ports: Ports, steps: readonly Step[], run: Run): Promise<void> {
  const started = ports.clock.monotonic();
  const moved = await ports.database.write((query) =>
    keepingCounters(
      query,
      async () => {
        const present = await presentRecords(query, ports.brokers, steps);
        const unit = new UnitOfWork();
        const created = await newIds(query, ports, unit, steps);
        const resolve = await referenceIds(query, ports.brokers, steps, created);
        const now = ports.clock.now().toISOString();
        await refuseOtherKey(query, ports.brokers.kinds, steps.flatMap(manifestWritten(ports)));
        failpoint('execute.looked');
        const size = steps.every(isNew) ? stepsAtOnce : steps.length;
        await unit.stageInParts(query, steps, size, (step) => {
          const generation = checkedGeneration(step, present.get(keyId(step.key)));
          const broker = ports.brokers.of(step.kind);
          const id = step.before?.id ?? (created.get(keyId(step.key)) as number);
          if (step.verb === 'remove') broker.stageRemoval(unit, id);
          else if (needsWrite(step))
            broker.stageWrite(
              unit,
              {
                id,
                key: step.key,
                manifest: manifestOf(step) as Manifest,
                deployed: step.deployed,
                sealed: sealedValue(ports, step),
                generation: (step.restores?.generation ?? generation) + 1,
                before: step.before,
                restored: step.restores,
                now,
              },
              resolve(step),
            );
          stageOwnership(unit, step, run, now);
          const effect = effectOf(ports, step, run);
          if (effect !== undefined) stageEffect(unit, effect);
          if (step.verb === 'remove') stageEndpointGone(unit, step.key);
          failpoint(step.verb === 'remove' ? 'execute.removal-staged' : 'execute.write-staged');
          const duration = Math.round(ports.clock.monotonic() - started);
          // A try again is told once it is known how it ended.
          for (const change of isRetry(step) ? [] : step.changes)
            stageEntry(unit, entryOf(ports, step, change, run, now, duration));
        });
        stageDone(unit, steps, run, now);
        await stageDeleted(query, unit, ports, steps, run, now);
        failpoint('execute.staged');
        stageAuthor(unit, run);
        await unit.flush(query);
      },
      run.source,
    ),
  );
  run.counter = follow(run.counter, moved);
}

/** Whether a step makes a record; such take nothing from each other, and are written part by part. */
function isNew({ before, restores }: Step): boolean {
  return before === undefined && restores === undefined;
}

function manifestWritten({ brokers }: Ports) {
  return (step: Step) => {
    const { kind } = brokers.of(step.kind);
    const manifest = kind.secret === undefined ? undefined : manifestOf(step);
    return manifest === undefined ? [] : [{ kind, manifest }];
  };
}

/**
 * Taking ownership of a record that already is as desired leaves its rows alone, and so does asking an
 * endpoint again.
 */
function needsWrite(step: Step): boolean {
  if (isRetry(step)) return false;
  return step.changes.some((change) => change.action !== 'adopt' || change.fields.length > 0);
}

/** The sealed value that belongs to what is written; where drift is only told, that may be the live value. */
function sealedValue(ports: Ports, step: Step): string | undefined {
  const { secret } = ports.brokers.of(step.kind).kind;
  const desired = step.changes.find((it) => it.desired !== undefined)?.desired;
  if (secret === undefined || desired === undefined) return undefined;
  const written = valueAt(manifestOf(step), secret.value);
  return written === valueAt(desired.manifest, secret.value) ? desired.sealed : undefined;
}

async function newIds(
  query: Query,
  ports: Ports,
  unit: UnitOfWork,
  steps: readonly Step[],
): Promise<Map<string, number>> {
  const byTable = new Map<string, Step[]>();
  for (const step of steps) {
    if (step.before !== undefined || step.restores !== undefined) continue;
    const { table } = ports.brokers.of(step.kind);
    const fresh = byTable.get(table);
    if (fresh === undefined) byTable.set(table, [step]);
    else fresh.push(step);
  }
  const ids = new Map<string, number>();
  for (const { key, restores } of steps)
    if (restores !== undefined) ids.set(keyId(key), restores.id);
  for (const [table, fresh] of byTable) {
    let next = await unit.allocate(query, table, fresh.length);
    for (const step of fresh) ids.set(keyId(step.key), next++);
  }
  return ids;
}

/** Compare-and-set: the record must still be the one that the plan saw, or still be absent. */
function checkedGeneration(step: Step, present: { generation: number } | undefined): number {
  const seen = step.before && step.before.generation + (step.follows ? 1 : 0);
  if (seen === present?.generation) return seen ?? 0;
  throw new PlumblineError(
    'RECORD_STALE',
    `${step.kind} ${step.key.name} was changed by somebody else since it was looked at`,
    { hint: 'nothing was written; plan again' },
  );
}

function stageOwnership(unit: UnitOfWork, step: Step, run: Run, now: string): void {
  if (run.source === undefined) return;
  if (step.verb === 'remove') removeInventory(unit, step.key);
  else if (step.desired !== undefined) {
    const { source, revision } = run;
    const owned = step.changes.find((it) => it.owned !== undefined)?.owned;
    stageApplied(unit, step.desired, { source, revision }, now, owned);
  }
}
