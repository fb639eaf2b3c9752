import { PlumblineError } from '../../lib/errors.ts';
import type { Plan } from '../../plan/change.ts';
import { planReport, type ReportKind } from '../../plan/report.ts';
import { conditionsOf } from '../../reconcile/conditions.ts';
import type { SourceStatus } from '../../reconcile/status.ts';
import { nameInPath } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, listOf, reportShape, requestedShape, sourceShape } from '../shapes.ts';
import { sourcesJson } from '../source-json.ts';

const tags = ['sources'];

/** The sources: how each stands, what a run would do, how its records have drifted, and a run on request. */
export function sourceRoutes(app: Api, { daemon, ports, limits }: HttpParts): void {
  app.get(
    '/api/v1/sources',
    {
      schema: {
        tags,
        operationId: 'listSources',
        summary: 'Every source, and how its last run ended',
        response: answers(listOf(sourceShape, 'sources')),
      },
    },
    async () => ({
      kind: 'List',
      items: (await sourcesJson(daemon.status(), ports)).map(described),
    }),
  );

  app.get(
    '/api/v1/sources/:name',
    {
      schema: {
        tags,
        operationId: 'describeSource',
        summary: 'One source with its conditions',
        params: nameInPath,
        response: answers(sourceShape),
      },
    },
    async ({ params }) =>
      described(sourceNamed(await sourcesJson(daemon.status(), ports), params.name)),
  );

  const previews = [
    {
      path: 'plan',
      operationId: 'planSource',
      summary: 'What a run would do now; nothing is written',
      kind: 'Plan',
      ask: (name: string) => daemon.plan(name),
    },
    {
      path: 'drift',
      operationId: 'driftOfSource',
      summary: 'How the records differ from what was last applied; nothing is written',
      kind: 'DriftReport',
      ask: (name: string) => daemon.drift(name),
    },
  ] as const;
  for (const { path, operationId, summary, kind, ask } of previews)
    app.get(
      `/api/v1/sources/:name/${path}`,
      {
        schema: { tags, operationId, summary, params: nameInPath, response: answers(reportShape) },
      },
      async ({ params }) => reported(ask(params.name), kind, limits.answerTime),
    );

  app.post(
    '/api/v1/sync',
    {
      schema: {
        tags,
        operationId: 'syncAll',
        summary: 'Ask for a run over every source',
        response: answers(requestedShape, 202),
      },
    },
    async (_request, reply) => reply.status(202).send({ request: daemon.request() }),
  );

  app.post(
    '/api/v1/sources/:name/sync',
    {
      schema: {
        tags,
        operationId: 'syncSource',
        summary: 'Ask for a run over one source',
        params: nameInPath,
        response: answers(requestedShape, 202),
      },
    },
    async ({ params }, reply) => reply.status(202).send({ request: daemon.request(params.name) }),
  );
}

function described(status: SourceStatus) {
  return { ...status, conditions: conditionsOf(status) };
}

function sourceNamed(sources: readonly SourceStatus[], name: string): SourceStatus {
  const source = sources.find((it) => it.name === name);
  if (source !== undefined) return source;
  throw new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${name.slice(0, 60)}`, {
    hint: `name one of: ${sources.map((it) => it.name).join(', ')}`,
  });
}

/** The report of a plan that is ready in time; a later request finds it further on. */
async function reported(
  asked: Promise<Plan>,
  kind: ReportKind,
  milliseconds: number,
): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `it takes longer than ${milliseconds / 1000} seconds`;
      reject(new PlumblineError('SOURCE_TIMEOUT', message, { hint: 'ask again a little later' }));
    }, milliseconds);
  });
  try {
    return planReport(await Promise.race([asked, late]), kind);
  } finally {
    clearTimeout(timer);
  }
}
