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

/** A set of so many manifests of each kind that refer to each other rightly. */
export function manifestSet(
  count: Readonly<Record<'tokens' | 'plugins' | 'clients', number>>,
): fc.Arbitrary<readonly Written[]> {
  const names = (word: string, many: number) =>
    Array.from({ length: many }, (_, at) => `${word}_${at}`);
  const tokens = names('key', count.tokens);
  const plugins = names('plugin', count.plugins);
  const few = plugins.slice(0, 8);
  return fc.tuple(
    ...tokens.map(token),
    ...plugins.map(plugin),
    ...names('client', count.clients).map((name) => client(name, few, tokens)),
  );
}
