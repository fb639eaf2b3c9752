import * as z from 'zod';
import { recordNotFound } from '../../broker/not-found.ts';
import { PlumblineError } from '../../lib/errors.ts';
import { waitingPlans } from '../../reconcile/approve.ts';
import { Resources } from '../../reconcile/resources.ts';
import { resume, type Subject, suspend } from '../../reconcile/suspend.ts';
import { suspensions } from '../../store/suspensions.ts';
import { kindAndName, nameInPath, noTime } from '../parameters.ts';
import type { Api, HttpParts } from '../parts.ts';
import { answers, approvedShape, listOf, suspensionShape, waitingShape } from '../shapes.ts';

const tags = ['control'];

const terms = z.strictObject({
  reason: z.string().max(500).default('').describe('One line for whoever finds it suspended'),
  until: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601, such as 2026-11-24T08:00:00Z' })
    .optional()
    .describe('When it ends by itself'),
});

/** What people say to a run before it begins: approve what waits, and leave a source or a record alone. */
export function controlRoutes(app: Api, parts: HttpParts): void {
  const { daemon, ports, account, access } = parts;
  const resources = new Resources(ports, account);

  app.get(
    '/api/v1/approvals',
    {
      schema: {
        tags,
        operationId: 'listApprovals',
        summary: 'The plans that wait for approval, and those that have it and are not done yet',
        response: answers(listOf(waitingShape, 'plans')),
      },
    },
    async () => ({ kind: 'List', items: await waitingPlans(ports) }),
  );

  app.post(
    '/api/v1/approvals',
    {
      schema: {
        tags,
        operationId: 'approvePlan',
        summary: 'Let go exactly what a plan holds, and look at its source',
        body: z.strictObject({
          plan: z.string().max(100).describe('The id, or at least 8 of its first digits'),
        }),
        response: answers(approvedShape),
      },
    },
    async ({ body: { plan } }) => {
      const { source, plan: id, changes, expiresAt } = await daemon.approve(plan, access.actor);
      return { source, plan: id, changes, until: expiresAt };
    },
  );

  app.get(
    '/api/v1/suspensions',
    {
      schema: {
        tags,
        operationId: 'listSuspensions',
        summary: 'The sources and records that are left alone',
        response: answers(listOf(suspensionShape, 'suspensions')),
      },
    },
    async () => {
      const now = ports.clock.now().toISOString();
      const rows = await ports.database.read((query) => suspensions(query, now));
      return { kind: 'List', items: rows };
    },
  );

  const source = async (name: string): Promise<Subject> => {
    if (daemon.status().some((it) => it.name === name)) return { source: name };
    throw new PlumblineError('SOURCE_UNKNOWN', `there is no source named ${name.slice(0, 60)}`, {
      hint: 'GET /api/v1/sources lists them',
    });
  };
  const record = async (word: string, name: string): Promise<Subject> => {
    const resource = resources.named(word, name);
    const { kind, key } = resource;
    if ((await resource.record()) === undefined) throw recordNotFound(kind.name, key.name);
    return { key, kind: kind.name };
  };
  const end = async (subject: Subject) => ({
    resumed: await resume(ports, subject, access.actor),
  });
  const begin = async (subject: Subject, { reason, until }: z.output<typeof terms>) => {
    if (until !== undefined && Date.parse(until) <= ports.clock.now().getTime()) throw noTime();
    const end = until === undefined ? null : new Date(until).toISOString();
    await suspend(ports, subject, { reason, actor: access.actor, until: end });
    return { suspended: true, ...(end === null ? {} : { until: end }) };
  };
  const begun = answers(z.object({ suspended: z.boolean(), until: z.string().optional() }));
  const ended = answers(
    z.object({ resumed: z.boolean().describe('False where it was not suspended') }),
  );

  app.post(
    '/api/v1/sources/:name/suspend',
    {
      schema: {
        tags,
        operationId: 'suspendSource',
        summary: 'Leave a source alone from now on',
        params: nameInPath,
        body: terms,
        response: begun,
      },
    },
    async ({ params, body }) => begin(await source(params.name), body),
  );
  app.post(
    '/api/v1/sources/:name/resume',
    {
      schema: {
        tags,
        operationId: 'resumeSource',
        summary: 'Look after a source again',
        params: nameInPath,
        response: ended,
      },
    },
    async ({ params }) => {
      const done = await end(await source(params.name));
      daemon.request(params.name);
      return done;
    },
  );
  app.post(
    '/api/v1/resources/:kind/:name/suspend',
    {
      schema: {
        tags,
        operationId: 'suspendResource',
        summary: 'Leave a record alone from now on',
        params: kindAndName,
        body: terms,
        response: begun,
      },
    },
    async ({ params: { kind, name }, body }) => begin(await record(kind, name), body),
  );
  app.post(
    '/api/v1/resources/:kind/:name/resume',
    {
      schema: {
        tags,
        operationId: 'resumeResource',
        summary: 'Look after a record again',
        params: kindAndName,
        response: ended,
      },
    },
    async ({ params: { kind, name } }) => end(await record(kind, name)),
  );
}
