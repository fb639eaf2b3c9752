import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from 'fastify-type-provider-zod';
import * as z from 'zod';
import type { Api } from './parts.ts';
import { answers } from './shapes.ts';

type ZodToJsonConfig = NonNullable<
  NonNullable<Parameters<typeof createJsonSchemaTransform>[0]>['zodToJsonConfig']
>;

/** Collects what the routes say of themselves into one OpenAPI document; to be called before any route. */
export async function collectDocument(app: Api, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Plumbline',
        description:
          'Keeps LLM clients true to Git. Bodies may be JSON or YAML, whatever their content type says.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      // A listener on loopback has no token unless one is configured.
      security: [{ token: [] }, {}],
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig }),
    transformObject: withUsedShapes,
  });
}

export function documentRoute(app: Api): void {
  app.get(
    '/api/v1/openapi.json',
    {
      schema: {
        tags: ['kinds'],
        operationId: 'openapi',
        summary: 'This document',
        response: answers(z.looseObject({}).describe('OpenAPI 3.1')),
      },
    },
    async () => app.swagger(),
  );
}

/** Answers may gain keys, and a client made from the document must not break on them. */
const zodToJsonConfig: ZodToJsonConfig = {
  override: ({ jsonSchema }) => {
    if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  },
};

/** Every shape has a variant for what is sent and one for what is answered; the document holds those that it uses. */
const withUsedShapes: SwaggerTransformObject = (collected) => {
  const document = createJsonSchemaTransformObject({ zodToJsonConfig })(collected);
  const { paths, components: { schemas = {}, ...components } = {} } = document as Shaped;
  const used: Record<string, unknown> = {};
  const take = (from: unknown) => {
    for (const [, name] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || name in used) continue;
      used[name] = schemas[name];
      take(schemas[name]);
    }
  };
  take(paths);
  return { ...document, components: { ...components, schemas: used } } as typeof document;
};

interface Shaped {
  readonly paths?: object;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}
