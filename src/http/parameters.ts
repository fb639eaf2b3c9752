import * as z from 'zod';
import { PlumblineError } from '../lib/errors.ts';

/** How many items a page holds, unless asked otherwise, and at most. */
const page = { usual: 100, most: 1000 };

const limit = z.coerce
  .number({ error: 'must be a whole number' })
  .int('must be a whole number')
  .min(1)
  .max(page.most)
  .default(page.usual)
  .describe('How many items at most');

const cursor = z.string().max(500).optional().describe('Where to go on: next of the page before');

/** The parameters of every list. */
export const paging = { limit, cursor };

export const dryRun = z
  .enum(['true', 'false'])
  .default('false')
  .describe('Whether only to tell what would be done');

/** One value to narrow a list by. */
export const word = (description: string) =>
  z.string().min(1).max(200).optional().describe(description);

export const moment = (description: string) =>
  z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601, such as 2026-11-24T08:00:00Z' })
    .optional()
    .describe(description);

export const nameInPath = z.object({ name: z.string().max(200) });

export const kindAndName = z.object({
  kind: z.string().max(100).describe('In any case, plural, or an alias'),
  name: z.string().max(200),
});

/** For a time that should lie ahead. */
export function noTime(): PlumblineError {
  return new PlumblineError('REQUEST_INVALID', 'until must be a time that is still to come');
}
