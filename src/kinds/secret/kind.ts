import type { Kind } from '../../manifest/kind.ts';
import { metadataFields } from '../metadata.ts';
import { example, spec } from './schema.ts';

export const secret: Kind = {
  name: 'Secret',
  space: 'secret',
  aliases: [],
  sharesName: true,
  summary: 'A password or key that connections and providers use; its value never stands in Git',
  spec,
  legacy: ['metadata.author', 'spec.config.description'],
  fields: [
    ...metadataFields('secret'),
    {
      path: 'spec.config.valueFrom',
      storage: { column: 'value_from', type: 'json' },
      class: 'cosmetic',
      sparse: true,
    },
    {
      path: 'spec.config.value',
      storage: { column: 'value_hash', type: 'text' },
      class: 'behaviour',
    },
    {
      path: 'spec.config.expiration_date',
      storage: { column: 'expires_at', type: 'timestamp' },
      class: 'behaviour',
    },
  ],
  tables: { main: 'secret', ones: [] },
  secret: { value: 'spec.config.value', from: 'spec.config.valueFrom', column: 'sealed_value' },
  serverColumns: { sealed_value: 'text', last_accessed: 'timestamp' },
  status: ({ columns }) => ({ last_accessed: (columns['last_accessed'] ?? null) as string | null }),
  example,
};
