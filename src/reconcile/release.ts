import { countBySource, orphanAllOf } from '../store/inventory.ts';
import { unsettle } from '../store/source-state.ts';
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

/**
 * Lets go of all that a source owns, which is for a person to say: somebody else may have it configured.
 * The records stay as they are; whoever declares one may take it, and a person may delete it. Gives back
 * how many there were.
 */
export async function release(ports: Ports, source: string, actor: string): Promise<number> {
  const at = ports.clock.now().toISOString();
  return ports.database.write(async (query) => {
    const count = await orphanAllOf(query, source);
    if (count === 0) return 0;
    // What was blocked by them is looked at again, though neither file nor record has moved.
    await unsettle(query);
    const unit = new UnitOfWork();
    stageAct(unit, { verb: 'release', actor, at, source, message: plural(count, 'record') });
    await unit.flush(query);
    return count;
  });
}
