import fc from 'fast-check';
import { builtInFunctions } from '../../src/kinds/llm-client/schema.ts';

/** A manifest as a person may write it, before any normal form. */
export interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Record<string, unknown>;
  readonly spec: Record<string, unknown>;
}

const awkward = [
  'no',
  'yes',
  'null',
  '~',
  '1.0',
  '012',
  '2024-06-15',
  '1:30',
  '0x1F',
  '1_000',
  '<<',
  '- a',
  '# b',
  'a: b',
  ' lead',
  'trail ',
  'tab\there',
  'two\nlines\n',
  'three\n\n  indented\nlines',
  "it's",
  '"quoted"',
  '{{ x }}',
  '@at',
  '`tick`',
  '%percent',
  '&anchor',
  '*star',
  '!tag',
  '|',
  '>',
  '',
  'naïve café',
  '日本語',
  '🙂 smile',
  '---',
  '...',
];

const prose = fc.oneof(
  fc.constantFrom(...awkward),
  fc.lorem({ maxCount: 12, mode: 'sentences' }).map((text) => text.slice(0, 240)),
  fc
    .string({ unit: 'grapheme', maxLength: 60 })
    .filter((text) => !/\p{C}|\p{Surrogate}/u.test(text)),
);
const filled = prose.filter((text) => text.trim() !== '');
const free = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    prose,
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.boolean(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
      .map((it) => (it === 0 ? 0 : it)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-zA-Z][\w .-]{0,10}$/).filter(harmless), tie('value'), {
      maxKeys: 3,
    }),
  ),
})).value;

function harmless(key: string): boolean {
  return !['constructor', 'prototype', '__proto__'].includes(key) && key.trim() === key;
}

const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const url = fc.constantFrom(
  'https://example.com/a',
  'http://example.org/b?c=d',
  'https://shop.example/%20x#y',
);

function metadata(name: string, more: Record<string, unknown> = {}) {
  return fc.record({
    name: fc.constant(name),
    description: fc.oneof(filled, fc.constant(null)),
    version: fc.constantFrom('1.0.0', '0.1.2', '2.0.0-rc.1+build.5'),
    tags: sometimes(fc.uniqueArray(fc.stringMatching(/^[a-z][a-z-]{0,8}[a-z]$/), { maxLength: 4 })),
    annotations: sometimes(
      fc.array(
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,6}\.example\/[a-z-]{1,8}$/),
          fc.oneof(prose, fc.integer(), fc.boolean()),
          { minKeys: 1, maxKeys: 2 },
        ),
        { maxLength: 3 },
      ),
    ),
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [key, fc.constant(value)])),
  });
}

function token(name: string): fc.Arbitrary<Written> {
  return written(
    'SmarterAuthToken',
    metadata(name),
    fc.record({
      config: fc.record({
        isActive: sometimes(fc.boolean()),
        username: fc.constantFrom('admin', 'bot user'),
      }),
    }),
  );
}

/** What the variables that generated secrets name are set to. */
export const secretEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 200 }, (_, at) => [`SECRET_${at}`, `generated value ${at} \u00e4\n\t"'`]),
);

function secret(name: string): fc.Arbitrary<Written> {
  const env = name.toUpperCase();
  return written(
    'Secret',
    metadata(name),
    fc.record({
      config: fc.record({
        valueFrom: fc.constantFrom({ env }, { env, file: null }),
        value: fc.constantFrom(undefined, null),
        expiration_date: sometimes(
          fc.constantFrom('2030-12-31', '2031-01-01T00:00:00Z', '2032-02-29T12:30:00.5+02:00'),
        ),
      }),
    }),
  );
}

const portNumber = sometimes(fc.integer({ min: 1, max: 65_535 }));
const host = fc.constantFrom('db', 'db.example', 'a-b.c-d.example');

/** The name of a secret, if there is one. */
function someOf(names: readonly string[]) {
  return names.length === 0 ? fc.constant(undefined) : sometimes(fc.constantFrom(...names));
}

function provider(name: string, secrets: readonly string[]): fc.Arbitrary<Written> {
  return written(
    'Provider',
    metadata(name),
    fc.record({
      provider: fc.record({
        name: fc.constant(name),
        description: sometimes(prose),
        base_url: sometimes(url),
        api_key: someOf(secrets),
        connectivity_test_path: sometimes(fc.constantFrom('/models/', '/v1/models/')),
        logo: sometimes(url),
        docs_url: sometimes(url),
        contact_email: sometimes(fc.constant('us@example.com')),
      }),
    }),
  );
}

