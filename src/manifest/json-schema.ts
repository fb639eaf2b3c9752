import * as z from 'zod';
import { isObject, type JsonValue } from '../lib/json.ts';
import type { Kind } from './kind.ts';
import { manifestSchema } from './load-schema.ts';

/** The JSON Schema (2020-12) of a kind's manifests for editors, with the defaults of its table of fields. */
export function kindJsonSchema(kind: Kind): Record<string, unknown> {
  const schema = z.toJSONSchema(manifestSchema(kind), { io: 'input' }) as Record<string, unknown>;
  for (const field of kind.fields)
    if (field.default !== undefined) setDefault(schema, field.path.split('.'), field.default);
  return { ...schema, title: kind.name, description: kind.summary };
}

/** Goes down the `properties`, through the alternatives that an optional map is wrapped in. */
function setDefault(schema: unknown, steps: readonly string[], value: JsonValue): void {
  const [step, ...rest] = steps;
  for (const at of alternatives(schema)) {
    const properties = at['properties'];
    const next = isObject(properties) && step !== undefined ? properties[step] : undefined;
    if (!isObject(next)) continue;
    if (rest.length === 0) next['default'] = value;
    else setDefault(next, rest, value);
  }
}

function alternatives(schema: unknown): readonly Record<string, unknown>[] {
  if (!isObject(schema)) return [];
  const { anyOf } = schema;
  return Array.isArray(anyOf) ? anyOf.filter(isObject) : [schema];
}
