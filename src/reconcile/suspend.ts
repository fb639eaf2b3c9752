import { keyId } from '../manifest/manifest.ts';
import type { RecordKey } from '../store/record-key.ts';
import {
  type SuspensionRow,
  stageResumption,
  stageSuspension,
  suspensions,
} from '../store/suspensions.ts';
import { UnitOfWork } from '../store/unit-of-work.ts';
import { stageAct } from './acts.ts';
import { recordKeyOf } from './control.ts';
import type { Ports } from './ports.ts';

/** What is left alone: a source by its name, or a record. */
export type Subject =
  | { readonly source: string }
  | { readonly key: RecordKey; readonly kind: string };

/** Leaves a source or a record alone from now on. It may be one that is suspended already: then the terms are new. */
export async function suspend(
  ports: Ports,
  subject: Subject,
  terms: Pick<SuspensionRow, 'reason' | 'actor' | 'until'>,
): Promise<void> {
  const at = ports.clock.now().toISOString();
  const { actor, reason, until } = terms;
  const message = [reason, until === null ? '' : `until ${until}`].filter((it) => it !== '');
  await ports.database.write(async (query) => {
    const unit = new UnitOfWork();
    stageSuspension(unit, targetOf(subject), { ...terms, since: at });
    stageAct(unit, { verb: 'suspend', actor, at, ...subject, message: message.join(', ') });
    await unit.flush(query);
  });
}

/** Ends a suspension; false where there is none. */
export async function resume(ports: Ports, subject: Subject, actor: string): Promise<boolean> {
  const at = ports.clock.now().toISOString();
  return ports.database.write(async (query) => {
    const found = (await suspensions(query, at)).find((row) => isOf(row, subject));
    if (found === undefined) return false;
    const unit = new UnitOfWork();
    stageResumption(unit, targetOf(subject));
    const message = `suspended since ${found.since} by ${found.actor}`;
    stageAct(unit, { verb: 'resume', actor, at, ...subject, message });
    await unit.flush(query);
    return true;
  });
}

function targetOf(subject: Subject) {
  return 'source' in subject ? subject.source : subject.key;
}

function isOf(row: SuspensionRow, subject: Subject): boolean {
  if ('source' in subject) return row.source === subject.source;
  const key = recordKeyOf(row);
  return key !== undefined && keyId(key) === keyId(subject.key);
}
