import * as z from 'zod';
import { Resources } from '../../reconcile/resources.ts';
import { planRestore } from '../../reconcile/restore.ts';
import { explain } from '../../reconcile/why.ts';
import { whyJson } from '../../reconcile/why-json.ts';
import { trash } from '../../store/trash.ts';
import { workByHand } from '../by-hand.ts';
import { dryRun, kindAndName, word } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, listOf, reportShape, trashShape, whyShape } from '../shapes.ts';

const tags = ['past'];

/** How a record came to be as it is, and records that were deleted. */
export function pastRoutes(app: Api, parts: HttpParts): void {
  const { daemon, ports, account } = parts;
  const resources = new Resources(ports, account);

  app.get(
    '/api/v1/resources/:kind/:name/why',
    {
      schema: {
        tags,
        operationId: 'whyResource',
        summary:
          'Of each field of a record its value, file and line, commit, author and earlier values',
        params: kindAndName,
        querystring: z.strictObject({
          field: word('Only this field, or those below it; its last step is enough'),
        }),
        response: answers(whyShape),
      },
    },
    async ({ params, query: { field } }) => {
      const { kind, key } = resources.named(params.kind, params.name);
      const { provenance, fields } = await explain(
        ports,
        kind,
        key,
        field,
        ({ source, file, blob }) => daemon.recall(source, { path: file, blob }),
      );
      return whyJson(provenance, fields);
    },
  );

  app.get(
    '/api/v1/trash',
    {
      schema: {
        tags,
        operationId: 'listTrash',
        summary: 'The deleted records that can be restored',
        response: answers(listOf(trashShape, 'deleted records')),
      },
    },
    async () => {
      const now = ports.clock.now().toISOString();
      const rows = await ports.database.read((query) => trash(query, now));
      const items = rows
        .filter((row) => row.account === account)
        .map(({ record: _, ...row }) => row);
      return { kind: 'List', items };
    },
  );

  app.post(
    '/api/v1/resources/:kind/:name/restore',
    {
      schema: {
        tags,
        operationId: 'restoreResource',
        summary: 'Bring back a deleted record as it was; it belongs to no source then',
        params: kindAndName,
        querystring: z.strictObject({ dryRun }),
        response: answers(reportShape),
      },
    },
    async ({ params, query }) => {
      const { kind, key } = resources.named(params.kind, params.name);
      const { plan } = await planRestore(ports, kind, key);
      return workByHand(parts, resources, plan, query.dryRun === 'true');
    },
  );
}
