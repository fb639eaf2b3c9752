import { z } from 'zod';
import { recordNotFound } from '../../broker/not-found.ts';
import { listRecords, type Position, sortKeys } from '../../broker/record-list.ts';
import type { Kind } from '../../manifest/kind.ts';
import { kindByWord } from '../../manifest/kind-word.ts';
import type { ResourceKey } from '../../manifest/manifest.ts';
import { foldName } from '../../manifest/normal.ts';
import { manual, planApply, planDelete, planDeployment } from '../../reconcile/manual.ts';
import { manifestsIn, workByHand } from '../by-hand.ts';
import { cursorOf, positionAt } from '../cursor.ts';
import { dryRun, paging, word } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, listOf, manifestShape, manifestsBody, reportShape } from '../shapes.ts';

const tags = ['resources'];
const params = z.object({
  kind: z.string().max(100).describe('In any case, plural, or an alias'),
  name: z.string().max(200),
});
const acting = z.strictObject({ dryRun });

/** The records: lists of them, each with its status, and what a person may do to one. */
export function resourceRoutes(app: Api, parts: HttpParts): void {
  const { ports, account, limits } = parts;
  const { brokers, database } = ports;

  app.get(
    '/api/v1/resources',
    {
      schema: {
        tags,
        operationId: 'listResources',
        summary: 'The records as manifests with their status',
        querystring: z.strictObject({
          kind: word('Of this kind; in any case, plural, or an alias'),
          name: word('With this name, or names that begin so where it ends in *'),
          source: word(`Owned by this source; ${manual} for those that nobody owns`),
          deployed: z.enum(['true', 'false']).optional().describe('Published, or not'),
          sort: z
            .enum(sortKeys.flatMap((key) => [key, `-${key}`] as const))
            .default('kind')
            .describe('By what; a minus turns the order round'),
          ...paging,
        }),
        response: answers(listOf(manifestShape, 'records')),
      },
    },
    async ({ query: { kind, source, deployed, sort, cursor, name, limit } }) => {
      const { records, next } = await database.read((query) =>
        listRecords(query, brokers, {
          account,
          kinds: kind === undefined ? brokers.kinds.all : [kindByWord(brokers.kinds, kind)],
          name: name === undefined ? undefined : foldName(name),
          source: source === manual ? null : source,
          deployed: deployed === undefined ? undefined : deployed === 'true',
          sort: sort.replace('-', '') as (typeof sortKeys)[number],
          descending: sort.startsWith('-'),
          limit,
          after: cursor === undefined ? undefined : (positionAt(cursor, 3) as Position),
        }),
      );
      return {
        kind: 'List',
        items: records.map((record) => brokers.of(record.kind).describe(record)),
        ...(next === undefined ? {} : { next: cursorOf(next) }),
      };
    },
  );

  app.post(
    '/api/v1/resources',
    {
      bodyLimit: limits.manifestSize,
      schema: {
        tags,
        operationId: 'applyResources',
        summary: 'Write records; they belong to no source',
        consumes: ['application/yaml', 'application/json'],
        body: manifestsBody,
        querystring: acting,
        response: answers(reportShape),
      },
    },
    async ({ body, query }) => {
      const loaded = manifestsIn(parts, body);
      return workByHand(parts, await planApply(ports, account, loaded), query.dryRun === 'true');
    },
  );

  app.get(
    '/api/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        operationId: 'describeResource',
        summary: 'One record as a manifest with its status',
        params,
        response: answers(manifestShape),
      },
    },
    async (request) => {
      const { kind, key } = resourceAt(parts, request.params);
      const broker = brokers.of(kind);
      const record = await database.read((query) => broker.find(query, key.account, key.name));
      if (record === undefined) throw recordNotFound(kind.name, key.name);
      return broker.describe(record);
    },
  );

  app.delete(
    '/api/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        operationId: 'deleteResource',
        summary: 'Delete a record that no source owns',
        params,
        querystring: acting,
        response: answers(reportShape),
      },
    },
    async (request) => {
      const { key } = resourceAt(parts, request.params);
      const plan = await planDelete(ports, account, [key]);
      return workByHand(parts, plan, request.query.dryRun === 'true');
    },
  );

  for (const verb of ['deploy', 'undeploy'] as const)
    app.post(
      `/api/v1/resources/:kind/:name/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}Resource`,
          summary: `${verb === 'deploy' ? 'Publish' : 'Withdraw'} a record whose manifest leaves that to a person`,
          params,
          querystring: acting,
          response: answers(reportShape),
        },
      },
      async (request) => {
        const { key } = resourceAt(parts, request.params);
        const plan = await planDeployment(ports, key, verb === 'deploy');
        return workByHand(parts, plan, request.query.dryRun === 'true');
      },
    );
}

/** The resource that a path means; a hyphen in the name means an underscore, as in manifests. */
function resourceAt(
  { ports, account }: HttpParts,
  { kind: word, name }: { readonly kind: string; readonly name: string },
): { readonly kind: Kind; readonly key: ResourceKey } {
  const kind = kindByWord(ports.brokers.kinds, word);
  return { kind, key: { account, space: kind.space, name: foldName(name) } };
}
