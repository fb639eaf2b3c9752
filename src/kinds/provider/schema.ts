import * as z from 'zod';
import { filled, reference, text, webAddress } from '../text.ts';
import { urlPath } from '../url-path.ts';

/** Keys that hold a web address, and what it leads to. */
export const addresses = [
  'logo',
  'website_url',
  'terms_of_service_url',
  'docs_url',
  'privacy_policy_url',
] as const;
export const mailboxes = ['contact_email', 'support_email'] as const;

function all<Key extends string, Value>(keys: readonly Key[], value: (key: Key) => Value) {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, Value>;
}

function mailbox() {
  return text(254).regex(
    /^[^\s@<>"(),:;\\[\]]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$/,
    'must be an e-mail address such as support@example.com',
  );
}

function provider() {
  return z.strictObject({
    name: filled(50)
      .regex(
        /^[a-z0-9]+(?:_[a-z0-9]+)*$/,
        'must be words of a to z and digits joined by underscores',
      )
      .meta({ description: 'The name in metadata once more.' }),
    description: text(65_536).nullish().meta({ description: 'What the vendor offers.' }),
    base_url: webAddress().nullish().meta({ description: 'Where its API is reached.' }),
    api_key: reference()
      .nullish()
      .meta({ description: 'Name of the Secret that holds the key of its API.' }),
    connectivity_test_path: urlPath()
      .nullish()
      .meta({ description: 'Path to ask for, to see whether it answers.' }),
    ...all(addresses, (key) =>
      webAddress()
        .nullish()
        .meta({ description: `Address: ${key.replaceAll('_', ' ')}.` }),
    ),
    ...all(mailboxes, (key) =>
      mailbox()
        .nullish()
        .meta({ description: `Address: ${key.replaceAll('_', ' ')}.` }),
    ),
  });
}

export function spec() {
  return z.strictObject({ provider: provider() });
}

export const example = `apiVersion: smarter.sh/v1
kind: Provider
metadata:
  name: house_models
  description: Models that run in our own computing centre
  version: 1.0.0
spec:
  provider:
    # The name in metadata once more.
    name: house_models
    description: Speaks the protocol of OpenAI
    base_url: https://models.house.example/v1
    # The name of a Secret, never the key itself.
    api_key: warehouse_key
    connectivity_test_path: /v1/models/
    website_url: https://models.house.example
    support_email: models@house.example
`;
