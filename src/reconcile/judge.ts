import { setImmediate as nextTurn } from 'node:timers/promises';
import { sortDiagnostics } from '../lib/diagnostic.ts';
import { PlumblineError } from '../lib/errors.ts';
import { failpoint } from '../lib/failpoint.ts';
import { type LoadResult, ManifestLoader } from '../manifest/load.ts';
import { buildPlan } from '../plan/build.ts';
import type { Plan } from '../plan/change.ts';
import type { Control } from '../plan/control.ts';
import { shortRevision } from '../plan/wording.ts';
import type { Snapshot } from '../source/source.ts';
import { readSourceState } from '../store/source-state.ts';
import { readControl } from './control.ts';
import { type LiveState, readLive } from './live.ts';
import type { Ports, Target } from './ports.ts';

/** What a source wants at one moment: its snapshot, parsed and checked. */
export interface Desired {
  readonly revision: string;
  readonly snapshot: Snapshot;
  readonly loaded: LoadResult;
}

/** Files parsed between two turns of the event loop, so that health answers while many are read. */
const filesPerTurn = 20;

/** Fetches a snapshot and loads every manifest of it. Throws when the source cannot be read as a whole. */
export async function readDesired(
  ports: Ports,
  target: Target,
  signal: AbortSignal,
): Promise<Desired> {
  failpoint('fetch.begin');
  const snapshot = await target.source.fetch(signal);
  failpoint('fetch.end');
  if (target.policy.history === 'hold') await refuseRewritten(ports, target, snapshot, signal);
  const loader = new ManifestLoader(ports.brokers.kinds, target.account, ports.vault);
  let count = 0;
  for await (const { file, bytes } of snapshot.read(snapshot.files)) {
    failpoint('file.read');
    loader.add(file, bytes);
    count += 1;
    if (count % filesPerTurn === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  const loaded = loader.finish();
  failpoint('manifests.loaded');
  return { revision: snapshot.revision, snapshot, loaded };
}

/** Throws SOURCE_REWRITTEN where what was applied last is no part of the snapshot's history. */
async function refuseRewritten(
  { database }: Ports,
  { source }: Target,
  { revision, follows }: Snapshot,
  signal: AbortSignal,
): Promise<void> {
  const last = await database.read((query) => readSourceState(query, source.name));
  const before = last?.revision ?? '';
  if (before === '' || before === revision || follows === undefined) return;
  if (await follows(before, signal)) return;
  throw new PlumblineError(
    'SOURCE_REWRITTEN',
    `the history was rewritten: ${shortRevision(before)}, which was applied last, is no part of ${shortRevision(revision)}`,
    {
      hint: 'push a commit that follows it, or set history: follow for this source if it is meant; what is applied stays meanwhile',
    },
  );
}

/** What a run would do, as a value: desired and live state compared. */
export function judge(
  ports: Ports,
  target: Target,
  desired: Desired,
  state: LiveState,
  control: Control,
): Plan {
  const { snapshot, loaded } = desired;
  const { name } = target.source;
  return buildPlan({
    source: name,
    revision: desired.revision,
    account: target.account,
    desired: loaded.manifests,
    live: state.live,
    owned: state.owned,
    ownerOf: (id) => {
      const owner = state.owners.get(id);
      return owner === name ? undefined : owner;
    },
    problems: sortDiagnostics([...loaded.problems, ...snapshot.problems]),
    declaredButInvalid: loaded.declared,
    unknownContent: [...loaded.unknown, ...snapshot.problems.map((problem) => problem.file)],
    kinds: ports.brokers.kinds,
    policy: target.policy,
    control,
    toolVersion: ports.version,
  });
}

/** Reads both sides and judges: all of `plan`, and the first half of a run. Writes nothing. */
export async function planTarget(
  ports: Ports,
  target: Target,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly desired: Desired }> {
  const desired = await readDesired(ports, target, signal);
  const state = await readLive(ports.database, ports.brokers, target.account, target.source.name);
  const { control } = await readControl(ports, target, 'command');
  return { plan: judge(ports, target, desired, state, control), desired };
}
