import type { Field, Kind } from '../../manifest/kind.ts';
import { metadataFields } from '../metadata.ts';
import { example, spec } from './schema.ts';

const main = 'sql_connection';

/** Where queries and passwords go, and who can read them on the way. */
const reach = 'exposure';

const fields: readonly Field[] = [
  ...metadataFields(main),
  {
    path: 'spec.connection.dbEngine',
    storage: { column: 'db_engine', type: 'text' },
    class: 'behaviour',
  },
  { path: 'spec.connection.hostname', storage: { column: 'hostname', type: 'text' }, class: reach },
  { path: 'spec.connection.port', storage: { column: 'port', type: 'integer' }, class: reach },
  { path: 'spec.connection.database', storage: { column: 'database', type: 'text' }, class: reach },
  {
    path: 'spec.connection.username',
    storage: { column: 'username', type: 'text' },
    class: 'capability',
  },
  {
    path: 'spec.connection.password',
    storage: { column: 'password_id', type: 'integer' },
    class: 'capability',
    references: 'secret',
  },
  {
    path: 'spec.connection.timeout',
    storage: { column: 'timeout', type: 'integer' },
    class: 'behaviour',
    default: 30,
  },
  {
    path: 'spec.connection.useSsl',
    storage: { column: 'use_ssl', type: 'boolean' },
    class: reach,
    default: false,
  },
  { path: 'spec.connection.sslCert', storage: { column: 'ssl_cert', type: 'text' }, class: reach },
  { path: 'spec.connection.sslKey', storage: { column: 'ssl_key', type: 'text' }, class: reach },
  { path: 'spec.connection.sslCa', storage: { column: 'ssl_ca', type: 'text' }, class: reach },
  {
    path: 'spec.connection.sshKnownHosts',
    storage: { column: 'ssh_known_hosts', type: 'text' },
    class: reach,
  },
  {
    path: 'spec.connection.proxyHost',
    storage: { column: 'proxy_host', type: 'text' },
    class: reach,
  },
  {
    path: 'spec.connection.proxyPort',
    storage: { column: 'proxy_port', type: 'integer' },
    class: reach,
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
  {
    path: 'spec.connection.poolSize',
    storage: { column: 'pool_size', type: 'integer' },
    class: 'behaviour',
    default: 5,
  },
  {
    path: 'spec.connection.maxOverflow',
    storage: { column: 'max_overflow', type: 'integer' },
    class: 'behaviour',
    default: 10,
  },
  {
    path: 'spec.connection.authenticationMethod',
    storage: { column: 'authentication_method', type: 'text' },
    class: 'capability',
    default: 'none',
  },
];

export const sqlConnection: Kind = {
  name: 'SqlConnection',
  space: 'sql_connection',
  aliases: ['sql-connection', 'sql_connection', 'plugindatasqlconnection'],
  summary: 'A database that SQL plugins query',
  spec,
  legacy: ['metadata.author'],
  fields,
  tables: { main, ones: [] },
  // The reference platform writes this one name otherwise than for all other kinds.
  status: ({ key }, { accountNumber = key.account }) => ({ account_number: accountNumber }),
  example,
};
