import type { JsonValue } from '../lib/json.ts';
import { mask } from '../lib/secret.ts';
import type { Kind } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { FieldChange } from '../plan/change.ts';
import { diffFields } from '../plan/diff.ts';
import type { JournalRow } from '../store/journal.ts';

/**
 * Where the value of a field comes from. `source` and `hand` are entries of the journal; `outside` is
 * what nobody journalled: it happened after one moment and before another, as far as these are known.
 */
export type Origin =
  | { readonly by: 'source' | 'hand'; readonly entry: JournalRow }
  | { readonly by: 'outside'; readonly after: string; readonly before?: string };

/** One value that a field had, until it was given the next one. */
export interface Setting {
  readonly value: JsonValue;
  readonly origin: Origin;
}

/** The record as it is, as far as `fieldOrigins` looks. */
export interface Present {
  /** Without its secret. */
  readonly manifest: Manifest;
  readonly deployed: boolean | undefined;
}

/**
 * The values that the fields of a record had, oldest first, told from the applied entries of its
 * journal, oldest first, and from the record as it is. What an entry found other than the one before
 * left it was set outside. Fields that kept their first value have no settings.
 */
export function fieldOrigins(
  kind: Kind,
  entries: readonly JournalRow[],
  present: Present,
): Map<string, Setting[]> {
  const told = new Map<string, Setting[]>();
  const tell = (changes: readonly FieldChange[], origin: Origin) => {
    for (const { path, to } of changes) {
      const settings = told.get(path) ?? [];
      told.set(path, [...settings, { value: to, origin }]);
    }
  };
  let last: JournalRow | undefined;
  let known: Manifest | undefined;
  for (const entry of entries) {
    const before = manifestOf(entry.before);
    // The entries of one run tell of one look at the record, so only the first can have found something.
    if (last !== undefined && last.run !== entry.run && !isSwitch(entry))
      tell(diffFields(kind, known, before, undefined), outside(last, entry));
    tell(changesOf(kind, entry, before), { by: entry.source === null ? 'hand' : 'source', entry });
    if (entry.verb === 'delete') told.clear();
    last = entry;
    if (!isSwitch(entry) || known === undefined) known = manifestOf(entry.after);
  }
  if (last !== undefined) {
    tell(diffFields(kind, known, present.manifest, undefined), outside(last));
    tell(switchedOutside(kind, told, present), outside(last));
  }
  return told;
}

function isSwitch({ verb }: JournalRow): boolean {
  return verb === 'deploy' || verb === 'undeploy';
}

function changesOf(kind: Kind, entry: JournalRow, before: Manifest | undefined): FieldChange[] {
  const deployment = kind.deployment;
  if (isSwitch(entry) && deployment !== undefined)
    return [given(deployment, entry.verb === 'deploy')];
  const after = manifestOf(entry.after);
  const changes = diffFields(kind, before, after, undefined);
  const secret = kind.secret?.value;
  // Two values of a secret look alike in the journal; that it was given another stands in the message.
  const sealed = secret !== undefined && (entry.message ?? '').split(', ').includes(secret);
  return sealed ? [...changes.filter((it) => it.path !== secret), given(secret, mask)] : changes;
}

/** What a switch of deployment that no entry tells of comes to. */
function switchedOutside(
  kind: Kind,
  told: ReadonlyMap<string, readonly Setting[]>,
  { deployed }: Present,
): FieldChange[] {
  if (kind.deployment === undefined || deployed === undefined) return [];
  const last = told.get(kind.deployment)?.at(-1)?.value;
  return last === undefined || last === deployed ? [] : [given(kind.deployment, deployed)];
}

function given(path: string, to: JsonValue): FieldChange {
  return { path, from: null, to, cause: 'git', class: 'cosmetic' };
}

function outside(last: JournalRow, next?: JournalRow): Origin {
  return { by: 'outside', after: last.at, ...(next === undefined ? {} : { before: next.at }) };
}

function manifestOf(text: string | null): Manifest | undefined {
  return text === null ? undefined : (JSON.parse(text) as Manifest);
}
