import type { Field, RecordTables } from '../../manifest/kind.ts';
import { metadataFields } from '../metadata.ts';

export const tables: RecordTables = {
  main: 'llm_client',
  unique: ['host_label'],
  ones: [
    { table: 'llm_client_custom_domain', path: 'spec.config.customDomain' },
    { table: 'llm_client_api_key', path: 'spec.apiKey' },
  ],
};

const domain = 'llm_client_custom_domain';

/** Every field of an LLMClient: what it means and where it is stored. */
export const fields: readonly Field[] = [
  ...metadataFields('llm_client'),
  {
    path: 'spec.config.subdomain',
    storage: { column: 'subdomain', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.config.customDomain.aws_hosted_zone_id',
    storage: { table: domain, column: 'aws_hosted_zone_id', type: 'text' },
    class: 'exposure',
  },
  {
    path: 'spec.config.customDomain.domain_name',
    storage: { table: domain, column: 'domain_name', type: 'text' },
    class: 'exposure',
    unique: true,
  },
  {
    path: 'spec.config.deployed',
    storage: { column: 'deployed', type: 'boolean' },
    class: 'exposure',
  },
  { path: 'spec.config.provider', storage: { column: 'provider', type: 'text' }, class: 'cost' },
  {
    path: 'spec.config.defaultModel',
    storage: { column: 'default_model', type: 'text' },
    class: 'cost',
  },
  {
    path: 'spec.config.defaultSystemRole',
    storage: { column: 'default_system_role', type: 'text' },
    class: 'behaviour',
  },
  {
    path: 'spec.config.defaultTemperature',
    storage: { column: 'default_temperature', type: 'real' },
    class: 'behaviour',
  },
  {
    path: 'spec.config.defaultMaxTokens',
    storage: { column: 'default_max_tokens', type: 'integer' },
    class: 'cost',
  },
  { path: 'spec.config.appName', storage: { column: 'app_name', type: 'text' }, class: 'cosmetic' },
  {
    path: 'spec.config.appAssistant',
    storage: { column: 'app_assistant', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appWelcomeMessage',
    storage: { column: 'app_welcome_message', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appExamplePrompts',
    storage: { column: 'app_example_prompts', type: 'json' },
    class: 'cosmetic',
    default: [],
  },
  {
    path: 'spec.config.appPlaceholder',
    storage: { column: 'app_placeholder', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appInfoUrl',
    storage: { column: 'app_info_url', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appBackgroundImageUrl',
    storage: { column: 'app_background_image_url', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appLogoUrl',
    storage: { column: 'app_logo_url', type: 'text' },
    class: 'cosmetic',
  },
  {
    path: 'spec.config.appFileAttachment',
    storage: { column: 'app_file_attachment', type: 'boolean' },
    class: 'capability',
    default: false,
  },
  {
    path: 'spec.plugins',
    storage: { list: 'llm_client_plugin', column: 'plugin_meta_id' },
    class: 'capability',
    default: [],
    compare: 'set',
    references: 'plugin',
  },
  {
    path: 'spec.functions',
    storage: { list: 'llm_client_function', column: 'name' },
    class: 'capability',
    default: [],
    compare: 'set',
  },
  {
    path: 'spec.apiKey',
    storage: { table: 'llm_client_api_key', column: 'api_key_id', type: 'integer' },
    class: 'exposure',
    references: 'smarter_auth_token',
    guards: 'anonymous',
  },
];
