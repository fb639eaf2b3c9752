import * as z from 'zod';
import { filled, reference, text, webAddress } from '../text.ts';

/** The tools that the platform has built in. */
export const builtInFunctions = ['get_current_weather', 'date_calculator', 'calculator'] as const;

function hostLabel() {
  return text(63).regex(
    /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
    'must be a host label: lower-case letters, digits and inner hyphens',
  );
}

function customDomain() {
  return z
    .strictObject({
      aws_hosted_zone_id: filled(255).meta({ description: 'Id of the hosted zone at Route 53.' }),
      domain_name: text(255)
        .regex(
          /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i,
          'must be a domain name such as bots.example.com',
        )
        .meta({ description: 'The domain, such as bots.example.com.' }),
    })
    .meta({ description: "A domain of the customer's own." });
}

function config() {
  return z.strictObject({
    subdomain: hostLabel()
      .nullish()
      .meta({ description: 'Host label of the published address; the name where it is absent.' }),
    customDomain: customDomain().nullish(),
    deployed: z.boolean().nullish().meta({
      description: 'Published or not. Absent: whoever operates it decides, Git does not.',
    }),
    provider: text(255).nullish().meta({ description: 'Vendor of the model, such as openai.' }),
    defaultModel: text(255).nullish().meta({ description: 'Name of the model.' }),
    defaultSystemRole: text(65_536).nullish().meta({ description: 'The system prompt.' }),
    defaultTemperature: z.number().min(0).max(1).nullish().meta({ description: 'From 0 to 1.' }),
    defaultMaxTokens: z
      .int()
      .min(1)
      .max(2_147_483_647)
      .nullish()
      .meta({ description: 'Most tokens of an answer.' }),
    appName: text(255).nullish().meta({ description: 'Title of the user interface.' }),
    appAssistant: text(255).nullish().meta({ description: 'Name the assistant goes by.' }),
    appWelcomeMessage: text(255).nullish().meta({ description: 'First message a visitor sees.' }),
    appExamplePrompts: z
      .array(text(2048))
      .nullish()
      .meta({ description: 'Prompts offered to a visitor, in order.' }),
    appPlaceholder: text(255).nullish().meta({ description: 'Placeholder of the input.' }),
    appInfoUrl: webAddress().nullish().meta({ description: 'Where the info button leads.' }),
    appBackgroundImageUrl: webAddress().nullish().meta({ description: 'Background image.' }),
    appLogoUrl: webAddress().nullish().meta({ description: 'Logo.' }),
    appFileAttachment: z
      .boolean()
      .nullish()
      .meta({ description: 'Whether a visitor may attach files.' }),
  });
}

export function spec() {
  return z.strictObject({
    config: config(),
    plugins: z
      .array(reference())
      .nullish()
      .meta({ description: 'Names of the plugins it may use, of any plugin kind.' }),
    functions: z
      .array(z.enum(builtInFunctions))
      .nullish()
      .meta({ description: 'Built-in tools it may call.' }),
    apiKey: reference().nullish().meta({
      description:
        'Name of the SmarterAuthToken a caller must present. Absent: open to anonymous callers.',
    }),
  });
}

export const example = `apiVersion: smarter.sh/v1
kind: LLMClient
metadata:
  # Lower-case words joined by underscores. Other manifests refer to it by this name.
  name: support_bot
  description: Answers questions about orders and returns
  version: 1.0.0
  tags:
    - support
  # Free notes, as a list of maps.
  annotations:
    - example.com/owner: customer-care
spec:
  config:
    # true and false are enforced. Without the line, 'plumbline deploy' and 'undeploy' decide.
    deployed: true
    provider: openai
    defaultModel: gpt-4o-mini
    # From 0 (always the same answer) to 1.
    defaultTemperature: 0.3
    defaultMaxTokens: 1024
    defaultSystemRole: |
      You help customers of an outdoor shop.
      Answer in the customer's language, in at most five sentences.
    appName: Support
    appAssistant: Robin
    appWelcomeMessage: Hello! What can I do for you?
    appExamplePrompts:
      - Where is my order?
      - How do I return a tent?
    appPlaceholder: Type your question
    appFileAttachment: false
  # Plugins by name, of any plugin kind.
  plugins:
    - return_policy
  # Built-in tools: get_current_weather, date_calculator, calculator.
  functions:
    - date_calculator
  # The SmarterAuthToken that callers must present. A client without one is open to anybody.
  apiKey: support_key
`;
