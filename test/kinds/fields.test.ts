import { stringify } from 'yaml';
import { Brokers } from '../../src/broker/brokers.ts';
import { toManifest, toRows } from '../../src/broker/record-map.ts';
import { recordShape } from '../../src/broker/record-shape.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { isObject, type JsonValue, putAt, valueAt } from '../../src/lib/json.ts';
import { ManifestLoader } from '../../src/manifest/load.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { t } from '../support/tap.ts';

type Spec = Readonly<Record<string, unknown>>;

const selector = { directive: 'always' };
const prompt = { systemRole: 'Look it up.' };
const parameter = { name: 'id', type: 'string' };

/** For each kind the smallest `spec` that is right. */
const smallest: Readonly<Record<string, Spec>> = {
  LLMClient: { config: {} },
  Plugin: { selector, prompt, data: {} },
  SqlPlugin: { selector, prompt, connection: 'db', sqlData: { sqlQuery: 'SELECT 1' } },
  ApiPlugin: { selector, prompt, connection: 'api', apiData: { endpoint: '/v1/items/' } },
  SqlConnection: {
    connection: {
      dbEngine: 'django.db.backends.mysql',
      hostname: 'db.example',
      database: 'main',
    },
  },
  ApiConnection: { connection: { baseUrl: 'https://api.example' } },
  Secret: { config: { valueFrom: { env: 'NAME' } } },
  SmarterAuthToken: { config: { username: 'admin' } },
  Provider: { provider: { name: 'it' } },
};

/** One row of the reference of fields: what is taken, what is refused and why, and what absent means. */
interface Row {
  readonly path: string;
  readonly takes: readonly unknown[];
  readonly refuses?: readonly (readonly [value: unknown, code?: string, at?: string])[];
  readonly default?: unknown;
  /** What else must be said for the values to make sense. */
  readonly beside?: Readonly<Record<string, unknown>>;
  readonly required?: true;
}

const wrongType = 'MANIFEST_WRONG_TYPE';
const badName = 'MANIFEST_BAD_NAME';
const long = (length: number) => 'x'.repeat(length);
const words = (path: string, most = 255): Row => ({
  path,
  takes: ['some text', long(most)],
  refuses: [[long(most + 1)], [1, wrongType], [['a'], wrongType]],
});
const flag = (path: string, absent?: boolean): Row => ({
  path,
  takes: [true, false],
  refuses: [
    ['yes', wrongType],
    [1, wrongType],
  ],
  default: absent,
});
const whole = (path: string, least: number, absent?: number): Row => ({
  path,
  takes: [least, 1000],
  refuses: [[least - 1], [1.5, wrongType], ['5', wrongType], [3_000_000_000]],
  default: absent,
});
const portRow = (path: string): Row => ({
  path,
  takes: [1, 5432, 65_535],
  refuses: [[0], [65_536], ['80', wrongType]],
});
const address = (path: string): Row => ({
  path,
  takes: ['https://example.com/a?b=c', 'http://example.com'],
  refuses: [['ftp://example.com'], ['example.com'], [`https://example.com/${long(200)}`], ['']],
});
const name = (path: string): Row => ({
  path,
  takes: ['some_name', 'n1'],
  refuses: [
    ['Some Name', badName],
    ['', 'MANIFEST_BAD_VALUE'],
    [long(51), badName],
    [1, wrongType],
  ],
});
const technical = (path: string): Row => ({
  path,
  takes: ['db-1.example_x', 'a'],
  refuses: [['-a'], ['a b'], ['a..b'], [`${long(64)}.a`]],
});
const temperature = (path: string, absent?: number): Row => ({
  path,
  takes: [0, 0.25, 1],
  refuses: [[-0.1], [1.1], ['0.5', wrongType]],
  default: absent,
});
const host = (path: string): Row => ({
  path,
  takes: ['proxy.example.com', 'proxy'],
  refuses: [['a_b.example'], ['https://a.example'], ['-a'], [long(64)]],
});
const hostile = (path: string): Row => ({
  path,
  takes: ['/etc/ssl/it.pem', '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n'],
  refuses: [
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----'],
    [1, wrongType],
  ],
});

