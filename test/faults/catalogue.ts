/** One fault of the catalogue and the test that says what must hold. */
export interface Fault {
  readonly id: number;
  readonly fault: string;
  /** Below `test`. */
  readonly file: string;
  /** Part of its title, or the path to what is run. */
  readonly test: string;
}

const row = (id: number, fault: string, file: string, test: string): Fault => ({
  id,
  fault,
  file,
  test,
});

const crash = 'faults/crash.test.ts';
const damage = 'store/damage.test.ts';
const folder = 'source/directory.test.ts';
const hostile = 'source/git-hostile.test.ts';
const catalogue = 'faults/catalogue.test.ts';
const long = 'faults/long.test.ts';
const runs = 'reconcile/reconcile.test.ts';

/** F01 to F42. What `npm test` has no time for is in long.test.ts: `npm run test:faults`. */
export const faults: readonly Fault[] = [
  row(1, 'killed at a named step', crash, 'standing still at any step, then killed'),
  row(2, 'killed at the n-th write call', 'faults/sweep.test.ts', 'killed at any call that writes'),
  row(3, 'a step throws', crash, 'a step that throws is rolled back'),
  row(4, 'disk full', catalogue, 'a daemon whose disk is full'),
  row(5, 'file-size limit', damage, 'a file that may not grow refuses the row'),
  row(
    6,
    'I/O error or no space at the n-th call',
    'faults/sweep.test.ts',
    'a disk that fails once',
  ),
  row(
    7,
    'another process holds the write lock',
    'store/database.test.ts',
    'while another process holds the write lock',
  ),
  row(
    8,
    'two daemons, one database',
    'journeys/daemon.test.ts',
    'nobody else converges the same database',
  ),
  row(9, 'the holder is paused', 'store/lease.test.ts', 'a holder that is paused keeps the lease'),
  row(10, 'a damaged, empty, missing or foreign database', damage, 'is refused and left as it is'),
  row(11, 'one byte in a record', catalogue, 'a byte that flips in a record'),
  row(
    12,
    'the log of the database is gone or garbage',
    catalogue,
    'a log of the database that is gone',
  ),
  row(13, 'a damaged mirror', hostile, 'a damaged mirror never loses a file, and heals'),
  row(14, 'rewritten history', 'journeys/git.test.ts', 'a branch rewritten by force is followed'),
  row(
    15,
    'branch, repository or path gone',
    'source/git.test.ts',
    'what is not there is an error, never an empty snapshot',
  ),
  row(16, 'every answer of a remote', hostile, 'every answer of a remote has its meaning'),
  row(17, 'a remote that stalls', hostile, 'a remote that stalls ends at the limit'),
  row(18, 'a huge repository', long, 'a huge repository'),
  row(19, 'a huge file', 'source/git.test.ts', 'a huge blob is refused by its size'),
  row(20, 'prune accidents', 'faults/prune.test.ts', 'twelve kinds of accident in ten sizes'),
  row(21, 'a delete that is refused for some', runs, 'the store refuses some deletes'),
  row(
    22,
    'clock set back and forward',
    'reconcile/loop.test.ts',
    'a wall clock that is set back or forward',
  ),
  row(23, 'no watches left', folder, 'without a watch left it says so once'),
  row(24, 'how editors save', folder, 'a file is used only when it rests'),
  row(
    25,
    'swapped ConfigMaps, replaced roots',
    folder,
    'a mounted ConfigMap is read through its links',
  ),
  row(26, 'lost events', long, 'a burst of changes'),
  row(27, 'signals at any step', crash, 'told to stop at any step'),
  row(28, 'one poison among many', catalogue, 'one poison among a thousand'),
  row(
    29,
    'a broker that fails in any way',
    runs,
    'an endpoint that fails in any way holds up its own record',
  ),
  row(
    30,
    'an endpoint that is down, slow or resets',
    'endpoint/webhook.test.ts',
    'an endpoint that fails stays owed, and does the thing once when it is back',
  ),
  row(
    31,
    'a storm of webhooks',
    'reconcile/loop.test.ts',
    'a storm of webhooks is a run now and then',
  ),
  row(
    32,
    'webhooks of every wrong kind',
    'http/webhook.test.ts',
    'no body, however wrong, is an error of ours',
  ),
  row(33, 'ten thousand syncs', 'faults/soak.ts', 'npm run bench:soak'),
  row(34, 'a stalled event loop', long, 'the event loop'),
  row(35, 'a fault without a name', crash, 'a step that throws is rolled back'),
  row(36, 'a log whose reader is stuck or gone', 'lib/log.test.ts', 'a slow reader costs lines'),
  row(37, 'few file descriptors', long, 'few file descriptors'),
  row(38, 'little memory', long, 'little memory'),
  row(
    39,
    'an upgrade that is killed, a newer database',
    damage,
    'migrations that are killed leave what was before them',
  ),
  row(40, 'an export that is killed', crash, 'an export that is killed leaves whole files only'),
  row(
    41,
    'a record changed with SQL',
    'journeys/drift.test.ts',
    'what others refer to can be deleted behind its back',
  ),
  row(42, 'a dry run in all of these', 'simulation/history.ts', 'a plan wrote'),
];
