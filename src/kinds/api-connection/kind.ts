import type { Field, Kind } from '../../manifest/kind.ts';
import { metadataFields } from '../metadata.ts';
import { example, spec } from './schema.ts';

const main = 'api_connection';

const fields: readonly Field[] = [
  ...metadataFields(main),
  {
    path: 'spec.connection.baseUrl',
    storage: { column: 'base_url', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.connection.apiKey',
    storage: { column: 'api_key_id', type: 'integer' },
    class: 'capability',
    references: 'secret',
  },
  {
    path: 'spec.connection.authMethod',
    storage: { column: 'auth_method', type: 'text' },
    class: 'capability',
    default: 'none',
  },
  {
    path: 'spec.connection.timeout',
    storage: { column: 'timeout', type: 'integer' },
    class: 'behaviour',
    default: 30,
  },
  {
    path: 'spec.connection.proxyProtocol',
    storage: { column: 'proxy_protocol', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.connection.proxyHost',
    storage: { column: 'proxy_host', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.connection.proxyPort',
    storage: { column: 'proxy_port', type: 'integer' },
    class: 'exposure',
  },
  {
    path: 'spec.connection.proxyUsername',
    storage: { column: 'proxy_username', type: 'text' },
    class: 'capability',
  },
  {
    path: 'spec.connection.proxyPassword',
    storage: { column: 'proxy_password_id', type: 'integer' },
    class: 'capability',
    references: 'secret',
  },
];

export const apiConnection: Kind = {
  name: 'ApiConnection',
  space: 'api_connection',
  aliases: ['api-connection', 'api_connection', 'plugindataapiconnection'],
  summary: 'A web API that API plugins call',
  spec,
  legacy: ['metadata.author'],
  fields,
  tables: { main, ones: [] },
  // The reference platform writes this one name otherwise than for all other kinds.
  status: ({ key }, { accountNumber = key.account }) => ({ account_number: accountNumber }),
  example,
};