const pluginRows = (kind: string): readonly Row[] => [
  {
    path: 'metadata.pluginClass',
    takes: [kind],
    refuses: [['other'], [1]],
    default: kind,
  },
  {
    path: 'spec.selector.directive',
    takes: ['always', 'llm'],
    refuses: [['searchTerms'], [true], [null]],
    required: true,
  },
  {
    path: 'spec.selector.searchTerms',
    beside: { 'spec.selector.directive': 'search_terms' },
    takes: [['a b', 'naïve']],
    refuses: [['a', wrongType], [['a\nb']], [['']], [[1], wrongType]],
  },
  { path: 'spec.prompt.provider', takes: ['openai'], refuses: [['other']], default: 'openai' },
  {
    path: 'spec.prompt.systemRole',
    takes: ['Be short.\n', long(8192)],
    refuses: [[long(8193)], [''], [1, wrongType]],
    required: true,
  },
  {
    path: 'spec.prompt.model',
    takes: ['gpt-4.1'],
    refuses: [[1, wrongType]],
    default: 'gpt-4o-mini',
  },
  temperature('spec.prompt.temperature', 0.5),
  whole('spec.prompt.maxTokens', 1, 2048),
];

const parameterRows = (part: string, text: string, limit: number): readonly Row[] => [
  {
    path: `${part}.parameters`,
    takes: [
      [parameter],
      [{ ...parameter, description: 'x', required: true, enum: ['a', '1'], default: 1 }],
      ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'].map((type, at) => ({
        name: `p${at}`,
        type,
      })),
    ],
    refuses: [
      [[{ name: 'id' }], 'MANIFEST_MISSING_KEY', `${part}.parameters.0.type`],
      [[{ type: 'string' }], 'MANIFEST_MISSING_KEY', `${part}.parameters.0.name`],
      [[{ ...parameter, type: 'text' }], 'MANIFEST_BAD_VALUE', `${part}.parameters.0.type`],
      [[{ ...parameter, name: 'a b' }], 'MANIFEST_BAD_VALUE', `${part}.parameters.0.name`],
      [[{ ...parameter, more: 1 }], 'MANIFEST_UNKNOWN_KEY', `${part}.parameters.0.more`],
      [[{ ...parameter, enum: [1] }], wrongType, `${part}.parameters.0.enum.0`],
      [
        [{ ...parameter, enum: ['a'], default: 'b' }],
        'MANIFEST_BAD_VALUE',
        `${part}.parameters.0.default`,
      ],
      [[parameter, parameter], 'MANIFEST_BAD_VALUE', `${part}.parameters.1.name`],
      [{ id: 'string' }, wrongType],
    ],
  },
  {
    path: `${part}.testValues`,
    beside: { [`${part}.parameters`]: [parameter, { name: 'other', type: 'integer' }] },
    takes: [
      [
        { name: 'id', value: 'x' },
        { name: 'other', value: 5 },
      ],
    ],
    refuses: [
      [[{ name: 'id', value: 'x' }], 'MANIFEST_BAD_VALUE', `${part}.parameters.1`],
      [
        ['id', 'other', 'third'].map((it) => ({ name: it, value: 1 })),
        'MANIFEST_BAD_VALUE',
        `${part}.testValues.2.name`,
      ],
      [[{ name: 'id' }], 'MANIFEST_MISSING_KEY', `${part}.testValues.0.value`],
    ],
  },
  {
    path: `${part}.${text}`,
    beside: { [`${part}.parameters`]: [parameter] },
    takes: [text === 'sqlQuery' ? 'SELECT {id}, \'{"a": 1}\'' : '/v1/{id}/'],
    refuses: [[text === 'sqlQuery' ? 'SELECT {idd}' : '/v1/{idd}/'], [1, wrongType]],
  },
  whole(`${part}.limit`, limit, 100),
];

