import { parseDuration } from '../config/duration.ts';
import { PlumblineError } from '../lib/errors.ts';
import { rotateToken } from '../reconcile/tokens.ts';
import { type Invocation, textOption } from './invocation.ts';
import { showOnce, withToken } from './with-token.ts';

/** Gives a key a new secret in place of the old one. */
export function run(invocation: Invocation): Promise<number> {
  const grace = textOption(invocation, 'keepOldFor') ?? '0s';
  const keepOldFor = parseDuration(grace);
  if (!(keepOldFor <= parseDuration('90d')))
    throw new PlumblineError('USAGE', `${grace.slice(0, 60)} is no length of time up to 90d`, {
      hint: 'write it like 30m, 24h or 7d',
    });
  return withToken(invocation, async (ports, request) => {
    const token = await rotateToken(ports, request, keepOldFor);
    showOnce(invocation, token);
    const old = keepOldFor > 0 ? `the old one is good for ${grace} more` : 'the old one has ended';
    return `key ${token.id} of ${request.key.name}; its secret is shown this once, ${old}\n`;
  });
}
