/** One bug, planted in a copy of the built program, and the suite that must notice it. */
export interface Mutant {
  readonly bug: string;
  /** Below dist/src. */
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly plant: string;
  /** `simulation`, or a test file below dist/test. */
  readonly suite: string;
}

const simulation = 'simulation';

export const mutants: readonly Mutant[] = [
  {
    bug: 'a commit is dropped: any revision counts as the one before',
    file: 'reconcile/reconcile.js',
    find: '!standing.still || (await asked) !== state.revision',
    plant: '!standing.still',
    suite: simulation,
  },
  {
    bug: 'a record that somebody changed is not looked at again',
    file: 'reconcile/look-back.js',
    find: 'state.liveCounter === counter &&',
    plant: '',
    suite: simulation,
  },
  {
    bug: 'an effect is tried again under a new key',
    file: 'reconcile/effects.js',
    find: 'owed?.idempotencyKey ?? ',
    plant: '',
    suite: simulation,
  },
  {
    bug: 'the endpoint follows before its record is committed',
    file: 'reconcile/execute.js',
    find: 'await writeSteps(ports, open, run);',
    plant:
      'await followSteps(ports, open.filter((it) => it.before !== undefined), run, signal); await writeSteps(ports, open, run);',
    suite: simulation,
  },
  {
    bug: 'what the endpoint owes is not noted with the switch',
    file: 'reconcile/execute.js',
    find: 'stageEffect(unit, effect);',
    plant: ';',
    suite: simulation,
  },
  {
    bug: 'what has happened outside is not crossed out',
    file: 'reconcile/follow.js',
    find: 'stageEffectDone(unit, effect);',
    plant: ';',
    suite: simulation,
  },
  {
    bug: 'a file that cannot be read counts as one that is gone',
    file: 'reconcile/judge.js',
    find: 'unknownContent: surveyed.unknown',
    plant: 'unknownContent: []',
    suite: simulation,
  },
  {
    bug: 'a manifest that is broken counts as one that is gone',
    file: 'reconcile/judge.js',
    find: 'declaredButInvalid: surveyed.invalid',
    plant: 'declaredButInvalid: []',
    suite: simulation,
  },
  {
    bug: 'half of a snapshot counts as all of it',
    file: 'reconcile/intake.js',
    find: 'for await (const { file, bytes } of read(safe)) {',
    plant:
      'const some = read(safe)[Symbol.asyncIterator](); for (;;) { const next = await some.next().catch(() => ({ done: true })); if (next.done) break; const { file, bytes } = next.value;',
    suite: simulation,
  },
  {
    bug: 'the inventory does not follow a write',
    file: 'reconcile/execute.js',
    find: 'stageOwnership(unit, step, run, now);',
    plant: ';',
    suite: simulation,
  },
  {
    bug: 'a change is not journalled',
    file: 'reconcile/execute.js',
    find: 'for (const change of isRetry(step) ? [] : step.changes)',
    plant: 'for (const change of isRetry(step) ? [] : step.changes.slice(1))',
    suite: simulation,
  },
  {
    bug: 'a work that throws is committed',
    file: 'store/connection.js',
    find: "'ROLLBACK'",
    plant: "'COMMIT'",
    suite: simulation,
  },
  {
    bug: 'the limit of deletes is one too high',
    file: 'plan/budget.js',
    find: 'total > most',
    plant: 'total > most + 1',
    suite: 'plan/restraint.test.js',
  },
  {
    bug: 'an emptied source deletes',
    file: 'plan/restraint.js',
    find: 'const isEmptied = due > 0 && count.declared === 0 && !allowEmpty;',
    plant: 'const isEmptied = false;',
    suite: simulation,
  },
  {
    bug: 'children of a record that is written stay from before',
    file: 'broker/broker.js',
    find: 'for (const table of differing)\n                unit.remove(',
    plant: 'for (const table of [])\n                unit.remove(',
    suite: simulation,
  },
  {
    bug: 'what leaves is deleted without being undeployed first',
    file: 'reconcile/steps.js',
    find: 'together(plan.changes.filter(isExecutable))',
    plant:
      "together(plan.changes.filter(isExecutable).filter((it) => it.action !== 'undeploy' || it.desired !== undefined))",
    suite: simulation,
  },
  {
    bug: 'a source sees its own writes as seen',
    file: 'store/live-counter.js',
    find: "except ?? ''",
    plant: "''",
    suite: 'store/rows.test.js',
  },
  {
    bug: 'a write does not look whether the record is still the one that was planned for',
    file: 'reconcile/execute.js',
    find: 'if (seen === present?.generation)',
    plant: 'if (true)',
    suite: 'reconcile/reconcile.test.js',
  },
  {
    bug: 'the other half of a transaction that failed is left out',
    file: 'reconcile/execute.js',
    find: 'return write(open.slice(half));',
    plant: 'return;',
    suite: 'reconcile/reconcile.test.js',
  },
  {
    bug: 'no lease is taken',
    file: 'store/lease.js',
    find: ", 'BEGIN EXCLUSIVE'",
    plant: '',
    suite: 'store/lease.test.js',
  },
  {
    bug: 'a commit does not wait for the disk',
    file: 'store/sqlite.js',
    find: 'synchronous = FULL',
    plant: 'synchronous = OFF',
    suite: 'store/database.test.js',
  },
  {
    bug: 'a lost database is made anew without a word',
    file: 'store/sqlite.js',
    find: "refuseLost(path, 'is missing or empty');",
    plant: '',
    suite: 'store/damage.test.js',
  },
  {
    bug: 'what git hands out is not compared with its id',
    file: 'source/git-objects.js',
    find: 'if (blobId(bytes) !== id)',
    plant: 'if (false)',
    suite: 'source/git-hostile.test.js',
  },
  {
    bug: 'a file that is still being written is used',
    file: 'source/directory.js',
    find: 'if (agree(before, now) || this.#isQuiet(now))',
    plant: 'if (true)',
    suite: 'source/directory.test.js',
  },
  {
    bug: 'a failing source is asked again at once',
    file: 'lib/time.js',
    find: 'Math.min(1000 * 2 ** Math.min(attempt - 1, 20), 300_000)',
    plant: '0',
    suite: 'reconcile/loop.test.js',
  },
  {
    bug: 'control characters reach the terminal',
    file: 'lib/terminal.js',
    find: 'return text.replace(unsafe, visible);',
    plant: 'return text;',
    suite: 'faults/fuzz.test.js',
  },
  {
    bug: 'a record whose write was interrupted keeps half of its transaction',
    file: 'store/connection.js',
    find: 'await this.#statements.transact(begin);',
    plant: '',
    suite: 'faults/crash.test.js',
  },
];