/** The rows of section 2 of the reference of the domain, by kind. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  LLMClient: [
    {
      path: 'spec.config.subdomain',
      takes: ['help-desk'],
      refuses: [['Help'], ['-a'], [long(64)]],
    },
    {
      path: 'spec.config.customDomain',
      takes: [{ aws_hosted_zone_id: 'Z1', domain_name: 'a.example.com' }],
      refuses: [
        ['a.example.com', wrongType],
        [
          { domain_name: 'a.example.com' },
          'MANIFEST_MISSING_KEY',
          'spec.config.customDomain.aws_hosted_zone_id',
        ],
        [
          { aws_hosted_zone_id: 'Z1', domain_name: 'a b' },
          'MANIFEST_BAD_VALUE',
          'spec.config.customDomain.domain_name',
        ],
        [
          { aws_hosted_zone_id: 'Z1', domain_name: 'a.example', domainName: 'x' },
          'MANIFEST_UNKNOWN_KEY',
          'spec.config.customDomain.domainName',
        ],
      ],
    },
    flag('spec.config.deployed'),
    words('spec.config.provider'),
    words('spec.config.defaultModel'),
    words('spec.config.defaultSystemRole', 65_536),
    temperature('spec.config.defaultTemperature'),
    whole('spec.config.defaultMaxTokens', 1),
    words('spec.config.appName'),
    words('spec.config.appAssistant'),
    words('spec.config.appWelcomeMessage'),
    {
      path: 'spec.config.appExamplePrompts',
      takes: [['one', 'one', 'two\nlines']],
      refuses: [
        ['one', wrongType],
        [[1], wrongType, 'spec.config.appExamplePrompts.0'],
      ],
    },
    words('spec.config.appPlaceholder'),
    address('spec.config.appInfoUrl'),
    address('spec.config.appBackgroundImageUrl'),
    address('spec.config.appLogoUrl'),
    flag('spec.config.appFileAttachment', false),
    {
      path: 'spec.plugins',
      takes: [['one', 'two']],
      refuses: [
        ['one', wrongType],
        [['A B'], badName, 'spec.plugins.0'],
      ],
    },
    {
      path: 'spec.functions',
      takes: [['get_current_weather', 'date_calculator', 'calculator']],
      refuses: [[['weather'], 'MANIFEST_BAD_VALUE', 'spec.functions.0']],
    },
    name('spec.apiKey'),
  ],
  Plugin: [
    ...pluginRows('static'),
    {
      path: 'spec.data.staticData',
      takes: [{ topic: { deep: [1, true, null, 'x'] } }],
      refuses: [
        ['text', wrongType],
        [['a'], wrongType],
      ],
    },
  ],
  SqlPlugin: [
    ...pluginRows('sql'),
    { ...name('spec.connection'), required: true },
    ...parameterRows('spec.sqlData', 'sqlQuery', 1),
    {
      path: 'spec.sqlData.sqlQuery',
      takes: ['SELECT 1;\n', "SELECT '{}'"],
      refuses: [['SELECT {id}'], [' '], [1, wrongType]],
      required: true,
    },
  ],
  ApiPlugin: [
    ...pluginRows('api'),
    { ...name('spec.connection'), required: true },
    ...parameterRows('spec.apiData', 'endpoint', 2),
    {
      path: 'spec.apiData.endpoint',
      takes: ['/v1/items/', '/a/'],
      refuses: [['/v1/items'], ['v1/items/'], ['/v1/?a=b'], ['/'], ['//'], [long(256)], ['']],
      required: true,
    },
    {
      path: 'spec.apiData.method',
      takes: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      refuses: [['get'], ['HEAD']],
      default: 'GET',
    },
    {
      path: 'spec.apiData.urlParams',
      takes: [[{ key: 'a', value: 'b' }]],
      refuses: [
        [[{ key: 'a' }], 'MANIFEST_MISSING_KEY', 'spec.apiData.urlParams.0.value'],
        [[{ key: 'a b', value: 'b' }], 'MANIFEST_BAD_VALUE', 'spec.apiData.urlParams.0.key'],
        [{ a: 'b' }, wrongType],
      ],
    },
    {
      path: 'spec.apiData.headers',
      takes: [[{ name: 'X-Any', value: 'a, b; c="d"' }]],
      refuses: [
        [[{ name: 'X Any', value: 'a' }], 'MANIFEST_BAD_VALUE', 'spec.apiData.headers.0.name'],
        [
          [{ name: 'X-Any', value: 'a\r\nb' }],
          'MANIFEST_BAD_VALUE',
          'spec.apiData.headers.0.value',
        ],
      ],
    },
    {
      path: 'spec.apiData.body',
      takes: [{ a: { b: [null] } }, [1, 'two']],
      refuses: [
        ['text', wrongType],
        [5, wrongType],
      ],
    },
  ],
  SqlConnection: [
    {
      path: 'spec.connection.dbEngine',
      takes: ['postgresql', 'mysql', 'oracle', 'sqlite3', 'mssql', 'sybase'].map(
        (it) => `django.db.backends.${it}`,
      ),
      refuses: [['postgresql'], ['django.db.backends.mongo'], [null]],
      required: true,
    },
    { ...technical('spec.connection.hostname'), required: true },
    portRow('spec.connection.port'),
    { ...technical('spec.connection.database'), required: true },
    technical('spec.connection.username'),
    name('spec.connection.password'),
    whole('spec.connection.timeout', 1, 30),
    flag('spec.connection.useSsl', false),
    hostile('spec.connection.sslCert'),
    hostile('spec.connection.sslKey'),
    hostile('spec.connection.sslCa'),
    hostile('spec.connection.sshKnownHosts'),
    host('spec.connection.proxyHost'),
    portRow('spec.connection.proxyPort'),
    words('spec.connection.proxyUsername'),
    name('spec.connection.proxyPassword'),
    whole('spec.connection.poolSize', 1, 5),
    whole('spec.connection.maxOverflow', 0, 10),
    {
      path: 'spec.connection.authenticationMethod',
      takes: ['none', 'tcpip', 'tcpip_ssh', 'ldap_user_pwd'],
      refuses: [['ldap']],
      default: 'none',
    },
  ],
  ApiConnection: [
    { ...address('spec.connection.baseUrl'), required: true },
    name('spec.connection.apiKey'),
    {
      path: 'spec.connection.authMethod',
      takes: ['none', 'basic', 'token', 'oauth'],
      refuses: [['bearer']],
      default: 'none',
    },
    whole('spec.connection.timeout', 1, 30),
    { path: 'spec.connection.proxyProtocol', takes: ['http', 'https'], refuses: [['socks']] },
    host('spec.connection.proxyHost'),
    portRow('spec.connection.proxyPort'),
    technical('spec.connection.proxyUsername'),
    name('spec.connection.proxyPassword'),
  ],
  Secret: [
    {
      path: 'spec.config.valueFrom',
      takes: [{ env: 'SOME_NAME' }, { file: 'db/password' }],
      refuses: [
        ['SOME_NAME', wrongType],
        [{}],
        [{ env: 'A', file: 'b' }],
        [{ env: 'A-B' }, 'MANIFEST_BAD_VALUE', 'spec.config.valueFrom.env'],
        [{ file: '' }, 'MANIFEST_BAD_VALUE', 'spec.config.valueFrom.file'],
        [{ vault: 'x' }, 'MANIFEST_UNKNOWN_KEY', 'spec.config.valueFrom.vault'],
        [null, 'MANIFEST_BAD_VALUE'],
      ],
    },
    {
      path: 'spec.config.value',
      beside: { 'spec.config.valueFrom': null },
      takes: ['<kept>'],
      refuses: [[5, wrongType], [['a'], wrongType], [''], [long(65_537)]],
    },
    {
      path: 'spec.config.expiration_date',
      takes: ['2030-12-31', '2030-12-31T23:59:59Z', '2028-02-29T00:00+01:00'],
      refuses: [['31.12.2030'], ['2030-02-30'], ['2030-13-01'], [2030, wrongType], ['soon']],
    },
  ],
  SmarterAuthToken: [
    flag('spec.config.isActive', false),
    { ...words('spec.config.username', 150), required: true },
  ],
  Provider: [
    {
      path: 'spec.provider.name',
      takes: ['it'],
      refuses: [['another'], ['It'], ['i-t'], [1, wrongType]],
      required: true,
    },
    words('spec.provider.description', 65_536),
    address('spec.provider.base_url'),
    name('spec.provider.api_key'),
    {
      path: 'spec.provider.connectivity_test_path',
      takes: ['/models/'],
      refuses: [['/models'], ['models/'], ['/models/?a=b']],
    },
    address('spec.provider.logo'),
    address('spec.provider.website_url'),
    {
      path: 'spec.provider.contact_email',
      takes: ['us@example.com'],
      refuses: [['us'], ['us@'], ['a b@example.com'], ['us@example']],
    },
    {
      path: 'spec.provider.support_email',
      takes: ['help+desk@mail.example.com'],
      refuses: [['help.example.com'], [1, wrongType]],
    },
    address('spec.provider.terms_of_service_url'),
    address('spec.provider.docs_url'),
    address('spec.provider.privacy_policy_url'),
  ],
};

interface Outcome {
  readonly manifest: Manifest | undefined;
  readonly problems: readonly Diagnostic[];
}

/** Loads the smallest manifest of a kind with some values said as well. */
function load(kind: string, values: Readonly<Record<string, unknown>>): Outcome {
  const root: Record<string, unknown> = {
    apiVersion: 'smarter.sh/v1',
    kind,
    metadata: { name: 'it', description: 'It', version: '1.0.0' },
    spec: structuredClone(smallest[kind]),
  };
  for (const [path, value] of Object.entries(values)) {
    if (value === undefined) removeAt(root, path);
    else putAt(root, path, value as JsonValue);
  }
  const loader = new ManifestLoader(kinds, 'default');
  loader.add({ path: 'it.yaml', blob: '' }, Buffer.from(stringify(root, { lineWidth: 0 })));
  const { manifests, problems } = loader.finish();
  return { manifest: manifests[0]?.manifest, problems };
}

