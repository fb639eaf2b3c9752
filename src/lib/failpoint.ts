import { writeSync } from 'node:fs';

/**
 * Every place where a test may end, break or stop the process on purpose: the steps between which
 * something could be left half done, in the order in which a run passes them. Each stands in the code
 * once, and a test shows that each is still passed.
 */
export const failpoints = [
  'config.read',
  'lease.taken',
  'store.opened',
  'migrate.before-commit',
  'migrate.after-commit',
  'birth.certified',
  'fetch.begin',
  'mirror.fetched',
  'mirror.listed',
  'mirror.moved-away',
  'mirror.replaced',
  'fetch.end',
  'file.read',
  'manifests.loaded',
  'plan.built',
  'execute.begin',
  'transaction.begun',
  'execute.looked',
  'execute.removal-staged',
  'execute.write-staged',
  'execute.staged',
  'rows.removed',
  'rows.given-up',
  'rows.updated',
  'rows.statement',
  'rows.inserted',
  'transaction.before-commit',
  'transaction.committed',
  'execute.committed',
  'effect.before-request',
  'effect.answered',
  'effect.noted',
  'execute.end',
  'books.kept',
  'verify.read',
  'run.before-mark',
  'run.marked',
  'failure.remembered',
  'journal.trimmed',
  'export.draft-written',
  'export.file-renamed',
  'rekey.key-written',
  'rekey.sealed',
  'shutdown.begin',
  'store.before-checkpoint',
  'store.closed',
] as const;

export type Failpoint = (typeof failpoints)[number];

const actions = ['kill', 'throw', 'hang', 'stop'] as const;

interface Armed {
  readonly name: Failpoint;
  readonly action: (typeof actions)[number];
  /** Passes that are still to be let through. */
  left: number;
}

/** The one variable that arms a failpoint. No configuration file and no repository reaches it. */
export const failpointVariable = 'PLUMBLINE_FAILPOINT';

let armed: Armed | undefined;

/**
 * Arms one failpoint for this process, such as `execute.committed=kill`, or `rows.statement=throw@3`
 * for its third pass; undefined disarms. Throws for a text that names none, because a test that
 * injects nothing would prove nothing.
 *
 * `kill` ends the process as `kill -9` does, `throw` fails the step, `hang` stands still for good, as
 * a process that is paused, and `stop` sends the process SIGTERM.
 */
export function armFailpoint(text: string | undefined): void {
  armed = undefined;
  if (text === undefined || text === '') return;
  const [, name, action, nth = '1'] = /^([\w.-]+)=(\w+)(?:@(\d+))?$/.exec(text) ?? [];
  const known = failpoints.find((it) => it === name);
  const what = actions.find((it) => it === action);
  if (known === undefined || what === undefined)
    throw new TypeError(`${failpointVariable} must be NAME=kill|throw|hang|stop[@N]`);
  armed = { name: known, action: what, left: Number(nth) - 1 };
}

/** A place where a test may strike. Without one it costs a comparison. */
export function failpoint(name: Failpoint): void {
  if (armed !== undefined && armed.name === name) strike(armed);
}

function strike(at: Armed): void {
  if (at.left > 0) {
    at.left -= 1;
    return;
  }
  armed = undefined;
  if (at.action === 'throw') throw new Error(`the failpoint ${at.name} was told to throw`);
  if (at.action === 'hang') {
    writeSync(2, `the failpoint ${at.name} hangs\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  process.kill(process.pid, at.action === 'kill' ? 'SIGKILL' : 'SIGTERM');
}
