/** What the floor lets in: the shapes of the manifests of the workload, strict as the program's own. */
import { z } from 'zod';

const text = z.string();
const metadata = z.strictObject({
  name: text.regex(/^[a-z0-9]+(_[a-z0-9]+)*$/),
  description: text,
  version: text,
  tags: z.array(text).optional(),
  annotations: z.array(z.record(text, z.json())).optional(),
  pluginClass: z.literal('static').optional(),
});
const envelope = { apiVersion: z.literal('smarter.sh/v1'), metadata };
const clientConfig = z.strictObject({
  deployed: z.boolean(),
  subdomain: text,
  customDomain: z.strictObject({ aws_hosted_zone_id: text, domain_name: text }),
  provider: text,
  defaultModel: text,
  defaultSystemRole: text,
  defaultTemperature: z.number().min(0).max(1),
  defaultMaxTokens: z.int().min(1),
  appName: text,
  appAssistant: text,
  appWelcomeMessage: text,
  appExamplePrompts: z.array(text),
  appPlaceholder: text,
  appInfoUrl: z.url(),
  appBackgroundImageUrl: z.url(),
  appLogoUrl: z.url(),
  appFileAttachment: z.boolean(),
});
const client = z.strictObject({
  config: clientConfig,
  plugins: z.array(text),
  functions: z.array(z.enum(['get_current_weather', 'date_calculator', 'calculator'])),
  apiKey: text,
});

/** The plugins and keys are a dozen files that the clients refer to; their insides do not count. */
const few = z.record(text, z.json());

export const manifest = z.discriminatedUnion('kind', [
  z.strictObject({ ...envelope, kind: z.literal('LLMClient'), spec: client }),
  z.strictObject({ ...envelope, kind: z.literal('Plugin'), spec: few }),
  z.strictObject({ ...envelope, kind: z.literal('SmarterAuthToken'), spec: few }),
]);