function removeAt(root: Record<string, unknown>, path: string): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  const holder: unknown = valueAt(root, steps.join('.'));
  if (isObject(holder)) delete holder[last];
}

/** Names become ids and back, as in the database. */
function throughRecord(manifest: Manifest): Manifest {
  const kind = new Brokers(kinds).of(manifest.kind).kind;
  const shape = recordShape(kind, kinds);
  const names = new Map<number, string>();
  const resolve = (_: string, name: string) => {
    names.set(names.size + 1, name);
    return names.size;
  };
  const key = { account: 'default', space: kind.space, name: 'it' };
  const { main, ones, lists } = toRows(shape, key, manifest, 1, resolve);
  const named = (row: Record<string, unknown>, columns: typeof shape.columns) => {
    const out = { ...row };
    for (const { column, target } of columns)
      if (target !== undefined && out[column] !== null)
        out[column] = names.get(out[column] as number);
    return out;
  };
  return toManifest(shape, {
    main: named(main, shape.columns),
    ones: new Map(
      shape.ones.flatMap((one) => {
        const row = ones.get(one.table);
        return row === undefined ? [] : [[one.table, named(row, one.columns)] as const];
      }),
    ),
    lists: new Map(
      shape.lists.map((list) => [
        list.table,
        (lists.get(list.table) ?? []).map((row) =>
          list.target === undefined ? row[list.column] : names.get(row[list.column] as number),
        ),
      ]),
    ),
  });
}

