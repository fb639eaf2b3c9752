import * as z from 'zod';
import { metadataFields } from '../../../src/kinds/metadata.ts';
import type { Kind } from '../../../src/manifest/kind.ts';

/**
 * A kind as somebody would add it. A test puts this folder into a copy of the program, among the
 * kinds that are there; it knows the program by the paths that it would know it by there.
 */
export const greeting: Kind = {
  name: 'Greeting',
  space: 'greeting',
  aliases: [],
  summary: 'What to say to whom',
  spec: () =>
    z.strictObject({
      text: z.string(),
      loud: z.boolean().nullish(),
      languages: z.array(z.string()).nullish(),
      voice: z.strictObject({ pitch: z.number().nullish() }).nullish(),
      token: z.string().nullish(),
    }),
  legacy: ['spec.old'],
  fields: [
    ...metadataFields('greeting'),
    { path: 'spec.text', storage: { column: 'text', type: 'text' }, class: 'behaviour' },
    {
      path: 'spec.loud',
      storage: { column: 'loud', type: 'boolean' },
      class: 'cosmetic',
      default: false,
    },
    {
      path: 'spec.languages',
      storage: { list: 'greeting_language', column: 'name' },
      class: 'behaviour',
      default: [],
      compare: 'set',
    },
    {
      path: 'spec.voice.pitch',
      storage: { table: 'greeting_voice', column: 'pitch', type: 'real' },
      class: 'cosmetic',
    },
    {
      path: 'spec.token',
      storage: { column: 'token_id', type: 'integer' },
      class: 'exposure',
      references: 'smarter_auth_token',
    },
  ],
  tables: { main: 'greeting', ones: [{ table: 'greeting_voice', path: 'spec.voice' }] },
  status: () => ({}),
  example: `apiVersion: smarter.sh/v1
kind: Greeting
metadata:
  name: hello
  description: Says hello
  version: 1.0.0
spec:
  text: Hello!
  languages: # in any order
    - fr
    - de
  voice:
    pitch: 0.5
  token: support_key
`,
};
