import * as z from 'zod';
import { errorCodes } from '../lib/errors.ts';
import { riskClasses } from '../manifest/kind.ts';
import { guards, summaryKeys } from '../plan/change.ts';
import { unchecked } from './request.ts';

/**
 * The shapes of what the API answers, for its OpenAPI document. Nothing is checked against them on its
 * way out; a test compares the answers of every operation with them.
 */

/** ISO 8601, and whole numbers; zod's own words for them fill the document with patterns and bounds. */
const time = z.string().meta({ format: 'date-time' });
const count = z.number().meta({ type: 'integer' });
const nothingOr = <T extends z.ZodType>(shape: T) => z.union([shape, z.null()]);

const problemShape = z
  .object({
    severity: z.enum(['error', 'warning']),
    code: z.string(),
    file: z.string(),
    line: count.optional(),
    column: count.optional(),
    path: z.string().optional(),
    message: z.string(),
    hint: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'A problem of a manifest, with its place.' });

const errorShape = z
  .object({
    error: z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      hint: z.string().optional(),
      problems: z.array(problemShape).optional(),
    }),
  })
  .meta({ id: 'Error', description: 'Why a request was refused or has failed.' });

/** What an operation answers: this when all is well, an error otherwise. */
export function answers(shape: z.ZodType, ...statuses: number[]): Record<string, z.ZodType> {
  const [first = 200, ...others] = statuses;
  const shapes = [first, ...others].map((status) => [status, shape]);
  return { ...Object.fromEntries(shapes), default: errorShape };
}

/** The same for an answer of another type than `application/json`: text, unless a shape says more. */
export function answersAs(type: string, description: string, schema: z.ZodType = z.string()) {
  return {
    200: { description, content: { [type]: { schema } } },
    default: errorShape,
  };
}

/** A page of a list; `next` is the cursor of the page that follows, where there is one. */
export function listOf<T extends z.ZodType>(item: T, of: string) {
  return z
    .object({ kind: z.literal('List'), items: z.array(item), next: z.string().optional() })
    .meta({ description: `A page of ${of}; next is the cursor of the page that follows.` });
}

const summaryShape = z.object(
  Object.fromEntries(summaryKeys.map((key) => [key, count])) as Record<
    (typeof summaryKeys)[number],
    z.ZodNumber
  >,
);

const conditionShape = z.object({
  type: z.enum(['Ready', 'Converged']),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  since: time.optional(),
});

export const sourceShape = z
  .object({
    name: z.string(),
    location: z.string(),
    outcome: z.string(),
    message: z.string(),
    since: time,
    ready: z.boolean(),
    revision: z.string().optional(),
    lastRun: z
      .object({
        id: z.string(),
        trigger: z.string(),
        startedAt: time,
        milliseconds: z.number(),
        summary: summaryShape,
        errors: count,
        work: z
          .object({
            filesListed: count,
            filesRead: count,
            transactions: count,
            statements: count,
            rows: count,
          })
          .meta({ description: 'How much it did, in counts that are the same on every machine.' }),
      })
      .optional(),
    held: z
      .object({
        plan: z.string().optional(),
        counts: z.partialRecord(z.enum(guards), count),
        changes: z.array(
          z.object({
            action: z.string(),
            kind: z.string(),
            name: z.string(),
            guard: z.enum(guards),
            reason: z.string(),
            until: time.optional(),
          }),
        ),
      })
      .optional()
      .meta({ description: 'What waits, and why; plan is the id to approve.' }),
    quarantined: z
      .array(z.object({ path: z.string(), since: time }))
      .optional()
      .meta({
        description: 'Files that are passed over until they change: they ended the process.',
      }),
    requests: z.array(z.string()),
    failures: count,
    nextRunAt: time.optional(),
    conditions: z.array(conditionShape).optional(),
  })
  .meta({ id: 'Source', description: 'A source, and how the last run over it ended.' });

export const statusShape = z.object({
  apiVersion: z.literal('plumbline.dev/v1'),
  kind: z.literal('Status'),
  version: z.string(),
  sources: z.array(sourceShape),
});

export const requestedShape = z
  .object({ request: z.string() })
  .meta({ description: 'The status of each source repeats this id in requests once it is done.' });

const fieldShape = z.object({
  path: z.string(),
  from: z.unknown(),
  to: z.unknown(),
  cause: z.enum(['git', 'drift', 'both']),
  class: z.enum(riskClasses),
});

