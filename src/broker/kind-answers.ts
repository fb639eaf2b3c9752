import type { JsonObject } from '../lib/json.ts';
import { parseYaml } from '../lib/yaml.ts';
import { kindJsonSchema } from '../manifest/json-schema.ts';
import type { Kind } from '../manifest/kind.ts';
import type { Answer } from './response.ts';

/** A manifest of a kind to start from. Its comments are in the text that the kind holds. */
export function exampleOf(kind: Kind): Answer {
  const { documents } = parseYaml(Buffer.from(kind.example), `${kind.name}.yaml`);
  return {
    verb: 'example_manifest',
    thing: kind.name,
    changed: false,
    data: documents[0]?.value as JsonObject,
    message: `${kind.name} example manifest successfully generated`,
  };
}

/** The JSON Schema of a kind's manifests. */
export function schemaOf(kind: Kind): Answer {
  return {
    verb: 'json_schema',
    thing: kind.name,
    changed: false,
    data: kindJsonSchema(kind) as JsonObject,
    message: `${kind.name} JSON schema successfully generated`,
  };
}
