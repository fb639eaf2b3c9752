import { randomUUID } from 'node:crypto';
import { stageEntry } from '../store/journal.ts';
import type { RecordKey } from '../store/record-key.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';

/** What a person told Plumbline, of a source or of a record. */
export interface Act {
  readonly verb:
    | 'suspend'
    | 'resume'
    | 'approve'
    | 'release'
    | 'issue'
    | 'rotate'
    | 'revoke'
    | 'rekey';
  readonly actor: string;
  /** ISO 8601. */
  readonly at: string;
  readonly source?: string;
  readonly key?: RecordKey;
  readonly kind?: string;
  readonly revision?: string;
  readonly message: string;
}

/** Stages the journal's entry of an act, in the transaction that carries it out. */
export function stageAct(unit: UnitOfWork, act: Act): void {
  const { verb, actor, at, source, key, kind, revision, message } = act;
  stageEntry(unit, {
    run: randomUUID(),
    at,
    actor,
    trigger: 'command',
    source: source ?? null,
    revision: revision ?? null,
    file: null,
    line: null,
    account: key?.account ?? null,
    space: key?.space ?? null,
    name: key?.name ?? null,
    kind: kind ?? null,
    verb,
    outcome: 'applied',
    before: null,
    after: null,
    beforeDigest: null,
    afterDigest: null,
    message,
    durationMs: 0,
  });
}
