import type { Field } from '../manifest/kind.ts';

/** The metadata fields that every kind has, stored beside the kind's main table. */
export function metadataFields(main: string): readonly Field[] {
  return [
    {
      path: 'metadata.description',
      storage: { column: 'description', type: 'text' },
      class: 'cosmetic',
    },
    { path: 'metadata.version', storage: { column: 'version', type: 'text' }, class: 'cosmetic' },
    {
      path: 'metadata.tags',
      storage: { list: `${main}_tag`, column: 'name' },
      class: 'cosmetic',
      default: [],
      compare: 'set',
    },
    {
      path: 'metadata.annotations',
      storage: { column: 'annotations', type: 'json' },
      class: 'cosmetic',
      default: [],
    },
  ];
}
