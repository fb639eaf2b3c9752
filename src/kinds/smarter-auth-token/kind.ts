import * as z from 'zod';
import type { Kind } from '../../manifest/kind.ts';
import { metadataFields } from '../metadata.ts';
import { filled } from '../text.ts';
import { issuedColumnTypes, issuedOf } from './issued.ts';

function spec() {
  return z.strictObject({
    config: z.strictObject({
      isActive: z.boolean().nullish().meta({ description: 'Whether callers may use the key.' }),
      username: filled(150).meta({ description: 'Who the key acts for.' }),
    }),
  });
}

const example = `apiVersion: smarter.sh/v1
kind: SmarterAuthToken
metadata:
  # Declares the key. Its secret never stands in a manifest.
  name: support_key
  description: Key of the support widget
  version: 1.0.0
spec:
  config:
    isActive: true
    username: platform_admin
`;

export const smarterAuthToken: Kind = {
  name: 'SmarterAuthToken',
  space: 'smarter_auth_token',
  aliases: ['api-key', 'apikey', 'authtoken', 'auth-token', 'token', 'smarter-auth-token'],
  summary: 'An API key that callers of a client present',
  spec,
  legacy: ['metadata.author'],
  fields: [
    ...metadataFields('smarter_auth_token'),
    {
      path: 'spec.config.isActive',
      storage: { column: 'is_active', type: 'boolean' },
      class: 'exposure',
      default: false,
    },
    {
      path: 'spec.config.username',
      storage: { column: 'username', type: 'text' },
      class: 'exposure',
    },
  ],
  tables: { main: 'smarter_auth_token', ones: [] },
  serverColumns: issuedColumnTypes,
  status: (record) => {
    const { keyId, issuedAt, revokedAt, lastUsedAt } = issuedOf(record);
    return { keyId, issuedAt, revokedAt, lastUsedAt };
  },
  example,
};
