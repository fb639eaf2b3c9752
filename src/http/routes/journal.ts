import * as z from 'zod';
import { PlumblineError } from '../../lib/errors.ts';
import { kindByWord } from '../../manifest/kind-word.ts';
import { entryJson, history } from '../../store/journal.ts';
import { runJson } from '../journal-json.ts';
import { moment, paging, word } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, entryShape, listOf, runShape } from '../shapes.ts';

const tags = ['journal'];

/** Ids of entries grow with time, so the oldest of a page says where the next one begins. */
const cursor = z.coerce
  .number({ error: 'must be the next of a page' })
  .int()
  .min(1)
  .optional()
  .describe('Where to go on: next of the page before');

const filters = {
  source: word('Of this source'),
  outcome: word('With this outcome'),
  actor: word('By this actor'),
  revision: word('Of this revision, or of one that begins so'),
  since: moment('From this moment on'),
  until: moment('Before this moment'),
  limit: paging.limit,
  cursor,
};

/** How many entries of one run are told with it. */
const mostEntries = 1000;

/** What was done: the journal, and the runs that it tells of. */
export function journalRoutes(app: Api, { ports }: HttpParts): void {
  const { database, brokers } = ports;

  app.get(
    '/api/v1/journal',
    {
      schema: {
        tags,
        operationId: 'listJournal',
        summary: 'Every operation, newest first',
        querystring: z.strictObject({
          run: word('Of this run'),
          kind: word('Of this kind; in any case, plural, or an alias'),
          name: word('Of the record with this name'),
          verb: word('With this verb'),
          ...filters,
        }),
        response: answers(listOf(entryShape, 'the journal')),
      },
    },
    async ({ query: { kind, since, until, cursor: beforeId, ...equal } }) => {
      const rows = await database.read((query) =>
        history(query, {
          ...equal,
          kind: kind === undefined ? undefined : kindByWord(brokers.kinds, kind).name,
          since: utc(since),
          until: utc(until),
          beforeId,
        }),
      );
      return page(rows, equal.limit, entryJson);
    },
  );

  app.get(
    '/api/v1/runs',
    {
      schema: {
        tags,
        operationId: 'listRuns',
        summary: 'The runs over sources that the journal tells of, newest first',
        querystring: z.strictObject(filters),
        response: answers(listOf(runShape, 'runs')),
      },
    },
    async ({ query: { since, until, cursor: beforeId, ...equal } }) => {
      const rows = await database.read((query) =>
        history(query, { ...equal, verb: 'sync', since: utc(since), until: utc(until), beforeId }),
      );
      return page(rows, equal.limit, runJson);
    },
  );

  app.get(
    '/api/v1/runs/:id',
    {
      schema: {
        tags,
        operationId: 'describeRun',
        summary: `One run with what it did, newest first, up to ${mostEntries} entries`,
        params: z.object({ id: z.string().max(100) }),
        response: answers(
          z.object({ id: z.string(), run: runShape.optional(), entries: z.array(entryShape) }),
        ),
      },
    },
    async ({ params: { id } }) => {
      const rows = await database.read((query) => history(query, { run: id, limit: mostEntries }));
      if (rows.length === 0)
        throw new PlumblineError('REQUEST_NOT_FOUND', 'the journal tells of no such run', {
          hint: 'list them with GET /api/v1/runs',
        });
      const run = rows.find((row) => row.verb === 'sync');
      return {
        id,
        ...(run === undefined ? {} : { run: runJson(run) }),
        entries: rows.filter((row) => row !== run).map(entryJson),
      };
    },
  );
}

/** Times are compared as texts, so they must all be of one zone. */
function utc(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

function page<Row extends { readonly id: number }>(
  rows: readonly Row[],
  limit: number,
  json: (row: Row) => unknown,
) {
  const last = rows.at(-1);
  return {
    kind: 'List',
    items: rows.map(json),
    ...(last !== undefined && rows.length === limit ? { next: String(last.id) } : {}),
  };
}