function sqlConnection(name: string, secrets: readonly string[]): fc.Arbitrary<Written> {
  return written(
    'SqlConnection',
    metadata(name),
    fc.record({
      connection: fc.record({
        dbEngine: fc.constantFrom('django.db.backends.mysql', 'django.db.backends.sqlite3'),
        hostname: host,
        port: portNumber,
        database: fc.constantFrom('main', 'a_b-c'),
        username: sometimes(fc.constant('reader')),
        password: someOf(secrets),
        timeout: sometimes(fc.constantFrom(1, 30, 90)),
        useSsl: sometimes(fc.boolean()),
        sslCa: sometimes(prose),
        sshKnownHosts: sometimes(prose),
        proxyHost: sometimes(host),
        proxyPort: portNumber,
        proxyUsername: sometimes(prose),
        proxyPassword: someOf(secrets),
        poolSize: sometimes(fc.constantFrom(1, 5, 6)),
        maxOverflow: sometimes(fc.constantFrom(0, 10)),
        authenticationMethod: sometimes(fc.constantFrom('none', 'tcpip_ssh')),
      }),
    }),
  );
}

function apiConnection(name: string, secrets: readonly string[]): fc.Arbitrary<Written> {
  return written(
    'ApiConnection',
    metadata(name),
    fc.record({
      connection: fc.record({
        baseUrl: url,
        apiKey: someOf(secrets),
        authMethod: sometimes(fc.constantFrom('none', 'oauth')),
        timeout: sometimes(fc.constantFrom(1, 30)),
        proxyProtocol: sometimes(fc.constantFrom('http', 'https')),
        proxyHost: sometimes(host),
        proxyPort: portNumber,
        proxyPassword: someOf(secrets),
      }),
    }),
  );
}

const parameterName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter(harmless);
const scalar = fc.oneof(prose, fc.integer({ min: -1000, max: 1000 }), fc.boolean());

/** Parameters with a test value for each or for none, and a text that has them as placeholders. */
const called = fc.uniqueArray(parameterName, { maxLength: 3 }).chain((names) =>
  fc.record({
    names: fc.constant(names),
    parameters: fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          type: fc.constantFrom('string', 'integer', 'null'),
          description: sometimes(prose),
          required: sometimes(fc.boolean()),
          enum: sometimes(fc.constant(['a', '1', 'true'])),
          default: sometimes(fc.constantFrom('a', 1, true)),
        }),
      ),
    ),
    testValues: sometimes(
      fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), value: scalar }))),
    ),
    limit: sometimes(fc.constantFrom(2, 100, 5000)),
  }),
);

function callingPlugin(
  name: string,
  kind: 'SqlPlugin' | 'ApiPlugin',
  connections: readonly string[],
): fc.Arbitrary<Written> {
  const spec = fc
    .record({
      prompt: fc.record({ systemRole: filled, maxTokens: sometimes(fc.constantFrom(1, 2048)) }),
      connection: fc.constantFrom(...connections),
      called,
      method: sometimes(fc.constantFrom('GET', 'POST')),
      urlParams: sometimes(fc.constant([{ key: 'a', value: '1' }])),
      headers: sometimes(fc.constant([{ name: 'Accept', value: '*/*; q=0.5' }])),
      body: sometimes(fc.oneof(fc.array(free, { maxLength: 2 }), fc.constant({ a: [null, 1] }))),
    })
    .map(({ prompt, connection, called: { names, ...rest }, ...request }) => ({
      selector: { directive: 'always' },
      prompt,
      connection,
      ...(kind === 'SqlPlugin'
        ? { sqlData: { sqlQuery: `SELECT 1 ${names.map((it) => `{${it}}`).join()}`, ...rest } }
        : {
            apiData: {
              endpoint: `/v1/${names.map((it) => `{${it}}/`).join('')}`,
              ...request,
              ...rest,
            },
          }),
    }));
  return written(kind, metadata(name, { pluginClass: kind === 'SqlPlugin' ? 'sql' : 'api' }), spec);
}

