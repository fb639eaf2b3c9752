import { digestOf } from '../lib/digest.ts';
import { asPlumblineError, PlumblineError } from '../lib/errors.ts';
import { keyId } from '../manifest/manifest.ts';
import type { LiveRecord } from '../manifest/record.ts';
import type { Change, ChangeResult, Plan } from '../plan/change.ts';
import type { Query } from '../store/database.ts';
import { removeInventory, stageInventory } from '../store/inventory.ts';
import { type JournalEntry, stageEntry } from '../store/journal.ts';
import { keepingCounters } from '../store/live-counter.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import type { Ports } from './ports.ts';
import { presentRecords, referenceIds } from './resolve.ts';
import { type Step, stepsOf } from './steps.ts';

/** Whose run it is; every row it writes says so. */
export interface Run {
  readonly id: string;
  readonly trigger: string;
  readonly actor: string;
  /** Undefined for a person's command: records stay owned by nobody. */
  readonly source: string | undefined;
  readonly revision: string;
}

/** Steps in one transaction: enough to make the fsync cheap, few enough to keep memory and the queue short. */
const stepsPerTransaction = 500;

/**
 * Executes a plan: every change in a transaction with its inventory and journal rows, many changes to
 * a transaction. A transaction that fails is split until the change that cannot be written stands
 * alone; all others are applied. Endpoint effects follow the commit they belong to. When the signal
 * fires, the transaction under way is finished and the rest is skipped.
 */
export async function execute(
  ports: Ports,
  plan: Plan,
  run: Run,
  signal: AbortSignal,
): Promise<ChangeResult[]> {
  const results = new Map<Change, ChangeResult>();
  const failed = new Map<string, PlumblineError>();
  const settle = (step: Step, error?: PlumblineError) => {
    if (error !== undefined) failed.set(keyId(step.key), error);
    for (const change of step.changes)
      results.set(
        change,
        error === undefined ? { change, outcome: 'applied' } : { change, outcome: 'failed', error },
      );
  };
  const write = async (steps: readonly Step[]): Promise<void> => {
    const open = steps.filter((step) => !failed.has(keyId(step.key)));
    if (open.length === 0) return;
    try {
      await writeSteps(ports, open, run);
    } catch (error) {
      const [only] = open;
      if (open.length > 1) {
        const half = Math.ceil(open.length / 2);
        await write(open.slice(0, half));
        return write(open.slice(half));
      }
      const reason = asPlumblineError(error);
      ports.log.warn(
        { key: keyId((only as Step).key), err: error },
        'a change could not be written',
      );
      await journalFailure(ports, only as Step, run, reason);
      return settle(only as Step, reason);
    }
    for (const step of open) settle(step, await effect(ports, step, run));
  };
  for (const steps of batches(stepsOf(plan))) {
    if (signal.aborted) break;
    await write(steps);
  }
  return plan.changes.map(
    (change) =>
      results.get(change) ?? { change, outcome: change.held === true ? 'held' : 'skipped' },
  );
}

/** Consecutive steps; a record is never twice in one batch, because the second step builds on the first. */
function* batches(steps: readonly Step[]): Generator<readonly Step[]> {
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
  await ports.database.write((query) =>
    keepingCounters(
      query,
      async () => {
        const unit = new UnitOfWork();
        const present = await presentRecords(query, ports.brokers, steps);
        const created = await newIds(query, ports, unit, steps);
        const resolve = await referenceIds(query, ports.brokers, steps, created);
        const now = ports.clock.now().toISOString();
        for (const step of steps) {
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
                manifest: step.manifest as NonNullable<Step['manifest']>,
                deployed: step.deployed,
                generation: generation + 1,
                before: step.before,
                now,
              },
              resolve(step),
            );
          stageOwnership(unit, step, run, now);
          const duration = Math.round(ports.clock.monotonic() - started);
          for (const change of step.changes)
            stageEntry(unit, entryOf(step, change, run, now, duration));
        }
        await unit.flush(query);
      },
      run.source,
    ),
  );
}

/** Taking ownership of a record that already is as desired leaves its rows alone. */
function needsWrite(step: Step): boolean {
  return step.changes.some((change) => change.action !== 'adopt' || change.fields.length > 0);
}

async function newIds(
  query: Query,
  ports: Ports,
  unit: UnitOfWork,
  steps: readonly Step[],
): Promise<Map<string, number>> {
  const byTable = new Map<string, Step[]>();
  for (const step of steps) {
    if (step.before !== undefined) continue;
    const { table } = ports.brokers.of(step.kind);
    byTable.set(table, [...(byTable.get(table) ?? []), step]);
  }
  const ids = new Map<string, number>();
  for (const [table, fresh] of byTable) {
    let next = await unit.allocate(query, table, fresh.length);
    for (const step of fresh) ids.set(keyId(step.key), next++);
  }
  return ids;
}

/** Compare-and-set: the record must still be the one that the plan saw, or still be absent. */
function checkedGeneration(step: Step, present: { generation: number } | undefined): number {
  const undeployedFirst = step.verb === 'remove' && step.before?.deployed === true ? 1 : 0;
  const seen = step.before === undefined ? undefined : step.before.generation + undeployedFirst;
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
  else if (step.desired !== undefined)
    stageInventory(unit, {
      ...step.key,
      source: run.source,
      kind: step.kind,
      file: step.desired.file,
      document: step.desired.document,
      line: step.desired.line,
      blob: step.desired.blob,
      digest: step.desired.digest,
      applied: JSON.stringify(step.desired.manifest),
      revision: run.revision,
      orphaned: false,
      appliedAt: now,
    });
}

function entryOf(
  step: Step,
  change: Change,
  run: Run,
  now: string,
  durationMs: number,
): JournalEntry {
  const before = change.live?.manifest;
  const after = step.verb === 'remove' ? undefined : step.manifest;
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
    verb: change.action,
    outcome: 'applied',
    before: before === undefined ? null : JSON.stringify(before),
    after: after === undefined ? null : JSON.stringify(after),
    beforeDigest: before === undefined ? null : digestOf(before),
    afterDigest: after === undefined ? null : digestOf(after),
    message: change.fields.map((field) => field.path).join(', ') || null,
    durationMs,
  };
}

async function journalFailure(
  ports: Ports,
  step: Step,
  run: Run,
  error: PlumblineError,
): Promise<void> {
  const now = ports.clock.now().toISOString();
  try {
    await ports.database.write(async (query) => {
      const unit = new UnitOfWork();
      for (const change of step.changes)
        stageEntry(unit, {
          ...entryOf(step, change, run, now, 0),
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

/** The endpoint's part of a step, after its commit. A failure is told; the next run sees the record and tries again. */
async function effect(ports: Ports, step: Step, run: Run): Promise<PlumblineError | undefined> {
  const switched = step.changes.find((it) => it.action === 'deploy' || it.action === 'undeploy');
  if (switched === undefined) return undefined;
  const record: LiveRecord | undefined = await ports.database.read((query) =>
    ports.brokers.of(step.kind).find(query, step.key.account, step.key.name),
  );
  if (record === undefined) return undefined;
  const idempotencyKey = `${run.id}:${keyId(step.key)}:${switched.action}`;
  try {
    if (switched.action === 'deploy') await ports.endpoint.publish(record, idempotencyKey);
    else await ports.endpoint.withdraw(record, idempotencyKey);
    return undefined;
  } catch (error) {
    return asPlumblineError(error);
  }
}
