import { t } from '../support/tap.ts';
import { errorsOf, holdFields, load } from './field-law.ts';
import {
  address,
  badName,
  flag,
  long,
  name,
  type Row,
  temperature,
  whole,
  words,
  wrongType,
} from './field-rows.ts';

/* The fields of what callers talk to and with: clients, and the keys that they present. */

const domain = 'spec.config.customDomain';
const table = 'llm_client_custom_domain';

const client: readonly Row[] = [
  {
    path: 'spec.config.subdomain',
    column: 'subdomain',
    cell: 'text',
    takes: ['help-desk', 'a', long(63)],
    refuses: [['Help'], ['-a'], ['a-'], ['a.b'], ['a_b'], [''], [long(64)], [1, wrongType]],
  },
  {
    path: `${domain}.aws_hosted_zone_id`,
    column: `${table}.aws_hosted_zone_id`,
    cell: 'text',
    beside: { [`${domain}.domain_name`]: 'a.example.com' },
    takes: ['Z1', long(255)],
    refuses: [[''], [' '], [long(256)], [1, wrongType]],
    required: true,
  },
  {
    path: `${domain}.domain_name`,
    column: `${table}.domain_name`,
    cell: 'text',
    beside: { [`${domain}.aws_hosted_zone_id`]: 'Z1' },
    takes: ['a.example.com', 'bots-1.example.org'],
    refuses: [['a b'], ['example'], ['https://a.example'], ['-a.example'], [''], [1, wrongType]],
    required: true,
  },
  flag('spec.config.deployed', 'deployed'),
  words('spec.config.provider', 'provider'),
  words('spec.config.defaultModel', 'default_model'),
  words('spec.config.defaultSystemRole', 'default_system_role', 65_536),
  temperature('spec.config.defaultTemperature', 'default_temperature'),
  whole('spec.config.defaultMaxTokens', 'default_max_tokens', 1),
  words('spec.config.appName', 'app_name'),
  words('spec.config.appAssistant', 'app_assistant'),
  words('spec.config.appWelcomeMessage', 'app_welcome_message'),
  {
    path: 'spec.config.appExamplePrompts',
    column: 'app_example_prompts',
    cell: 'json',
    takes: [['one', 'one', 'two\nlines', long(2048)]],
    refuses: [
      ['one', wrongType],
      [[1], wrongType, 'spec.config.appExamplePrompts.0'],
      [[long(2049)], 'MANIFEST_BAD_VALUE', 'spec.config.appExamplePrompts.0'],
    ],
    emptyCell: '[]',
  },
  words('spec.config.appPlaceholder', 'app_placeholder'),
  address('spec.config.appInfoUrl', 'app_info_url'),
  address('spec.config.appBackgroundImageUrl', 'app_background_image_url'),
  address('spec.config.appLogoUrl', 'app_logo_url'),
  flag('spec.config.appFileAttachment', 'app_file_attachment', false),
  {
    path: 'spec.plugins',
    column: 'llm_client_plugin.plugin_meta_id',
    cell: 'names',
    takes: [['two', 'one']],
    refuses: [
      ['one', wrongType],
      [{ one: true }, wrongType],
      [['A B'], badName, 'spec.plugins.0'],
      [['one', 2], wrongType, 'spec.plugins.1'],
      [['one', long(51)], badName, 'spec.plugins.1'],
    ],
  },
  {
    path: 'spec.functions',
    column: 'llm_client_function.name',
    cell: 'texts',
    takes: [['get_current_weather', 'date_calculator', 'calculator'], ['calculator']],
    refuses: [
      ['calculator', wrongType],
      [['weather'], 'MANIFEST_BAD_VALUE', 'spec.functions.0'],
      [['calculator', 'Calculator'], 'MANIFEST_BAD_VALUE', 'spec.functions.1'],
      [['calculator', null], 'MANIFEST_BAD_VALUE', 'spec.functions.1'],
    ],
  },
  name('spec.apiKey', 'llm_client_api_key.api_key_id'),
];

holdFields('LLMClient', client);

t.test('LLMClient: a custom domain is a map of exactly its two keys, or nothing', async (t) => {
  const whole = { aws_hosted_zone_id: 'Z1', domain_name: 'a.example.com' };
  const refused: readonly (readonly [value: unknown, code: string, at: string])[] = [
    ['a.example.com', wrongType, domain],
    [[whole], wrongType, domain],
    [{ ...whole, domainName: 'x' }, 'MANIFEST_UNKNOWN_KEY', `${domain}.domainName`],
    [
      { awsHostedZoneId: 'Z1', domain_name: 'a.example.com' },
      'MANIFEST_MISSING_KEY',
      `${domain}.aws_hosted_zone_id`,
    ],
    [{}, 'MANIFEST_MISSING_KEY', `${domain}.domain_name`],
  ];
  for (const [value, code, path] of refused) {
    const { manifest, problems } = load('LLMClient', { [domain]: value });
    t.equal(manifest, undefined, JSON.stringify(value));
    const found = errorsOf(problems).map((it) => `${it.code} ${it.path}`);
    t.ok(found.includes(`${code} ${path}`), `${code} ${path}: ${found}`);
  }
  for (const nothing of [undefined, null]) {
    const { manifest, problems } = load('LLMClient', { [domain]: nothing });
    t.same([manifest?.spec, problems], [load('LLMClient', {}).manifest?.spec, []]);
  }
});

holdFields('SmarterAuthToken', [
  flag('spec.config.isActive', 'is_active', false),
  { ...words('spec.config.username', 'username', 150), required: true },
]);
