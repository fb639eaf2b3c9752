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
import { checkSlashes } from '../url-path.ts';
import { checkHeaders } from './headers.ts';
import { example, spec } from './schema.ts';

const data = 'plugin_data_api';

export const apiPlugin: Kind = {
  name: 'ApiPlugin',
  space: pluginSpace,
  aliases: ['api-plugin', 'api_plugin'],
  summary: 'A request that a client can send to a web API',
  spec,
  metadata: pluginMetadata('api'),
  legacy: ['metadata.author', 'spec.apiData.description'],
  fields: [
    ...pluginFields('api'),
    connectionField(data, 'api_connection'),
    {
      path: 'spec.apiData.endpoint',
      storage: { table: data, column: 'endpoint', type: 'text' },
      class: 'capability',
    },
    {
      path: 'spec.apiData.method',
      storage: { table: data, column: 'method', type: 'text' },
      class: 'capability',
      default: 'GET',
    },
    {
      path: 'spec.apiData.urlParams',
      storage: { table: data, column: 'url_params', type: 'json' },
      class: 'capability',
      default: [],
    },
    {
      path: 'spec.apiData.headers',
      storage: { table: data, column: 'headers', type: 'json' },
      class: 'capability',
      default: [],
    },
    {
      path: 'spec.apiData.body',
      storage: { table: data, column: 'body', type: 'json' },
      class: 'capability',
    },
    ...parameterFields('spec.apiData', data),
  ],
  tables: {
    main: pluginMain,
    discriminator: { column: 'plugin_class', value: 'api' },
    ones: [...pluginOnes, { table: data }],
  },
  check: (manifest) => [
    ...checkSelector(manifest),
    ...checkSlashes(manifest, 'spec.apiData.endpoint'),
    ...checkHeaders(manifest),
    ...checkParameters(manifest, 'spec.apiData', 'endpoint'),
  ],
  status: () => ({}),
  example,
};
