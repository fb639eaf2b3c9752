import { holdFields } from './field-law.ts';
import {
  address,
  badValue,
  choice,
  flag,
  host,
  long,
  name,
  port,
  publicText,
  type Row,
  technical,
  whole,
  words,
  wrongType,
} from './field-rows.ts';

/* The fields of what plugins and models are reached by: connections, providers and their secrets. */

const engines = ['postgresql', 'mysql', 'oracle', 'sqlite3', 'mssql', 'sybase'];

holdFields('SqlConnection', [
  {
    ...choice(
      'spec.connection.dbEngine',
      'db_engine',
      engines.map((it) => `django.db.backends.${it}`),
      ['postgresql', 'django.db.backends.mongo', 'django.db.backends.MySQL'],
    ),
    required: true,
  },
  { ...technical('spec.connection.hostname', 'hostname'), required: true },
  port('spec.connection.port', 'port'),
  { ...technical('spec.connection.database', 'database'), required: true },
  technical('spec.connection.username', 'username'),
  name('spec.connection.password', 'password_id'),
  whole('spec.connection.timeout', 'timeout', 1, 30),
  flag('spec.connection.useSsl', 'use_ssl', false),
  publicText('spec.connection.sslCert', 'ssl_cert'),
  publicText('spec.connection.sslKey', 'ssl_key'),
  publicText('spec.connection.sslCa', 'ssl_ca'),
  publicText('spec.connection.sshKnownHosts', 'ssh_known_hosts'),
  host('spec.connection.proxyHost', 'proxy_host'),
  port('spec.connection.proxyPort', 'proxy_port'),
  words('spec.connection.proxyUsername', 'proxy_username'),
  name('spec.connection.proxyPassword', 'proxy_password_id'),
  whole('spec.connection.poolSize', 'pool_size', 1, 5),
  whole('spec.connection.maxOverflow', 'max_overflow', 0, 10),
  {
    ...choice(
      'spec.connection.authenticationMethod',
      'authentication_method',
      ['none', 'tcpip', 'tcpip_ssh', 'ldap_user_pwd'],
      ['ldap', 'None'],
    ),
    default: 'none',
  },
]);

holdFields('ApiConnection', [
  { ...address('spec.connection.baseUrl', 'base_url'), required: true },
  name('spec.connection.apiKey', 'api_key_id'),
  {
    ...choice(
      'spec.connection.authMethod',
      'auth_method',
      ['none', 'basic', 'token', 'oauth'],
      ['bearer', 'Token'],
    ),
    default: 'none',
  },
  whole('spec.connection.timeout', 'timeout', 1, 30),
  choice('spec.connection.proxyProtocol', 'proxy_protocol', ['http', 'https'], ['socks', 'HTTP']),
  host('spec.connection.proxyHost', 'proxy_host'),
  port('spec.connection.proxyPort', 'proxy_port'),
  technical('spec.connection.proxyUsername', 'proxy_username'),
  name('spec.connection.proxyPassword', 'proxy_password_id'),
]);

const from = 'spec.config.valueFrom';

holdFields('Secret', [
  {
    path: from,
    column: 'value_from',
    cell: 'json',
    instead: { 'spec.config.value': '<kept>' },
    takes: [{ env: 'SOME_NAME' }, { file: 'db/password' }],
    refuses: [
      ['SOME_NAME', wrongType],
      [{}],
      [{ env: 'A', file: 'b' }],
      [{ env: 'A-B' }, badValue, `${from}.env`],
      [{ env: '1A' }, badValue, `${from}.env`],
      [{ env: long(201) }, badValue, `${from}.env`],
      [{ env: 1 }, wrongType, `${from}.env`],
      [{ file: '' }, badValue, `${from}.file`],
      [{ file: long(1025) }, badValue, `${from}.file`],
      [{ vault: 'x' }, 'MANIFEST_UNKNOWN_KEY', `${from}.vault`],
      [null],
      [undefined, 'MANIFEST_MISSING_KEY'],
    ],
  },
  {
    path: 'spec.config.value',
    column: 'value_hash',
    cell: 'text',
    beside: { [from]: null },
    takes: ['<kept>'],
    refuses: [[5, wrongType], [['a'], wrongType], [''], [long(65_537)]],
  },
  {
    path: 'spec.config.value',
    column: 'value_hash',
    cell: 'text',
    takes: [],
    refuses: [['beside valueFrom', badValue, from]],
  },
  {
    path: 'spec.config.expiration_date',
    column: 'expires_at',
    cell: 'timestamp',
    takes: ['2030-12-31', '2030-12-31T23:59:59Z', '2028-02-29T00:00+01:00', '2030-12-31T12:00'],
    refuses: [['31.12.2030'], ['2030-02-30'], ['2030-13-01'], [2030, wrongType], ['soon'], ['']],
  },
]);

const mailbox = (path: string, column: string): Row => ({
  path,
  column,
  cell: 'text',
  takes: ['us@example.com', 'help+desk@mail.example.com'],
  refuses: [
    ['us'],
    ['us@'],
    ['a b@example.com'],
    ['us@example'],
    ['a@b@example.com'],
    [''],
    [`us@${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.com`],
    [1, wrongType],
  ],
});

holdFields('Provider', [
  {
    path: 'spec.provider.name',
    column: 'provider_name',
    cell: 'text',
    takes: ['it'],
    refuses: [['another'], ['It'], ['i-t'], [''], [long(51)], [1, wrongType]],
    required: true,
  },
  words('spec.provider.description', 'provider_description', 65_536),
  address('spec.provider.base_url', 'base_url'),
  name('spec.provider.api_key', 'api_key_id'),
  {
    path: 'spec.provider.connectivity_test_path',
    column: 'connectivity_test_path',
    cell: 'text',
    takes: ['/models/', '/v1/models/'],
    refuses: [['/models'], ['models/'], ['/models/?a=b'], [''], [long(256)], [1, wrongType]],
  },
  address('spec.provider.logo', 'logo'),
  address('spec.provider.website_url', 'website_url'),
  mailbox('spec.provider.contact_email', 'contact_email'),
  mailbox('spec.provider.support_email', 'support_email'),
  address('spec.provider.terms_of_service_url', 'terms_of_service_url'),
  address('spec.provider.docs_url', 'docs_url'),
  address('spec.provider.privacy_policy_url', 'privacy_policy_url'),
]);
