import * as z from 'zod';
import { PlumblineError } from '../lib/errors.ts';
import type { EndpointAnswer } from './endpoint.ts';

/** A driver may be anybody's, so what it answers is looked at like everything from outside. */
let schema: ReturnType<typeof answerSchema> | undefined;

function answerSchema() {
  return z.object({
    state: z.enum(['published', 'withdrawn', 'pending']),
    url: z.string().optional(),
    message: z.string().optional(),
  });
}

/**
 * The answer, if it says that the effect has happened. Throws ENDPOINT_PENDING, and ENDPOINT_ANSWER for
 * anything else.
 */
export function settledAnswer(
  answer: unknown,
  wanted: 'published' | 'withdrawn',
): Pick<EndpointAnswer, 'url' | 'message'> {
  schema ??= answerSchema();
  const { success, data } = schema.safeParse(answer);
  if (success && data.state === wanted) return data as EndpointAnswer;
  if (success && data.state === 'pending')
    throw new PlumblineError(
      'ENDPOINT_PENDING',
      data.message ?? 'the endpoint has taken the request and is not done yet',
      { hint: 'it is asked again by itself' },
    );
  throw new PlumblineError(
    'ENDPOINT_ANSWER',
    success
      ? `the endpoint answers ${data.state} where ${wanted} was asked for`
      : 'the endpoint driver answers something that is no answer',
    { hint: 'look at the log of the endpoint' },
  );
}
