import type { Kind } from '../../manifest/kind.ts';
import {
  checkSelector,
  pluginFields,
  pluginMain,
  pluginMetadata,
  pluginOnes,
  pluginSpace,
} from '../plugin/common.ts';
import { connectionField, parameterFields } from '../plugin/parameter-fields.ts';
import { checkParameters } from '../plugin/parameters.ts';
import { example, spec } from './schema.ts';

const data = 'plugin_data_sql';

export const sqlPlugin: Kind = {
  name: 'SqlPlugin',
  space: pluginSpace,
  aliases: ['sql-plugin', 'sql_plugin'],
  summary: 'A query that a client can put to a database',
  spec,
  metadata: pluginMetadata('sql'),
  legacy: ['metadata.author', 'spec.sqlData.description'],
  fields: [
    ...pluginFields('sql'),
    connectionField(data, 'sql_connection'),
    {
      path: 'spec.sqlData.sqlQuery',
      storage: { table: data, column: 'sql_query', type: 'text' },
      class: 'capability',
    },
    ...parameterFields('spec.sqlData', data),
  ],
  tables: {
    main: pluginMain,
    discriminator: { column: 'plugin_class', value: 'sql' },
    ones: [...pluginOnes, { table: data }],
  },
  check: (manifest) => [
    ...checkSelector(manifest),
    ...checkParameters(manifest, 'spec.sqlData', 'sqlQuery'),
  ],
  status: () => ({}),
  example,
};
