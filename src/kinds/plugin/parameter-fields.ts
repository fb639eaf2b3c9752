import type { Field } from '../../manifest/kind.ts';

/** The fields of a plugin that calls something with parameters; `part` is the map that holds them. */
export function parameterFields(part: string, table: string): readonly Field[] {
  return [
    {
      path: `${part}.parameters`,
      storage: { table, column: 'parameters', type: 'json' },
      class: 'capability',
      default: [],
      sparse: true,
    },
    {
      path: `${part}.testValues`,
      storage: { table, column: 'test_values', type: 'json' },
      class: 'cosmetic',
      default: [],
    },
    {
      path: `${part}.limit`,
      storage: { table, column: 'limit', type: 'integer' },
      class: 'behaviour',
      default: 100,
    },
  ];
}

/** The connection that a plugin uses, as the id of its record. */
export function connectionField(table: string, space: string): Field {
  return {
    path: 'spec.connection',
    storage: { table, column: 'connection_id', type: 'integer' },
    class: 'capability',
    references: space,
  };
}