const changeShape = z.object({
  action: z.enum(['create', 'update', 'delete', 'deploy', 'undeploy', 'adopt', 'blocked']),
  kind: z.string(),
  account: z.string(),
  name: z.string(),
  file: z.string().optional(),
  line: count.optional(),
  held: z.boolean().optional(),
  guard: z.enum(guards).optional(),
  until: time.optional(),
  reason: z.string().optional(),
  fields: z.array(fieldShape),
  outcome: z.enum(['applied', 'failed', 'held', 'skipped']).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const reportShape = z
  .object({
    apiVersion: z.literal('plumbline.dev/v1'),
    kind: z.enum(['Plan', 'DriftReport', 'SyncReport']),
    source: z.string(),
    revision: z.string(),
    id: z.string(),
    suspended: z
      .object({
        reason: z.string(),
        actor: z.string(),
        since: time,
        until: time.optional(),
      })
      .optional(),
    summary: summaryShape,
    changes: z.array(changeShape),
    released: z
      .array(z.object({ kind: z.string(), account: z.string(), name: z.string(), to: z.string() }))
      .optional()
      .describe('What the source lets go of, because another one declares it now'),
    problems: z.array(problemShape),
  })
  .meta({ id: 'Report', description: 'The document that plan, drift and sync print as JSON.' });

export const runShape = z
  .object({
    id: z.string(),
    at: time,
    source: nothingOr(z.string()),
    trigger: z.string(),
    actor: z.string(),
    revision: nothingOr(z.string()),
    outcome: z.string(),
    message: nothingOr(z.string()),
    milliseconds: z.number(),
  })
  .meta({ id: 'Run', description: 'A run over a source that the journal tells of.' });

export const entryShape = z
  .looseObject({
    id: count,
    run: z.string(),
    at: time,
    actor: z.string(),
    trigger: z.string(),
    source: nothingOr(z.string()),
    revision: nothingOr(z.string()),
    file: nothingOr(z.string()),
    line: nothingOr(count),
    account: nothingOr(z.string()),
    space: nothingOr(z.string()),
    kind: nothingOr(z.string()),
    name: nothingOr(z.string()),
    verb: z.string(),
    outcome: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    beforeDigest: nothingOr(z.string()),
    afterDigest: nothingOr(z.string()),
    message: nothingOr(z.string()),
    durationMs: z.number(),
  })
  .meta({ id: 'JournalEntry', description: 'One operation, with the manifest before and after.' });

export const manifestShape = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string() }),
    spec: z.looseObject({}),
    status: z.looseObject({}).optional(),
  })
  .meta({ id: 'Manifest', description: 'A manifest; its status is ignored where it is applied.' });

/** A body of manifests; what is wrong with one is told with its place. */
export const manifestsBody = unchecked(
  z
    .object({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({}),
      spec: z.looseObject({}),
    })
    .describe('A manifest as YAML or JSON; YAML may hold several documents'),
);

const envelopeShape = z
  .object({
    data: z.looseObject({}).optional(),
    message: z.string(),
    api: z.literal('smarter.sh/v1'),
    metadata: z.looseObject({ command: z.string(), thing: z.string() }),
  })
  .meta({ id: 'Envelope', description: 'An answer as the reference platform gives it.' });

const failedEnvelopeShape = z
  .object({
    error: z.looseObject({
      errorClass: z.string(),
      description: z.string(),
      status: count,
      context: z.string(),
      code: z.enum(errorCodes),
      problems: z.array(problemShape),
    }),
    description: z.string(),
    context: z.string(),
    status: count,
    api: z.literal('smarter.sh/v1'),
    metadata: z.looseObject({}),
  })
  .meta({ id: 'FailedEnvelope', description: 'A failure as the reference platform gives it.' });

/** What the routes of the reference platform's command line answer. */
export const platformAnswers = { 200: envelopeShape, default: failedEnvelopeShape };

const heldShape = z.object({
  action: z.string(),
  kind: z.string(),
  name: z.string(),
});

export const approvedShape = z
  .object({ source: z.string(), plan: z.string(), changes: z.array(heldShape), until: time })
  .meta({ description: 'What was let go; the next run over the source does it, until then.' });

export const waitingShape = z
  .object({
    plan: z.string(),
    source: z.string(),
    revision: z.string(),
    since: time,
    changes: z.array(z.looseObject({ reason: z.string() })),
    approved: z.object({ by: z.string(), at: time, until: time }).optional(),
  })
  .meta({ id: 'WaitingPlan', description: 'A plan with held changes.' });

export const suspensionShape = z
  .object({
    source: nothingOr(z.string()),
    account: nothingOr(z.string()),
    space: nothingOr(z.string()),
    name: nothingOr(z.string()),
    reason: z.string(),
    actor: z.string(),
    since: time,
    until: nothingOr(time),
  })
  .meta({ id: 'Suspension', description: 'A source, or a record, that is left alone.' });

export const trashShape = z
  .looseObject({
    kind: z.string(),
    account: z.string(),
    name: z.string(),
    deletedAt: time,
    expiresAt: time,
    actor: z.string(),
    source: nothingOr(z.string()),
    file: nothingOr(z.string()),
    revision: nothingOr(z.string()),
  })
  .meta({ id: 'Deleted', description: 'A record that was deleted and can be restored.' });

const originShape = z
  .looseObject({ by: z.enum(['source', 'hand', 'outside', 'default', 'unknown']) })
  .meta({ description: 'Who gave a value: a run over a source, a person, somebody outside.' });

export const whyShape = z
  .object({
    apiVersion: z.literal('plumbline.dev/v1'),
    kind: z.literal('Why'),
    resource: z.object({ kind: z.string(), account: z.string(), name: z.string() }),
    source: z.string(),
    orphaned: z.boolean(),
    journalSince: nothingOr(time),
    fields: z.array(
      z.object({
        path: z.string(),
        value: z.unknown(),
        file: nothingOr(z.string()),
        line: nothingOr(count),
        lineOf: nothingOr(z.enum(['field', 'document'])),
        origin: originShape,
        previous: z.array(z.object({ value: z.unknown(), origin: originShape })),
      }),
    ),
  })
  .meta({ id: 'Why', description: 'Where the values of a record come from.' });