function plugin(name: string): fc.Arbitrary<Written> {
  const selector = fc.oneof(
    fc.record({ directive: fc.constantFrom('always', 'llm') }),
    fc.record({
      directive: fc.constant('search_terms'),
      searchTerms: fc.array(fc.stringMatching(/^[a-z][a-z ]{0,10}[a-z]$/), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  );
  return written(
    'Plugin',
    metadata(name, { pluginClass: 'static' }),
    fc.record({
      selector,
      prompt: fc.record({
        provider: sometimes(fc.constant('openai')),
        systemRole: filled,
        model: sometimes(fc.constantFrom('gpt-4o-mini', 'gpt-4.1')),
        temperature: sometimes(fc.constantFrom(0, 0.25, 0.5, 1)),
        maxTokens: sometimes(fc.integer({ min: 1, max: 8192 })),
      }),
      data: fc.record({
        staticData: sometimes(
          fc.dictionary(fc.stringMatching(/^[a-zA-Z][\w ]{0,10}\w$/).filter(harmless), free, {
            maxKeys: 4,
          }),
        ),
      }),
    }),
  );
}

function client(
  name: string,
  plugins: readonly string[],
  tokens: readonly string[],
): fc.Arbitrary<Written> {
  return written(
    'LLMClient',
    metadata(name),
    fc.record({
      config: fc.record({
        subdomain: sometimes(fc.constant(`${name.replaceAll('_', '-')}-sub`)),
        customDomain: sometimes(
          fc.constant({
            aws_hosted_zone_id: 'Z1',
            domain_name: `${name.replaceAll('_', '-')}.example.com`,
          }),
        ),
        deployed: tokens.length > 0 ? sometimes(fc.boolean()) : sometimes(fc.constant(false)),
        provider: sometimes(fc.constantFrom('openai', 'googleai')),
        defaultModel: sometimes(fc.constantFrom('gpt-4o-mini', 'gpt-4.1')),
        defaultSystemRole: sometimes(prose),
        defaultTemperature: sometimes(fc.constantFrom(0, 0.1, 0.7, 1)),
        defaultMaxTokens: sometimes(fc.integer({ min: 1, max: 100_000 })),
        appName: sometimes(prose),
        appAssistant: sometimes(prose),
        appWelcomeMessage: sometimes(prose),
        appExamplePrompts: sometimes(fc.array(prose, { maxLength: 4 })),
        appPlaceholder: sometimes(prose),
        appInfoUrl: sometimes(url),
        appLogoUrl: sometimes(url),
        appFileAttachment: sometimes(fc.boolean()),
      }),
      plugins: sometimes(fc.subarray([...plugins])),
      functions: sometimes(fc.subarray([...builtInFunctions])),
      apiKey: tokens.length > 0 ? fc.constantFrom(...tokens) : fc.constant(undefined),
    }),
  );
}

function written(
  kind: string,
  head: fc.Arbitrary<Record<string, unknown>>,
  spec: fc.Arbitrary<Record<string, unknown>>,
): fc.Arbitrary<Written> {
  return fc
    .record({
      apiVersion: fc.constant('smarter.sh/v1'),
      kind: fc.constant(kind),
      metadata: head,
      spec,
    })
    .map(pruned);
}

/** Drops undefined members, which YAML has no word for. */
function pruned<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** How many manifests of each kind; those that need a connection need at least one. */
export type Counts = Readonly<
  Partial<
    Record<
      | 'tokens'
      | 'secrets'
      | 'providers'
      | 'sqlConnections'
      | 'apiConnections'
      | 'plugins'
      | 'sqlPlugins'
      | 'apiPlugins'
      | 'clients',
      number
    >
  >
>;

/** A set of so many manifests of each kind that refer to each other rightly. */
export function manifestSet(count: Counts): fc.Arbitrary<readonly Written[]> {
  const names = (word: string, many = 0) =>
    Array.from({ length: many }, (_, at) => `${word}_${at}`);
  const tokens = names('key', count.tokens);
  const secrets = names('secret', count.secrets);
  const sqlConnections = names('database', count.sqlConnections);
  const apiConnections = names('service', count.apiConnections);
  const plugins = names('plugin', count.plugins);
  const sqlPlugins = sqlConnections.length === 0 ? [] : names('query', count.sqlPlugins);
  const apiPlugins = apiConnections.length === 0 ? [] : names('request', count.apiPlugins);
  const few = [plugins, sqlPlugins, apiPlugins].flatMap((it) => it.slice(0, 4));
  return fc.tuple(
    ...tokens.map(token),
    ...secrets.map(secret),
    ...names('vendor', count.providers).map((name) => provider(name, secrets)),
    ...sqlConnections.map((name) => sqlConnection(name, secrets)),
    ...apiConnections.map((name) => apiConnection(name, secrets)),
    ...plugins.map(plugin),
    ...sqlPlugins.map((name) => callingPlugin(name, 'SqlPlugin', sqlConnections)),
    ...apiPlugins.map((name) => callingPlugin(name, 'ApiPlugin', apiConnections)),
    ...names('client', count.clients).map((name) => client(name, few, tokens)),
  );
}
