import * as z from 'zod';
import { pluginSpec } from '../plugin/common.ts';
import { parameterSpec } from '../plugin/parameters.ts';
import { count, filled, reference } from '../text.ts';

export function spec() {
  return z.strictObject({
    ...pluginSpec(),
    connection: reference().meta({ description: 'Name of the SqlConnection to query.' }),
    sqlData: z.strictObject({
      sqlQuery: filled(65_536).meta({
        description: 'The query, with {placeholders} for parameters.',
      }),
      ...parameterSpec(),
      limit: count(1).nullish().meta({ description: 'Most rows of an answer.' }),
    }),
  });
}

export const example = `apiVersion: smarter.sh/v1
kind: SqlPlugin
metadata:
  name: order_lookup
  description: Looks up an order in the warehouse
  version: 1.0.0
  pluginClass: sql
spec:
  selector:
    directive: search_terms
    searchTerms:
      - order
      - delivery
  prompt:
    provider: openai
    systemRole: |
      You can look up orders. Never guess the state of an order.
    model: gpt-4o-mini
    temperature: 0.1
    maxTokens: 512
  # The name of a SqlConnection.
  connection: warehouse_db
  sqlData:
    # Every {placeholder} is a parameter.
    sqlQuery: |
      SELECT number, state, shipped_at
      FROM orders
      WHERE number = {order_number} AND state = {state}
    parameters:
      - name: order_number
        type: string
        description: Number of the order, such as A-1001
        required: true
      - name: state
        type: string
        enum:
          - open
          - shipped
        default: open
    # One value a parameter, to try the plugin with.
    testValues:
      - name: order_number
        value: A-1001
      - name: state
        value: shipped
    limit: 20
`;
