import * as z from 'zod';
import { pluginSpec } from '../plugin/common.ts';
import { parameterSpec } from '../plugin/parameters.ts';
import { count, reference, technicalName, text } from '../text.ts';
import { urlPath } from '../url-path.ts';

function headerName() {
  return text(255).regex(
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
    'must be letters, digits and the signs that a header name may have',
  );
}
function headerValue() {
  return text(2048).regex(/^[^\p{Cc}]*$/u, 'must have no control characters');
}

export function spec() {
  return z.strictObject({
    ...pluginSpec(),
    connection: reference().meta({ description: 'Name of the ApiConnection to call.' }),
    apiData: z.strictObject({
      endpoint: urlPath().meta({
        description: 'Path with {placeholders}, such as /v1/items/{id}/.',
      }),
      method: z
        .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
        .nullish()
        .meta({ description: 'Method of the request.' }),
      urlParams: z
        .array(z.strictObject({ key: technicalName(), value: technicalName() }))
        .nullish()
        .meta({ description: 'Parameters of the query.' }),
      headers: z
        .array(z.strictObject({ name: headerName(), value: headerValue() }))
        .nullish()
        .meta({ description: 'Headers of the request.' }),
      body: z
        .union([z.record(z.string(), z.json()), z.array(z.json())])
        .nullish()
        .meta({ description: 'Body of the request, sent as JSON.' }),
      ...parameterSpec(),
      limit: count(2).nullish().meta({ description: 'Most items of an answer.' }),
    }),
  });
}

export const example = `apiVersion: smarter.sh/v1
kind: ApiPlugin
metadata:
  name: parcel_tracking
  description: Tells where a parcel is
  version: 1.0.0
  pluginClass: api
spec:
  selector:
    directive: search_terms
    searchTerms:
      - parcel
      - tracking
  prompt:
    provider: openai
    systemRole: |
      You can look up where a parcel is. Say when the state was last heard of.
    model: gpt-4o-mini
    temperature: 0.1
    maxTokens: 512
  # The name of an ApiConnection.
  connection: parcel_service
  apiData:
    # Begins and ends with a slash. Every {placeholder} is a parameter.
    endpoint: /v1/parcels/{parcel}/
    method: GET
    urlParams:
      - key: detail
        value: full
    headers:
      - name: Accept
        value: application/json
    parameters:
      - name: parcel
        type: string
        description: Number of the parcel
        required: true
    testValues:
      - name: parcel
        value: "00340434161094022115"
    limit: 10
`;
