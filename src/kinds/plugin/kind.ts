import type { Kind } from '../../manifest/kind.ts';
import {
  checkSelector,
  pluginFields,
  pluginMain,
  pluginMetadata,
  pluginOnes,
  pluginSpace,
} from './common.ts';
import { example, spec } from './schema.ts';

const data = 'plugin_data_static';

export const plugin: Kind = {
  name: 'Plugin',
  space: pluginSpace,
  aliases: ['static-plugin', 'static_plugin', 'staticplugin'],
  summary: 'Fixed knowledge that a client can look up',
  spec,
  metadata: pluginMetadata('static'),
  legacy: ['metadata.author', 'spec.data.description'],
  fields: [
    ...pluginFields('static'),
    {
      path: 'spec.data.staticData',
      storage: { table: data, column: 'static_data', type: 'json' },
      class: 'behaviour',
    },
  ],
  tables: {
    main: pluginMain,
    discriminator: { column: 'plugin_class', value: 'static' },
    ones: [...pluginOnes, { table: data }],
  },
  check: checkSelector,
  status: () => ({}),
  example,
};
