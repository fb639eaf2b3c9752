import * as z from 'zod';
import { filled, text } from '../text.ts';

function variable() {
  return text(200).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
}

function valueFrom() {
  return z
    .strictObject({
      env: variable().nullish().meta({ description: 'Name of an environment variable.' }),
      file: filled(1024)
        .nullish()
        .meta({ description: 'A file below the configured folder of secrets.' }),
    })
    .refine(
      ({ env, file }) => ((env ?? null) === null) !== ((file ?? null) === null),
      'must name one place: either env or file',
    );
}

function moment() {
  return text(40)
    .regex(
      /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/,
      'must be a date such as 2030-12-31, or a time such as 2030-12-31T12:00:00Z',
    )
    .refine((it) => isDay(it.slice(0, 10)) && !Number.isNaN(Date.parse(it)), 'must be a real date');
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function config() {
  return z
    .strictObject({
      valueFrom: valueFrom().nullish().meta({ description: 'Where the value comes from.' }),
      value: text(65_536)
        .refine((it) => it !== '', 'must not be empty')
        .nullish()
        .meta({ description: 'The value in clear text, or <kept> for the one that is there.' }),
      expiration_date: moment()
        .nullish()
        .meta({ description: 'When the value stops to be valid.' }),
    })
    .refine(
      ({ value, valueFrom }) => ((value ?? null) === null) !== ((valueFrom ?? null) === null),
      {
        error: 'config must have either valueFrom or value',
        path: ['valueFrom'],
      },
    );
}

export function spec() {
  return z.strictObject({ config: config() });
}

export const example = `apiVersion: smarter.sh/v1
kind: Secret
metadata:
  name: warehouse_key
  description: Lets the assistants read the warehouse
  version: 1.0.0
spec:
  config:
    # The value itself stands outside of the repository: in an environment variable, or with
    # 'file: PATH' in a file below the folder that the configuration names as secrets.directory.
    valueFrom:
      env: WAREHOUSE_KEY
    # A date, or a time such as 2030-12-31T12:00:00Z.
    expiration_date: 2030-12-31
`;
