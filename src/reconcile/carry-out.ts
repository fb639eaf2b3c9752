import { failpoint } from '../lib/failpoint.ts';
import { heldOf } from '../plan/approval.ts';
import { countOwned } from '../store/inventory.ts';
import { writeSourceState } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { keepBooks, stageAuthor } from './books.ts';
import { readControl } from './control.ts';
import { type Ending, recordControl } from './control-record.ts';
import { stageRun } from './entries.ts';
import { execute } from './execute.ts';
import { indexFiles } from './index-files.ts';
import { type Base, takeIn } from './intake.ts';
import { type Judgement, judge } from './judge.ts';
import { loaderDigest, policyDigest } from './look-back.ts';
import { judgeOutcome } from './outcome.ts';
import { watchParsing } from './parse-watch.ts';
import type { Ports, Target } from './ports.ts';
import type { Ended } from './reconcile.ts';
import type { SourceRun } from './run.ts';
import { isExecutable } from './steps.ts';
import { verify } from './verify.ts';

/**
 * The part of a run that does something: fetch, load, judge, execute, verify, record. Its steps are
 * those of the recipe from the third on.
 */
export async function carryOut(
  ports: Ports,
  target: Target,
  run: SourceRun,
  base: Base,
  signal: AbortSignal,
): Promise<Ended> {
  const watch = await watchParsing(ports, run.source);
  const intake = await takeIn(ports, target, base, watch, signal);
  run.revision = intake.revision;
  run.commit = intake.commit;
  const state = await readControl(ports, target, run.trigger);
  const judgement = await judge(ports, target, base, intake, state.control, signal);
  const { plan } = judgement;
  run.counter = judgement.counter;
  failpoint('plan.built');
  const outcomes = await execute(ports, plan, run, signal);
  await keepBooks(ports, plan.bookkeeping, run);
  failpoint('books.kept');
  const done = { state, plan, outcomes, stopped: signal.aborted };
  return await verifyAndRecord(ports, target, run, judgement, done);
}

/** Reads what was written and plans again: only an empty plan is convergence. */
async function verifyAndRecord(
  ports: Ports,
  target: Target,
  run: SourceRun,
  judgement: Judgement,
  done: Pick<Ending, 'state' | 'plan' | 'outcomes' | 'stopped'>,
): Promise<Ended> {
  const { plan, outcomes, stopped } = done;
  const { control } = await readControl(ports, target, run.trigger);
  const again = await verify(ports, target, judgement, outcomes, control);
  failpoint('verify.read');
  const held = heldOf(again);
  const remaining = again.changes.filter(isExecutable).length;
  const { outcome, message } = judgeOutcome(plan, outcomes, remaining, again.left, stopped);
  const now = ports.clock.now().toISOString();
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    const ending = { ...done, again, now };
    await indexFiles(query, run.source, judgement, ports.brokers.kinds);
    const { digest, lookAgainAt } = await recordControl(query, unit, target, run, ending);
    await writeSourceState(query, {
      name: target.source.name,
      revision: run.revision,
      policyDigest: policyDigest(ports, target, digest),
      liveCounter: run.counter,
      outcome,
      message,
      records: await countOwned(query, run.source, target.account),
      unchanged: again.summary.unchanged,
      loader: loaderDigest(ports, target),
      updatedAt: now,
      lookAgainAt,
      held: held === undefined ? null : JSON.stringify(held),
    });
    stageRun(ports, unit, run, outcome, message);
    stageAuthor(unit, run);
    await unit.flush(query);
    failpoint('run.before-mark');
  });
  failpoint('run.marked');
  return {
    id: run.id,
    source: target.source.name,
    trigger: run.trigger,
    startedAt: run.startedAt,
    settled: false,
    revision: run.revision,
    outcome,
    message,
    plan,
    held,
    outcomes,
    summary: plan.summary,
    problems: plan.problems,
    error: undefined,
  };
}