const errorsOf = (problems: readonly Diagnostic[]) =>
  problems.filter((it) => it.severity === 'error');

for (const kind of kinds.all) {
  t.test(
    `${kind.name}: every field is taken, refused, left out and stored as written`,
    async (t) => {
      const mine = rows[kind.name] ?? [];
      t.same(errorsOf(load(kind.name, {}).problems), [], 'the smallest manifest is right');
      for (const { path, takes, refuses = [], beside = {}, ...row } of mine) {
        for (const value of takes) {
          const { manifest, problems } = load(kind.name, { ...beside, [path]: value });
          t.same(errorsOf(problems), [], `${path} takes ${JSON.stringify(value).slice(0, 60)}`);
          if (manifest === undefined) continue;
          t.same(valueAt(manifest, path), value, `${path} is not rewritten`);
          t.same(throughRecord(manifest), manifest, `${path} comes back from its record`);
        }
        for (const [value, code = 'MANIFEST_BAD_VALUE', at = path] of refuses) {
          const what = `${path} refuses ${JSON.stringify(value).slice(0, 60)}`;
          const errors = errorsOf(load(kind.name, { ...beside, [path]: value }).problems);
          const within = (it: Diagnostic) =>
            it.path === at || it.path?.startsWith(`${at}.`) === true;
          const error = errors.find((it) => it.code === code && within(it));
          t.type(error?.line, 'number', `${what} ${JSON.stringify(errors)}`);
          t.ok(error?.hint, what);
        }
        if (row.required === true) {
          const [error] = errorsOf(load(kind.name, { [path]: undefined }).problems);
          t.match(error, { code: 'MANIFEST_MISSING_KEY', path }, `${path} is needed`);
        } else if (
          !Object.hasOwn(beside, 'spec.config.valueFrom') &&
          path !== 'spec.config.valueFrom'
        ) {
          for (const nothing of [undefined, null]) {
            const { manifest } = load(kind.name, { [path]: nothing });
            t.same(manifest && valueAt(manifest, path), row.default, `${path}: ${nothing}`);
          }
        }
      }
    },
  );

  t.test(
    `${kind.name}: no field is without a row, and unknown and legacy keys are told`,
    async (t) => {
      const covered = (rows[kind.name] ?? []).map((it) => it.path);
      const fields = kind.fields
        .map((it) => it.path)
        .filter((it) => !/^metadata\.(?:description|version|tags|annotations)$/.test(it))
        .filter((it) => !covered.some((path) => it === path || it.startsWith(`${path}.`)));
      t.same(fields, []);
      const [holder = 'spec'] = Object.keys(smallest[kind.name] as Spec).filter(
        (it) => it.startsWith('c') || it.endsWith('ata') || it === 'provider',
      );
      const place = isObject((smallest[kind.name] as Spec)[holder]) ? `spec.${holder}` : 'spec';
      t.match(errorsOf(load(kind.name, { [`${place}.nonsense`]: 1 }).problems), [
        { code: 'MANIFEST_UNKNOWN_KEY', path: `${place}.nonsense` },
      ]);
      for (const path of kind.legacy) {
        const { manifest, problems } = load(kind.name, { [path]: 'old' });
        t.match(problems, [{ severity: 'warning', code: 'MANIFEST_LEGACY_KEY', path }], path);
        t.equal(manifest && valueAt(manifest, path), undefined, `${path} is dropped`);
      }
    },
  );
}

