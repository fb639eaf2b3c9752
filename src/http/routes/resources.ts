import * as z from 'zod';
import { sortKeys } from '../../broker/record-list.ts';
import { manual } from '../../reconcile/manual.ts';
import { tailLimit } from '../../reconcile/record-log.ts';
import { Resources } from '../../reconcile/resources.ts';
import { manifestsIn, workByHand } from '../by-hand.ts';
import { admitCaller } from '../key-holder.ts';
import { dryRun, kindAndName, paging, word } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, listOf, manifestShape, manifestsBody, reportShape } from '../shapes.ts';

const tags = ['resources'];
const acting = z.strictObject({ dryRun });

/** The records: lists of them, each with its status, and what a person may do to one. */
export function resourceRoutes(app: Api, parts: HttpParts): void {
  const { ports, account, limits } = parts;
  const resources = new Resources(ports, account);

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
          tag: word('With this tag'),
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
    async ({ query: { deployed, sort, ...wanted } }) => {
      const { items, next } = await resources.list({
        ...wanted,
        deployed: deployed === undefined ? undefined : deployed === 'true',
        sort: sort.replace('-', '') as (typeof sortKeys)[number],
        descending: sort.startsWith('-'),
      });
      return { kind: 'List', items, ...(next === undefined ? {} : { next }) };
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
      const plan = await resources.planApply(manifestsIn(resources, body));
      return workByHand(parts, resources, plan, query.dryRun === 'true');
    },
  );

  app.get(
    '/api/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        operationId: 'describeResource',
        summary: 'One record as a manifest with its status',
        params: kindAndName,
        response: answers(manifestShape),
      },
    },
    async ({ params: { kind, name } }) => (await resources.named(kind, name).describe()).data,
  );

  app.delete(
    '/api/v1/resources/:kind/:name',
    {
      schema: {
        tags,
        operationId: 'deleteResource',
        summary: 'Delete a record that no source owns',
        params: kindAndName,
        querystring: acting,
        response: answers(reportShape),
      },
    },
    async ({ params: { kind, name }, query }) => {
      const plan = await resources.named(kind, name).plan('delete');
      return workByHand(parts, resources, plan, query.dryRun === 'true');
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
          params: kindAndName,
          querystring: acting,
          response: answers(reportShape),
        },
      },
      async ({ params: { kind, name }, query }) => {
        const plan = await resources.named(kind, name).plan(verb);
        return workByHand(parts, resources, plan, query.dryRun === 'true');
      },
    );

  app.get(
    '/api/v1/resources/:kind/:name/logs',
    {
      schema: {
        tags,
        operationId: 'logsOfResource',
        summary: 'What happened to a record, oldest first',
        params: kindAndName,
        querystring: z.strictObject({
          tail: z.coerce
            .number({ error: 'must be a whole number' })
            .int('must be a whole number')
            .min(1)
            .max(tailLimit.most)
            .default(tailLimit.usual)
            .describe('How many of the last lines'),
        }),
        response: answers(z.object({ lines: z.array(z.string()) })),
      },
    },
    async ({ params: { kind, name }, query: { tail } }) => {
      const entries = await resources.named(kind, name).logEntries(tail);
      return { lines: entries.map((it) => it.line) };
    },
  );

  app.post(
    '/api/v1/resources/:kind/:name/prompt',
    {
      config: { openTo: 'keys' },
      schema: {
        tags,
        operationId: 'promptResource',
        summary: 'Say something to a deployed record',
        params: kindAndName,
        body: z.strictObject({ prompt: z.string().min(1) }),
        response: answers(z.looseObject({})),
      },
    },
    async (request) => {
      const { kind, name } = request.params;
      const resource = resources.named(kind, name);
      await admitCaller(parts, request, resource);
      const signal = AbortSignal.timeout(limits.answerTime);
      return (await resource.prompt(request.body.prompt, signal)).data;
    },
  );
}
