import * as z from 'zod';
import type { Kind } from './kind.ts';
import { apiVersion } from './manifest.ts';

/** Characters of the longest annotation value that is a text. */
const longestAnnotation = 2048;

const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/;

function text(most: number) {
  return z.string().max(most, { error: `must have at most ${most} characters`, abort: true });
}

function annotationKey() {
  return text(255).regex(
    /^[A-Za-z0-9._/-]+$/,
    'must have a key of letters, digits, dots, slashes, underscores and hyphens',
  );
}

function annotationValue() {
  return z
    .json()
    .refine((it) => it !== null, 'must not be nothing: write a value, or remove the key')
    .refine(
      (it) => typeof it !== 'string' || it.length <= longestAnnotation,
      `must have at most ${longestAnnotation} characters`,
    );
}

function metadata() {
  return {
    // The name has rules and words of its own, see normal.ts.
    name: z.string().meta({ description: 'Words of a to z and digits, joined by underscores.' }),
    description: text(65_536).nullish().meta({ description: 'What it is for, in a sentence.' }),
    version: text(255)
      .regex(semver, 'must be a semantic version of three numbers, such as 1.0.0')
      .nullish()
      .meta({ description: 'Semantic version of the manifest, such as 1.0.0.' }),
    tags: z
      .array(text(255).refine((it) => it.trim() !== '', 'must not be blank'))
      .nullish()
      .meta({ description: 'Words to find it by; their order does not matter.' }),
    annotations: z
      .array(z.record(annotationKey(), annotationValue()))
      .nullish()
      .meta({ description: 'Free notes, as a list of maps.' }),
  };
}

const schemas = new WeakMap<Kind, z.ZodType>();

/** The shape of a whole manifest of a kind, strict, without defaults and without coercion. */
export function manifestSchema(kind: Kind): z.ZodType {
  let schema = schemas.get(kind);
  if (schema === undefined) {
    schema = z.strictObject({
      apiVersion: z.literal(apiVersion),
      kind: z.literal(kind.name),
      metadata: z.strictObject({ ...metadata(), ...kind.metadata?.() }),
      spec: kind.spec(),
      status: z.unknown().optional().meta({ description: 'Written by the platform; ignored.' }),
    });
    schemas.set(kind, schema);
  }
  return schema;
}
