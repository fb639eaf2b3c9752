import { contestedKeys, noteContests } from '../store/contested.ts';
import { clearIndex } from '../store/file-index.ts';
import { countBySource, orphanAllOf } from '../store/inventory.ts';
import { readSourceState, removeSourceState, unsettle } from '../store/source-state.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageAct } from './acts.ts';
import { plural } from './outcome.ts';
import type { Ports } from './ports.ts';

/** A source that nobody looks at any more, and how many records are still its own. */
export interface Left {
  readonly name: string;
  readonly records: number;
}

/** The sources that own records and are not among these, which are configured. */
export async function leftSources(
  { database }: Pick<Ports, 'database'>,
  configured: readonly string[],
): Promise<readonly Left[]> {
  const owners = await database.read(countBySource);
  return owners.filter(({ name }) => !configured.includes(name));
}

/** Whether there is anything of a source to let go of: records, or what it was found to declare. */
export async function isKnown(
  { database }: Pick<Ports, 'database'>,
  name: string,
): Promise<boolean> {
  const owners = await database.read(countBySource);
  if (owners.some((it) => it.name === name)) return true;
  return (await database.read((query) => readSourceState(query, name))) !== undefined;
}

/**
 * Lets go of all that a source owns, which is for a person to say: somebody else may have it configured.
 * The records stay as they are; whoever declares one may take it, and a person may delete it. What the
 * source declared is forgotten, so that it stands in nobody's way; should it ever be read again, that is
 * for the first time. Gives back how many records there were.
 */
export async function release(ports: Ports, source: string, actor: string): Promise<number> {
  const at = ports.clock.now().toISOString();
  return ports.database.write(async (query) => {
    const count = await orphanAllOf(query, source);
    const contested = await contestedKeys(query, source);
    await clearIndex(query, source);
    await removeSourceState(query, source);
    await noteContests(query, source, contested);
    // What was blocked by them is looked at again, though neither file nor record has moved.
    await unsettle(query);
    const unit = new UnitOfWork();
    stageAct(unit, { verb: 'release', actor, at, source, message: plural(count, 'record') });
    await unit.flush(query);
    return count;
  });
}
