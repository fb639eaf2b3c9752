import * as z from 'zod';
import { kindJsonSchema } from '../../manifest/json-schema.ts';
import { kindByWord } from '../../manifest/kind-word.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, answersAs, listOf } from '../shapes.ts';

const tags = ['kinds'];
const params = z.object({ kind: z.string().max(100).describe('In any case, plural, or an alias') });

/** What there is of kinds, with a schema and an example of each. */
export function kindRoutes(app: Api, { ports }: HttpParts): void {
  const { kinds } = ports.brokers;

  const kindShape = z
    .object({
      name: z.string(),
      summary: z.string(),
      aliases: z.array(z.string()),
      deployable: z.boolean(),
    })
    .meta({ id: 'Kind', description: 'A kind of manifest.' });
  app.get(
    '/api/v1/kinds',
    {
      schema: {
        tags,
        operationId: 'listKinds',
        summary: 'Every kind, in the order in which they are applied',
        response: answers(listOf(kindShape, 'kinds')),
      },
    },
    async () => ({
      kind: 'List',
      items: [...kinds.all]
        .sort((a, b) => kinds.rank(a.space) - kinds.rank(b.space))
        .map(({ name, summary, aliases, deployment }) => ({
          name,
          summary,
          aliases: [...aliases],
          deployable: deployment !== undefined,
        })),
    }),
  );

  app.get(
    '/api/v1/kinds/:kind/schema',
    {
      schema: {
        tags,
        operationId: 'schemaOfKind',
        summary: 'The JSON Schema of its manifests',
        params,
        response: answersAs('application/schema+json', 'JSON Schema, 2020-12', z.looseObject({})),
      },
    },
    async (request, reply) =>
      reply
        .type('application/schema+json')
        .send(kindJsonSchema(kindByWord(kinds, request.params.kind))),
  );

  app.get(
    '/api/v1/kinds/:kind/example',
    {
      schema: {
        tags,
        operationId: 'exampleOfKind',
        summary: 'A commented manifest to start from',
        params,
        response: answersAs('application/yaml', 'A manifest'),
      },
    },
    async (request, reply) =>
      reply.type('application/yaml').send(kindByWord(kinds, request.params.kind).example),
  );
}
