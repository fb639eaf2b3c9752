import { escapeUntrusted } from '../lib/terminal.ts';
import { valueText } from '../plan/value-text.ts';
import { shortRevision } from '../plan/wording.ts';
import type { Origin } from '../reconcile/origins.ts';
import type { FieldProvenance, Provenance } from '../reconcile/why.ts';

/** Earlier values of a field that a person is shown; JSON has all of them. */
const mostEarlier = 5;

/** Where the values of a record come from, for people: the fields, and then the runs that they name. */
export function whyText(provenance: Provenance, fields: readonly FieldProvenance[]): string {
  const { record, owned } = provenance;
  const owner = owned === undefined ? 'owned by no source' : `owned by the source ${owned.source}`;
  const orphaned = owned?.orphaned === true ? ', whose file is gone' : '';
  const lines = [`${record.kind} ${record.key.name}, ${owner}${orphaned}`];
  for (const field of fields) lines.push('', ...fieldLines(provenance, field));
  const runs = runLines(provenance, fields);
  if (runs.length > 0) lines.push('', ...runs);
  return lines.map((line) => `${escapeUntrusted(line)}\n`).join('');
}

function fieldLines(provenance: Provenance, field: FieldProvenance): string[] {
  const { path, value, settings } = field;
  const earlier = settings.slice(0, -1).reverse();
  const lines = [
    `${path}: ${valueText(value)}`,
    `    ${currentText(provenance, field)}`,
    ...earlier
      .slice(0, mostEarlier)
      .map((it) => `    before that ${valueText(it.value)}, ${originText(it.origin)}`),
  ];
  if (earlier.length > mostEarlier)
    lines.push(`    and ${earlier.length - mostEarlier} earlier values, which -o json has`);
  return lines;
}

function currentText(provenance: Provenance, field: FieldProvenance): string {
  const { place, isDefault, settings } = field;
  const current = settings.at(-1);
  const origin = current === undefined ? olderText(provenance) : originText(current.origin);
  if (place === undefined) return isDefault ? 'the default' : origin;
  const at = `${place.file}:${place.line}`;
  if (current?.origin.by === 'outside')
    return place.ofField ? `${origin}; ${at} says otherwise` : origin;
  // What always was the default was set by nobody before, though it stands there.
  if (place.ofField)
    return `${at}, ${isDefault && current === undefined ? 'the default too' : origin}`;
  return isDefault ? `the default; not written in ${at}` : `${at} (its document), ${origin}`;
}

function originText(origin: Origin): string {
  if (origin.by === 'outside')
    return origin.before === undefined
      ? `set outside of Plumbline after ${origin.after}`
      : `set outside of Plumbline between ${origin.after} and ${origin.before}`;
  const { at, actor, source, revision } = origin.entry;
  if (origin.by === 'hand') return `set by hand at ${at} by ${actor}`;
  return `from ${source} at ${shortRevision(revision ?? '')}, applied at ${at}`;
}

function olderText({ since, record }: Provenance): string {
  return since === undefined
    ? `not in the journal; the record was made at ${record.createdAt}`
    : `set before ${since}, where the journal begins`;
}

/** The runs that gave the fields their values, newest first: what they applied, who committed that, who ran them. */
function runLines({ commits }: Provenance, fields: readonly FieldProvenance[]): string[] {
  const entries = fields
    .flatMap(({ settings }) => settings.slice(-1 - mostEarlier))
    .flatMap(({ origin }) => (origin.by === 'outside' ? [] : [origin.entry]))
    .sort((a, b) => b.id - a.id);
  const runs = new Map(entries.map((entry) => [entry.run, entry]));
  return [...runs.values()].flatMap(({ at, run, actor, revision }) => {
    const { author, time, subject } = commits.get(revision ?? '') ?? {};
    const commit = author === undefined ? [] : [`    commit of ${author}, ${time}: ${subject}`];
    const what = revision ? ` of ${shortRevision(revision)}` : '';
    return [`run ${run}${what} at ${at} by ${actor}`, ...commit];
  });
}
