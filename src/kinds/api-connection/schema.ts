import * as z from 'zod';
import { count, hostName, port, reference, technicalName, webAddress } from '../text.ts';

function connection() {
  return z.strictObject({
    baseUrl: webAddress().meta({ description: 'Where the paths of the API begin.' }),
    apiKey: reference()
      .nullish()
      .meta({ description: 'Name of the Secret that holds the key of the API.' }),
    authMethod: z
      .enum(['none', 'basic', 'token', 'oauth'])
      .nullish()
      .meta({ description: 'How to sign in.' }),
    timeout: count(1).nullish().meta({ description: 'Seconds to wait for an answer.' }),
    proxyProtocol: z
      .enum(['http', 'https'])
      .nullish()
      .meta({ description: 'How to speak to the proxy.' }),
    proxyHost: hostName().nullish().meta({ description: 'Host of the proxy.' }),
    proxyPort: port().nullish().meta({ description: 'Port of the proxy.' }),
    proxyUsername: technicalName().nullish().meta({ description: 'Who signs in at the proxy.' }),
    proxyPassword: reference()
      .nullish()
      .meta({ description: 'Name of the Secret that holds the password of the proxy.' }),
  });
}

export function spec() {
  return z.strictObject({ connection: connection() });
}

export const example = `apiVersion: smarter.sh/v1
kind: ApiConnection
metadata:
  name: parcel_service
  description: The parcel service that the warehouse works with
  version: 1.0.0
spec:
  connection:
    baseUrl: https://api.parcels.example
    # The name of a Secret, never the key itself.
    apiKey: warehouse_key
    # none, basic, token or oauth.
    authMethod: token
    # Seconds.
    timeout: 10
`;