t.test('what is refused is told with what to write instead', async (t) => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['ApiPlugin', { 'spec.apiData.endpoint': '/v1/items' }, 'write /v1/items/'],
    ['ApiPlugin', { 'spec.apiData.endpoint': 'v1/items/' }, 'write /v1/items/'],
    ['ApiPlugin', { 'spec.apiData.method': 'get' }, 'did you mean GET?'],
    ['Provider', { 'spec.provider.connectivity_test_path': 'models' }, 'write /models/'],
    ['Provider', { 'spec.provider.name': 'other' }, 'write it'],
    ['SqlPlugin', { 'spec.sqlData.sqlQuery': 'SELECT {id}' }, 'declare id under parameters'],
    ['SqlConnection', { 'spec.connection.port': '5432' }, 'write 5432 without quotes'],
    ['SqlConnection', { 'spec.connection.password': 'My Secret' }, 'write the name of a Secret'],
    ['Secret', { 'spec.config.valueFrom': undefined }, 'add valueFrom'],
    ['SqlPlugin', { 'spec.selector.directive': 'search_terms' }, 'add searchTerms'],
  ];
  for (const [kind, values, hint] of cases)
    t.match(
      errorsOf(load(kind, values).problems)[0]?.hint,
      hint,
      `${kind} ${JSON.stringify(values)}`,
    );
  t.match(
    load('ApiPlugin', { 'spec.apiData.headers': [{ name: 'X-Api-Key', value: 'x' }] }).problems,
    [{ severity: 'warning', code: 'MANIFEST_ADVICE', path: 'spec.apiData.headers.0.name' }],
    'a header that signs in is warned about',
  );
});
