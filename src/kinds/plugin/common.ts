import * as z from 'zod';
import { valueAt } from '../../lib/json.ts';
import type { Field, KindProblem, OneTable } from '../../manifest/kind.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { metadataFields } from '../metadata.ts';
import { filled, text } from '../text.ts';

/** The plugin kinds share one name space, one main table and these parts. */
export const pluginSpace = 'plugin';
export const pluginMain = 'plugin_meta';

export const pluginOnes: readonly OneTable[] = [
  { table: 'plugin_selector' },
  { table: 'plugin_prompt' },
];

function selector() {
  return z.strictObject({
    directive: z.enum(['search_terms', 'always', 'llm']).meta({
      description: 'When the plugin is used: on search terms, always, or when the model asks.',
    }),
    searchTerms: z
      .array(
        filled(255).regex(
          /^[\p{L}\p{N}_\-.~: /?#[\]@!$&'()*+,;=%]+$/u,
          'must be words and plain signs',
        ),
      )
      .nullish()
      .meta({ description: 'What a prompt must mention; only with the directive search_terms.' }),
  });
}

function prompt() {
  return z.strictObject({
    provider: z.enum(['openai']).nullish().meta({ description: 'Vendor of the model.' }),
    systemRole: filled(8192).meta({ description: 'Added to the system prompt when used.' }),
    model: text(255).nullish().meta({ description: 'Name of the model.' }),
    temperature: z.number().min(0).max(1).nullish().meta({ description: 'From 0 to 1.' }),
    maxTokens: z.int().min(1).max(2_147_483_647).nullish().meta({ description: 'Most tokens.' }),
  });
}

/** The parts of `spec` that every plugin kind has. */
export function pluginSpec() {
  return { selector: selector(), prompt: prompt() };
}

/** The metadata key that repeats the kind, as other readers of manifests insist on it. */
export function pluginMetadata(pluginClass: string) {
  return () => ({
    pluginClass: z
      .literal(pluginClass, `must be ${pluginClass} for this kind`)
      .nullish()
      .meta({ description: `Always ${pluginClass}.` }),
  });
}

/** The fields that every plugin kind has. */
export function pluginFields(pluginClass: string): readonly Field[] {
  return [
    ...metadataFields(pluginMain),
    {
      path: 'metadata.pluginClass',
      storage: { column: 'plugin_class', type: 'text' },
      class: 'cosmetic',
      default: pluginClass,
      always: true,
    },
    {
      path: 'spec.selector.directive',
      storage: { table: 'plugin_selector', column: 'directive', type: 'text' },
      class: 'behaviour',
    },
    {
      path: 'spec.selector.searchTerms',
      storage: { table: 'plugin_selector', column: 'search_terms', type: 'json' },
      class: 'behaviour',
      default: [],
    },
    {
      path: 'spec.prompt.provider',
      storage: { table: 'plugin_prompt', column: 'provider', type: 'text' },
      class: 'cost',
      default: 'openai',
    },
    {
      path: 'spec.prompt.systemRole',
      storage: { table: 'plugin_prompt', column: 'system_role', type: 'text' },
      class: 'behaviour',
    },
    {
      path: 'spec.prompt.model',
      storage: { table: 'plugin_prompt', column: 'model', type: 'text' },
      class: 'cost',
      default: 'gpt-4o-mini',
    },
    {
      path: 'spec.prompt.temperature',
      storage: { table: 'plugin_prompt', column: 'temperature', type: 'real' },
      class: 'behaviour',
      default: 0.5,
    },
    {
      path: 'spec.prompt.maxTokens',
      storage: { table: 'plugin_prompt', column: 'max_completion_tokens', type: 'integer' },
      class: 'cost',
      default: 2048,
    },
  ];
}

/** Search terms belong to the directive search_terms, and that directive needs some. */
export function checkSelector(manifest: Manifest): readonly KindProblem[] {
  const directive = valueAt(manifest.spec, 'selector.directive');
  const terms = valueAt(manifest.spec, 'selector.searchTerms');
  const some = Array.isArray(terms) && terms.length > 0;
  if (directive === 'search_terms' && !some)
    return [
      {
        severity: 'error',
        path: 'spec.selector.searchTerms',
        message: 'the directive search_terms needs at least one search term',
        hint: 'add searchTerms, or write directive: always',
      },
    ];
  if (directive !== 'search_terms' && some)
    return [
      {
        severity: 'error',
        path: 'spec.selector.searchTerms',
        message: `search terms have no effect with the directive ${directive}`,
        hint: 'remove searchTerms, or write directive: search_terms',
      },
    ];
  return [];
}
