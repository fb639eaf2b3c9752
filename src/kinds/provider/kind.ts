import { valueAt } from '../../lib/json.ts';
import type { Field, Kind, KindProblem } from '../../manifest/kind.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { metadataFields } from '../metadata.ts';
import { checkSlashes } from '../url-path.ts';
import { addresses, example, mailboxes, spec } from './schema.ts';
import { standingColumns, standingOf } from './standing.ts';

const main = 'provider';

const fields: readonly Field[] = [
  ...metadataFields(main),
  {
    path: 'spec.provider.name',
    storage: { column: 'provider_name', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.provider.description',
    storage: { column: 'provider_description', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.provider.base_url',
    storage: { column: 'base_url', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.provider.api_key',
    storage: { column: 'api_key_id', type: 'integer' },
    class: 'capability',
    references: 'secret',
  },
  {
    path: 'spec.provider.connectivity_test_path',
    storage: { column: 'connectivity_test_path', type: 'text' },
    class: 'cosmetic',
  },
  ...[...addresses, ...mailboxes].map(
    (column): Field => ({
      path: `spec.provider.${column}`,
      storage: { column, type: 'text' },
      class: 'cosmetic',
    }),
  ),
];

/**
 * The reference platform takes the name in spec over the one in metadata. Here they must agree, so
 * that a record is never found under a name that its file does not seem to declare.
 */
function checkName(manifest: Manifest): readonly KindProblem[] {
  const path = 'spec.provider.name';
  const { name } = manifest.metadata;
  if (valueAt(manifest, path) === name) return [];
  const message = `the name in spec must be the one in metadata, which is ${name}`;
  return [{ severity: 'error', path, message, hint: `write ${name}` }];
}

export const provider: Kind = {
  name: 'Provider',
  space: 'provider',
  aliases: ['vendor'],
  sharesName: true,
  summary: 'A vendor of models: where it is reached, and with which key',
  spec,
  legacy: ['metadata.author'],
  fields,
  tables: { main, ones: [] },
  verbs: ['logs'],
  check: (manifest) => [
    ...checkName(manifest),
    ...checkSlashes(manifest, 'spec.provider.connectivity_test_path'),
  ],
  serverColumns: standingColumns,
  status: standingOf,
  example,
};
