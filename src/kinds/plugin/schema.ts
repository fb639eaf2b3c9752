import * as z from 'zod';
import { pluginSpec } from './common.ts';

export function spec() {
  return z.strictObject({
    ...pluginSpec(),
    data: z.strictObject({
      staticData: z
        .record(z.string(), z.json())
        .nullish()
        .meta({ description: 'The knowledge: each top-level key is one topic to ask for.' }),
    }),
  });
}

export const example = `apiVersion: smarter.sh/v1
kind: Plugin
metadata:
  name: return_policy
  description: What may be sent back, and how
  version: 1.0.0
  pluginClass: static
  tags:
    - support
spec:
  selector:
    # search_terms: used when a prompt mentions one of them. always: used for every prompt.
    directive: search_terms
    searchTerms:
      - return
      - refund
  prompt:
    provider: openai
    systemRole: |
      You know the return policy. Quote it exactly and never promise more than it says.
    model: gpt-4o-mini
    temperature: 0.2
    maxTokens: 512
  data:
    # Each top-level key is one topic the model can ask for.
    staticData:
      period: 30 days from delivery
      condition: unused, with the label on
      exceptions:
        - gift cards
        - climbing ropes
`;
